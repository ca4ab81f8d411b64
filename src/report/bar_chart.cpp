#include <algorithm>
#include <cmath>
#include <string>

#include "core/fail.hpp"
#include "report/panel.hpp"

namespace scalar::inline v0::report {
namespace {
constexpr double row_height = 27, bar_height = 17;
}

double height_of(const BarChart& chart) {
  const double rows = static_cast<double>((std::max)(chart.bars.size(), std::size_t{1}));
  return title_height + rows * row_height + axis_height;
}

void draw(Canvas& canvas, const BarChart& chart, const Frame& frame, const Groups& groups) {
  if (chart.digits < 1 || chart.digits > 15)
    fail(Errc::invalid_argument, fmt::format("chart \"{}\"", chart.title), "digits is {}, expected 1 to 15",
         chart.digits);
  draw_title(canvas, frame, chart.title);
  if (chart.bars.empty()) return draw_nothing(canvas, frame);

  std::vector<double> values;
  std::vector<std::string_view> labels;
  std::vector<std::string> texts;
  double before = 0, after = 0;  // space for the texts of negative bars, and of the others
  for (const Bar& bar : chart.bars) {
    values.push_back(bar.value);
    labels.push_back(bar.label);
    texts.push_back(number_text(bar.value, chart.unit, chart.digits));
    double& side = bar.value < 0 && std::isfinite(bar.value) ? before : after;
    side = (std::max)(side, text_width(texts.back(), 12) + 6);
  }
  before = (std::min)(before, 0.3 * frame.width);  // a unit may be long
  after = (std::min)(after, 0.3 * frame.width);
  const Axis axis = Axis::linear(values, chart.unit);
  Rows rows{.top = frame.y + title_height, .label_width = label_width(frame, labels)};
  rows.left = frame.x + rows.label_width + 10 + before;
  rows.right = (std::max)(frame.x + frame.width - after, rows.left + 20);
  const double bottom = rows.top + row_height * static_cast<double>(chart.bars.size());
  const auto x_of = [&](double value) { return rows.left + axis.at(value) * (rows.right - rows.left); };
  draw_axis(canvas, axis, rows, bottom);
  for (std::size_t i = 0; i < chart.bars.size(); ++i) {
    const Bar& bar = chart.bars[i];
    const double y = rows.top + row_height * static_cast<double>(i), text_y = y + row_height / 2 + 4;
    canvas.text(frame.x + rows.label_width, text_y, bar.label, {.anchor = "end", .width = rows.label_width + 0.5});
    if (!std::isfinite(bar.value)) {
      canvas.text(x_of(0) + 6, text_y, texts[i], {.fill = faint, .width = after});
      continue;
    }
    const double from = x_of((std::min)(bar.value, 0.0)), to = x_of((std::max)(bar.value, 0.0));
    canvas.rect(from, y + (row_height - bar_height) / 2, to - from, bar_height, groups.color(bar.group), 2);
    if (bar.value < 0)
      canvas.text(from - 6, text_y, texts[i], {.anchor = "end", .width = before});
    else
      canvas.text(to + 6, text_y, texts[i], {.width = after});
  }
  canvas.line(x_of(0), rows.top, x_of(0), bottom, baseline, 1.5);
}

}  // namespace scalar::inline v0::report
