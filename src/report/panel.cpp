#include "report/panel.hpp"

#include <algorithm>
#include <array>

namespace scalar::inline v0::report {

void Groups::add(std::string_view group) {
  if (!group.empty() && std::find(names_.begin(), names_.end(), group) == names_.end()) names_.emplace_back(group);
}

std::string_view Groups::color(std::string_view group) const {
  // Okabe and Ito, "Color universal design", 2008, without the yellow and the black: told apart with any color vision.
  constexpr std::array<std::string_view, 6> palette = {"#0072b2", "#e69f00", "#009e73",
                                                       "#cc79a7", "#56b4e9", "#d55e00"};
  if (names_.empty()) return palette[0];
  const auto found = std::find(names_.begin(), names_.end(), group);
  if (found == names_.end()) return "#8c959f";
  return palette[static_cast<std::size_t>(found - names_.begin()) % palette.size()];
}

void draw_title(Canvas& canvas, const Frame& frame, std::string_view title) {
  canvas.text(frame.x, frame.y + 14, title, {.size = 14, .bold = true, .width = frame.width});
}

void draw_axis(Canvas& canvas, const Axis& axis, const Rows& rows, double bottom) {
  constexpr double size = 11, widest = 90;
  double free_from = -1e9;
  for (const Tick& tick : axis.ticks()) {
    const double x = rows.left + tick.at * (rows.right - rows.left);
    canvas.line(x, rows.top, x, bottom, grid);
    const double half = (std::min)(text_width(tick.label, size), widest) / 2;
    if (x - half < free_from) continue;
    canvas.text(x, bottom + 15, tick.label, {.size = size, .anchor = "middle", .fill = faint, .width = widest});
    free_from = x + half + 6;
  }
}

void draw_nothing(Canvas& canvas, const Frame& frame) {
  canvas.text(frame.x, frame.y + title_height + 16, "no data", {.fill = faint});
}

double label_width(const Frame& frame, const std::vector<std::string_view>& labels) {
  double width = 0;
  for (const std::string_view label : labels) width = (std::max)(width, text_width(label, 12));
  return (std::min)(width, 0.4 * frame.width);
}

}  // namespace scalar::inline v0::report
