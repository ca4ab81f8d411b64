#include <algorithm>
#include <cmath>
#include <string>

#include "report/panel.hpp"

namespace scalar::inline v0::report {
namespace {

constexpr double plot_height = 170, place_height = 16;
constexpr std::size_t most_points = 400;

/// The axis of the values, at the left: labels, and lines across the plot.
void draw_values(Canvas& canvas, const Axis& axis, const Rows& rows, double bottom) {
  for (const Tick& tick : axis.ticks()) {
    const double y = bottom - tick.at * (bottom - rows.top);
    canvas.line(rows.left, y, rows.right, y, grid);
    canvas.text(rows.left - 6, y + 4, tick.label, {.size = 11, .anchor = "end", .fill = faint});
  }
}

}  // namespace

double height_of(const LineChart&) { return title_height + plot_height + axis_height + place_height; }

void draw(Canvas& canvas, const LineChart& chart, const Frame& frame, const Groups& groups) {
  draw_title(canvas, frame, chart.title);
  std::vector<double> values;
  std::size_t places = 0;
  for (const Line& line : chart.lines) {
    values.insert(values.end(), line.values.begin(), line.values.end());
    places = (std::max)(places, line.values.size());
  }
  if (std::none_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
    return draw_nothing(canvas, frame);

  const Axis axis = Axis::linear(values, chart.unit), of_places = Axis::linear({static_cast<double>(places)}, "");
  double width = 0;
  for (const Tick& tick : axis.ticks()) width = (std::max)(width, text_width(tick.label, 11));
  const Rows rows{.left = frame.x + width + 8, .right = frame.x + frame.width - 8, .top = frame.y + title_height};
  const double bottom = rows.top + plot_height;
  draw_values(canvas, axis, rows, bottom);
  draw_axis(canvas, of_places, rows, bottom);
  canvas.text((rows.left + rows.right) / 2, bottom + axis_height + 8, chart.place,
              {.size = 11, .anchor = "middle", .fill = faint, .width = rows.right - rows.left});

  const auto x_of = [&](std::size_t place) {
    return rows.left + of_places.at(static_cast<double>(place)) * (rows.right - rows.left);
  };
  const auto y_of = [&](double value) { return bottom - axis.at(value) * plot_height; };
  if (chart.marked > 0) {
    const double x = x_of(static_cast<std::size_t>(chart.marked));
    canvas.line(x, rows.top, x, bottom, baseline, 1.5);
  }
  for (const Line& line : chart.lines) {
    const std::size_t count = line.values.size(), points = (std::min)(count, most_points);
    const auto index = [&](std::size_t point) { return points < 2 ? 0 : point * (count - 1) / (points - 1); };
    for (std::size_t point = 1; point < points; ++point) {
      const std::size_t from = index(point - 1), to = index(point);
      if (!std::isfinite(line.values[from]) || !std::isfinite(line.values[to])) continue;
      canvas.line(x_of(from + 1), y_of(line.values[from]), x_of(to + 1), y_of(line.values[to]),
                  groups.color(line.group), 2);
    }
    if (count == 1 && std::isfinite(line.values[0]))
      canvas.circle(x_of(1), y_of(line.values[0]), 3, groups.color(line.group), 1);
  }
}

}  // namespace scalar::inline v0::report
