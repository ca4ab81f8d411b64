#pragma once
/// Several charts on one self-contained SVG.
#include <string>
#include <variant>
#include <vector>

#include "scalar/report/chart.hpp"

namespace scalar::inline v0::report {

using Panel = std::variant<BarChart, StripPlot>;

/// Charts side by side. A legend names the groups of all panels where there are more than one.
struct Figure {
  std::string title{};
  std::string subtitle{};
  int columns = 2;              ///< panels a row; the panels of a last row that is not full share its width
  std::vector<Panel> panels{};  ///< row by row
};

/// The figure as an SVG 1.1 document in UTF-8, 960 pixels wide, with its own white background.
///
/// Equal figures give equal bytes. Text that is too long is cut with an ellipsis and kept whole as a tooltip; what XML
/// cannot carry (control characters, broken UTF-8) becomes U+FFFD. Errors: `Errc::invalid_argument` where `columns` is
/// not 1 to 8 or `digits` not 1 to 15.
std::string svg(const Figure& figure);

}  // namespace scalar::inline v0::report
