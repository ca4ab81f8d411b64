#pragma once
/// Draws one chart into a frame of the figure.
#include <string>
#include <string_view>
#include <vector>

#include "report/axis.hpp"
#include "report/canvas.hpp"
#include "scalar/report/chart.hpp"

namespace scalar::inline v0::report {

inline constexpr std::string_view ink = "#24292f", faint = "#57606a", grid = "#e1e4e8", baseline = "#8c959f";

/// Groups in the order of their first appearance, each with its color.
class Groups {
 public:
  void add(std::string_view group);
  std::string_view color(std::string_view group) const;
  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<std::string> names_;  // without the empty name
};

struct Frame {
  double x = 0, y = 0, width = 0;
};

/// Where the rows of a chart go: labels on the left, the plot, values on the right.
struct Rows {
  double left = 0, right = 0;  // of the plot
  double top = 0;
  double label_width = 0;
};
inline constexpr double title_height = 28, axis_height = 26;

void draw_title(Canvas& canvas, const Frame& frame, std::string_view title);
/// Draws the grid lines and the labels of the ticks, except labels that would touch their neighbor.
void draw_axis(Canvas& canvas, const Axis& axis, const Rows& rows, double bottom);
void draw_nothing(Canvas& canvas, const Frame& frame);
/// The width of the longest of `labels`, at most 40 % of the frame.
double label_width(const Frame& frame, const std::vector<std::string_view>& labels);

double height_of(const BarChart& chart);
void draw(Canvas& canvas, const BarChart& chart, const Frame& frame, const Groups& groups);
double height_of(const StripPlot& plot);
void draw(Canvas& canvas, const StripPlot& plot, const Frame& frame, const Groups& groups);
double height_of(const LineChart& chart);
void draw(Canvas& canvas, const LineChart& chart, const Frame& frame, const Groups& groups);

}  // namespace scalar::inline v0::report
