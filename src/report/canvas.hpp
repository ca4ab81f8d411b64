#pragma once
/// Shapes and text as SVG elements.
#include <cstddef>
#include <string>
#include <string_view>

namespace scalar::inline v0::report {

/// `text` as the content of an XML element or attribute.
std::string escaped(std::string_view text);

/// The estimated width of `text` in pixels, rather too wide than too narrow: the viewer's font is not known.
double text_width(std::string_view text, double size, bool bold = false);

/// `text`, or as much of its beginning as fits into `width` pixels together with an ellipsis.
std::string fitted(std::string_view text, double width, double size, bool bold = false);

struct TextStyle {
  double size = 12;
  std::string_view anchor = "start";  // start, middle or end
  std::string_view fill = "#24292f";
  bool bold = false;
  double width = 1e9;  // longer text is cut
};

class Canvas {
 public:
  void rect(double x, double y, double width, double height, std::string_view fill, double radius = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1);
  void circle(double x, double y, double radius, std::string_view fill, double opacity);
  /// Draws `text`; `y` is its baseline.
  void text(double x, double y, std::string_view text, const TextStyle& style = {});

  const std::string& content() const noexcept { return out_; }

 private:
  void attribute(std::string_view name, double value);
  void attribute(std::string_view name, std::string_view value);
  std::string out_;
};

}  // namespace scalar::inline v0::report
