#include "scalar/report/figure.hpp"

#include <algorithm>
#include <string_view>

#include "core/fail.hpp"
#include "report/canvas.hpp"
#include "report/panel.hpp"

namespace scalar::inline v0::report {
namespace {

constexpr double page_width = 960, margin = 28, gap = 36;

void collect(Groups& groups, const BarChart& chart) {
  for (const Bar& bar : chart.bars) groups.add(bar.group);
}
void collect(Groups& groups, const StripPlot& plot) {
  for (const Strip& strip : plot.strips) groups.add(strip.group);
}

void collect(Groups& groups, const LineChart& chart) {
  for (const Line& line : chart.lines) groups.add(line.group);
}

/// Draws colored squares with the names of the groups, in as many lines as needed; returns the y where they end.
double draw_legend(Canvas& canvas, const Groups& groups, double y) {
  if (groups.names().size() < 2) return y;
  double x = margin;
  for (const std::string& name : groups.names()) {
    const double width = (std::min)(text_width(name, 12), page_width / 3);
    if (x > margin && x + 18 + width > page_width - margin) {
      x = margin;
      y += 20;
    }
    canvas.rect(x, y + 3, 12, 12, groups.color(name), 2);
    canvas.text(x + 18, y + 13, name, {.width = width + 0.5});
    x += 18 + width + 20;
  }
  return y + 30;
}

double draw_panels(Canvas& canvas, const Figure& figure, const Groups& groups, double y) {
  const auto columns = static_cast<std::size_t>(figure.columns);
  for (std::size_t first = 0; first < figure.panels.size(); first += columns) {
    const std::size_t count = (std::min)(columns, figure.panels.size() - first);
    const double width = (page_width - 2 * margin - gap * static_cast<double>(count - 1)) / static_cast<double>(count);
    double height = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Frame frame{.x = margin + static_cast<double>(i) * (width + gap), .y = y, .width = width};
      std::visit(
          [&](const auto& chart) {
            draw(canvas, chart, frame, groups);
            height = (std::max)(height, height_of(chart));
          },
          figure.panels[first + i]);
    }
    y += height + 22;
  }
  return y;
}

}  // namespace

std::string svg(const Figure& figure) {
  if (figure.columns < 1 || figure.columns > 8)
    fail(Errc::invalid_argument, fmt::format("figure \"{}\"", figure.title), "columns is {}, expected 1 to 8",
         figure.columns);
  Groups groups;
  for (const Panel& panel : figure.panels) std::visit([&](const auto& chart) { collect(groups, chart); }, panel);

  Canvas canvas;
  const double width = page_width - 2 * margin;
  double y = margin;
  if (!figure.title.empty()) {
    canvas.text(margin, y + 17, figure.title, {.size = 21, .bold = true, .width = width});
    y += 30;
  }
  if (!figure.subtitle.empty()) {
    canvas.text(margin, y + 11, figure.subtitle, {.size = 13, .fill = faint, .width = width});
    y += 24;
  }
  y = draw_legend(canvas, groups, y + 6);
  y = draw_panels(canvas, figure, groups, y + 6);

  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"960\" height=\"{0}\" viewBox=\"0 0 960 {0}\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
      "<title>{1}</title>\n"
      "<rect width=\"960\" height=\"{0}\" fill=\"#ffffff\"/>\n{2}</svg>\n",
      static_cast<int>(y + margin / 2), escaped(figure.title), canvas.content());
}

}  // namespace scalar::inline v0::report
