#pragma once
/// Charts as plain data: what `report::Figure` draws.
#include <string>
#include <vector>

namespace scalar::inline v0::report {

/// One bar. Bars of one group have one color, in all panels of a figure.
struct Bar {
  std::string label{};
  double value = 0;  ///< NaN is drawn as "n/a", an infinity as its sign; neither moves the axis
  std::string group{};
};

/// Horizontal bars from zero, in the order given, each with its value beside it.
struct BarChart {
  std::string title{};
  /// Of the values. "s" is scaled down ("12 ms"); "B", "B/s" and "Hz" are scaled up ("3.2 GB"); others stay as they
  /// are.
  std::string unit{};
  int digits = 3;  ///< significant digits of the values beside the bars, 1 to 15
  std::vector<Bar> bars{};
};

/// One row of a StripPlot.
struct Strip {
  std::string label{};
  std::vector<double>
      values{};  ///< those that are not finite, or not above zero, are left out and counted beside the row
  std::string group{};
};

/// The spread of many values, such as latencies: each value a dot on a logarithmic axis, with the median and the 99th
/// percentile marked. Of more than 400 values, 400 evenly spaced order statistics are drawn, extremes included; the
/// percentiles are of all (linear interpolation between order statistics: Hyndman and Fan, 1996, type 7).
struct StripPlot {
  std::string title{};
  std::string unit{};  ///< as in BarChart
  std::vector<Strip> strips{};
};

}  // namespace scalar::inline v0::report
