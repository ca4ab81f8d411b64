#pragma once
/// Several charts in one self-contained SVG.
#include <string>
#include <variant>
#include <vector>

#include "scalar/report/chart.hpp"

namespace scalar::inline v0::report {

using Panel = std::variant<BarChart, StripPlot, LineChart>;

/// Charts side by side. If the panels have more than one group, a legend names the groups.
struct Figure {
  std::string title{};
  std::string subtitle{};
  int columns = 2;              ///< panels per row; the panels of a last row that is not full share its width
  std::vector<Panel> panels{};  ///< row by row
};

/// The figure as an SVG 1.1 document in UTF-8, 960 pixels wide, with its own white background.
///
/// Equal figures give equal bytes. Text that is too long is cut with an ellipsis and kept whole as a tooltip; bytes
/// that XML cannot carry (control characters, broken UTF-8) become U+FFFD. Errors: `Errc::invalid_argument` if
/// `columns` is not 1 to 8 or `digits` is not 1 to 15.
std::string svg(const Figure& figure);

}  // namespace scalar::inline v0::report
