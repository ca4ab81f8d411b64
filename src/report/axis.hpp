#pragma once
/// Axes with ticks at round numbers, and numbers as people write them.
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0::report {

/// `value` rounded to `digits` significant digits, with `unit` and a suitable prefix; "n/a" for NaN. Whole numbers
/// below a million that take no prefix are not rounded.
std::string number_text(double value, std::string_view unit, int digits);

struct Tick {
  double at = 0;  // 0 to 1 along the axis
  std::string label{};
};

/// An axis from the smallest to the largest of some values.
class Axis {
 public:
  /// A linear axis that begins and ends at a tick and includes zero. Values that are not finite are ignored.
  static Axis linear(const std::vector<double>& values, std::string_view unit);
  /// A logarithmic axis to base 10. Values that are not finite and above zero are ignored.
  static Axis logarithmic(const std::vector<double>& values, std::string_view unit);

  /// The position of a value on the axis, 0 to 1.
  double at(double value) const;
  const std::vector<Tick>& ticks() const noexcept { return ticks_; }

 private:
  bool logarithmic_ = false;
  double low_ = 0, high_ = 1;  // exponents where logarithmic
  std::vector<Tick> ticks_;
};

}  // namespace scalar::inline v0::report
