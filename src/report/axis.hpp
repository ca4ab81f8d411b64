#pragma once
/// Axes with ticks at nice numbers, and numbers as people write them.
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0::report {

/// `value` rounded to `digits` significant ones, with `unit` and the prefix that suits it; "n/a" for NaN. Whole numbers
/// up to a million are shown whole.
std::string number_text(double value, std::string_view unit, int digits);

struct Tick {
  double at = 0;  // 0 to 1 along the axis
  std::string label{};
};

/// An axis from the smallest to the largest of some values.
class Axis {
 public:
  /// Linear, from and to a tick, with zero on it. Values that are not finite are ignored.
  static Axis linear(const std::vector<double>& values, std::string_view unit);
  /// Logarithmic, to base 10, for values that are finite and above zero.
  static Axis logarithmic(const std::vector<double>& values, std::string_view unit);

  /// 0 to 1 for a value on the axis.
  double at(double value) const;
  const std::vector<Tick>& ticks() const noexcept { return ticks_; }

 private:
  bool logarithmic_ = false;
  double low_ = 0, high_ = 1;  // exponents where logarithmic
  std::vector<Tick> ticks_;
};

}  // namespace scalar::inline v0::report
