#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "report/panel.hpp"

namespace scalar::inline v0::report {
namespace {

constexpr double row_height = 46;
constexpr std::size_t most_dots = 400;

/// The quantile of sorted values: Hyndman and Fan, "Sample quantiles in statistical packages", 1996, type 7.
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = (std::min)(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

/// A strip prepared for drawing: its drawable values in order, and the texts beside it.
struct Row {
  std::vector<double> sorted{};
  double median = 0, high = 0;
  std::string first_line{}, second_line{};
};

Row row_of(const Strip& strip, const std::string& unit) {
  Row row;
  std::copy_if(strip.values.begin(), strip.values.end(), std::back_inserter(row.sorted),
               [](double value) { return std::isfinite(value) && value > 0; });
  std::sort(row.sorted.begin(), row.sorted.end());
  const std::size_t left_out = strip.values.size() - row.sorted.size();
  if (row.sorted.empty())
    row.first_line = "no data";
  else {
    row.median = quantile(row.sorted, 0.5);
    row.high = quantile(row.sorted, 0.99);
    row.first_line = "median " + number_text(row.median, unit, 3);
    row.second_line = fmt::format("p99 {}, n {}", number_text(row.high, unit, 3), row.sorted.size());
  }
  if (left_out > 0) row.second_line += fmt::format("{}{} left out", row.second_line.empty() ? "" : ", ", left_out);
  return row;
}

void draw_dots(Canvas& canvas, const Row& row, const Axis& axis, const Rows& rows, double middle,
               std::string_view color) {
  const std::size_t count = (std::min)(row.sorted.size(), most_dots);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = count < 2 ? 0 : i * (row.sorted.size() - 1) / (count - 1);
    // Multiples of the golden ratio, modulo 1, spread neighbors evenly over the height.
    const double spread = std::fmod(static_cast<double>(i + 1) * 0.6180339887498949, 1.0) - 0.5;
    canvas.circle(rows.left + axis.at(row.sorted[which]) * (rows.right - rows.left), middle + spread * 22, 2.4, color,
                  0.45);
  }
}

}  // namespace

double height_of(const StripPlot& plot) {
  const double rows = static_cast<double>((std::max)(plot.strips.size(), std::size_t{1}));
  return title_height + rows * row_height + axis_height;
}

void draw(Canvas& canvas, const StripPlot& plot, const Frame& frame, const Groups& groups) {
  draw_title(canvas, frame, plot.title);
  if (plot.strips.empty()) return draw_nothing(canvas, frame);

  std::vector<Row> ready;
  std::vector<double> ends;
  std::vector<std::string_view> labels;
  double side = 0;
  for (const Strip& strip : plot.strips) {
    labels.push_back(strip.label);
    const Row& row = ready.emplace_back(row_of(strip, plot.unit));
    if (!row.sorted.empty()) ends.insert(ends.end(), {row.sorted.front(), row.sorted.back()});
    side = (std::max)({side, text_width(row.first_line, 12, true), text_width(row.second_line, 11)});
  }
  side = (std::min)(side, 0.45 * frame.width);
  const Axis axis = Axis::logarithmic(ends, plot.unit);
  Rows rows{.top = frame.y + title_height, .label_width = label_width(frame, labels)};
  rows.left = frame.x + rows.label_width + 14;
  rows.right = (std::max)(frame.x + frame.width - side - 14, rows.left + 20);
  const double bottom = rows.top + row_height * static_cast<double>(ready.size());
  if (!ends.empty()) draw_axis(canvas, axis, rows, bottom);
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const Row& row = ready[i];
    const double middle = rows.top + row_height * (static_cast<double>(i) + 0.5);
    const auto x_of = [&](double value) { return rows.left + axis.at(value) * (rows.right - rows.left); };
    canvas.text(frame.x + rows.label_width, middle + 4, labels[i], {.anchor = "end", .width = rows.label_width + 0.5});
    canvas.text(rows.right + 14, row.second_line.empty() ? middle + 4 : middle - 3, row.first_line,
                {.fill = row.sorted.empty() ? faint : ink, .bold = !row.sorted.empty(), .width = side + 0.5});
    canvas.text(rows.right + 14, middle + 13, row.second_line, {.size = 11, .fill = faint, .width = side + 0.5});
    if (row.sorted.empty()) continue;
    draw_dots(canvas, row, axis, rows, middle, groups.color(plot.strips[i].group));
    canvas.line(x_of(row.high), middle - 11, x_of(row.high), middle + 11, ink, 1);
    canvas.line(x_of(row.median), middle - 17, x_of(row.median), middle + 17, ink, 2.5);
  }
}

}  // namespace scalar::inline v0::report
