#include "report/canvas.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace scalar::inline v0::report {
namespace {

constexpr char32_t replacement = 0xfffd;

/// Takes one code point off the front of `text`; invalid UTF-8 (RFC 3629) is taken byte by byte, as U+FFFD.
char32_t take(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  char32_t code = length == 1 ? first : first & (0x7fu >> length);
  bool good = length > 0 && text.size() >= length;
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (byte(i) & 0xc0) == 0x80;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  good = good && code >= least[length] && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  text.remove_prefix(good ? length : 1);
  return good ? code : replacement;
}

void append(std::string& out, char32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12), tail(6), tail(0);
  }
}

/// The width of a character as a fraction of the font size, after DejaVu Sans, the widest of the usual fonts.
double width_of(char32_t code) {
  constexpr std::string_view narrow = " !'(),./:;I[]fijlrt|", wide = "%@MWmw+<=>~#";
  if (code >= 0x1100) return code >= 0x2000 && code < 0x2e80 ? 0.7 : 1.05;
  if (code == 0xa0) return 0.35;
  if (code >= 0x80) return 0.65;
  const char c = static_cast<char>(code);
  if (narrow.find(c) != std::string_view::npos) return 0.37;
  if (wide.find(c) != std::string_view::npos) return 0.9;
  return c >= 'A' && c <= 'Z' ? 0.7 : 0.61;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char32_t code = take(text);
    switch (code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\t':
      case '\n':
      case '\r':
        out += ' ';
        break;
      default:
        append(out, code < 0x20 || code == 0x7f || code == 0xfffe || code == 0xffff ? replacement : code);
    }
  }
  return out;
}

double text_width(std::string_view text, double size, bool bold) {
  double width = 0;
  while (!text.empty()) width += width_of(take(text));
  return width * size * (bold ? 1.12 : 1);
}

std::string fitted(std::string_view text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return std::string(text);
  constexpr std::string_view ellipsis = "\u2026";
  double used = text_width(ellipsis, size, bold);
  std::size_t end = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t before = rest.size();
    used += width_of(take(rest)) * size * (bold ? 1.12 : 1);
    if (used > width) break;
    end += before - rest.size();
  }
  while (end > 0 && text[end - 1] == ' ') --end;
  return std::string(text.substr(0, end)) + std::string(ellipsis);
}

void Canvas::attribute(std::string_view name, double value) {
  char digits[64];
  double rounded = std::round(value * 100) / 100;
  if (rounded == 0) rounded = 0;  // no -0
  const auto end = std::to_chars(digits, digits + sizeof digits, rounded).ptr;
  attribute(name, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}
void Canvas::attribute(std::string_view name, std::string_view value) {
  out_.append(" ").append(name).append("=\"").append(value).append("\"");
}

void Canvas::rect(double x, double y, double width, double height, std::string_view fill, double radius) {
  out_ += "<rect";
  attribute("x", x);
  attribute("y", y);
  attribute("width", width);
  attribute("height", height);
  attribute("fill", fill);
  if (radius > 0) attribute("rx", radius);
  out_ += "/>\n";
}

void Canvas::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width) {
  out_ += "<line";
  attribute("x1", x1);
  attribute("y1", y1);
  attribute("x2", x2);
  attribute("y2", y2);
  attribute("stroke", stroke);
  attribute("stroke-width", width);
  out_ += "/>\n";
}

void Canvas::circle(double x, double y, double radius, std::string_view fill, double opacity) {
  out_ += "<circle";
  attribute("cx", x);
  attribute("cy", y);
  attribute("r", radius);
  attribute("fill", fill);
  attribute("fill-opacity", opacity);
  out_ += "/>\n";
}

void Canvas::text(double x, double y, std::string_view text, const TextStyle& style) {
  if (text.empty()) return;
  const std::string shown = fitted(text, style.width, style.size, style.bold);
  out_ += "<text";
  attribute("x", x);
  attribute("y", y);
  attribute("font-size", style.size);
  attribute("fill", style.fill);
  if (style.anchor != "start") attribute("text-anchor", style.anchor);
  if (style.bold) attribute("font-weight", "600");
  out_.append(">").append(escaped(shown));
  if (shown != text) out_.append("<title>").append(escaped(text)).append("</title>");
  out_ += "</text>\n";
}

}  // namespace scalar::inline v0::report
