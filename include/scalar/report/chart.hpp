#pragma once
/// Charts as plain data, for `report::svg` to draw.
#include <cstdint>
#include <string>
#include <vector>

namespace scalar::inline v0::report {

/// One bar. Bars of the same group have the same color in all panels of a figure.
struct Bar {
  std::string label{};
  double value = 0;  ///< NaN is drawn as "n/a", an infinity as its sign; neither moves the axis
  std::string group{};
};

/// Horizontal bars from zero, in the given order, each with its value beside it.
struct BarChart {
  std::string title{};
  /// The unit of the values. "s" is scaled down ("12 ms"); "B", "B/s" and "Hz" are scaled up ("3.2 GB"); other units
  /// are not scaled.
  std::string unit{};
  int digits = 3;  ///< significant digits of the values beside the bars, 1 to 15
  std::vector<Bar> bars{};
};

/// One row of a StripPlot.
struct Strip {
  std::string label{};
  std::vector<double> values{};  ///< those not finite or not above zero are left out, and counted beside the row
  std::string group{};
};

/// The spread of many values, such as latencies: each value is a dot on a logarithmic axis, and the median and the 99th
/// percentile are marked. Of more than 400 values, 400 evenly spaced order statistics are drawn, extremes included; the
/// percentiles are those of all values (linear interpolation between order statistics: Hyndman and Fan, 1996, type 7).
struct StripPlot {
  std::string title{};
  std::string unit{};  ///< as `BarChart::unit`
  std::vector<Strip> strips{};
};

/// One line of a LineChart. Value i is at place i + 1; a value that is not finite is a gap.
struct Line {
  std::vector<double> values{};
  std::string group{};
};

/// Values over places that are counted from 1, such as the rounds of a fit. Of more than 400 places, 400 evenly spaced
/// ones are drawn, the first and the last included.
struct LineChart {
  std::string title{};
  std::string unit{};       ///< of the values, as `BarChart::unit`
  std::string place{};      ///< what is counted, below the axis: "epoch"
  std::int64_t marked = 0;  ///< a place that a vertical line marks; 0: none
  std::vector<Line> lines{};
};

}  // namespace scalar::inline v0::report
