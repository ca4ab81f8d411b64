#include "report/axis.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace scalar::inline v0::report {
namespace {

constexpr std::string_view minus = "\u2212";

/// |value| as `digits[0].digits[1...] * 10^exponent`, correctly rounded. `value` is finite and not zero.
struct Decimal {
  std::string digits{};
  int exponent = 0;
};
Decimal decimal(double value, int digits) {
  std::array<char, 64> text{};
  const char* end =
      std::to_chars(text.data(), text.data() + text.size(), std::abs(value), std::chars_format::scientific, digits - 1)
          .ptr;
  const char* mark = std::find(text.data(), const_cast<char*>(end), 'e');
  Decimal result;
  std::copy_if(static_cast<const char*>(text.data()), mark, std::back_inserter(result.digits),
               [](char c) { return c != '.'; });
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), end, result.exponent);
  return result;
}

/// The digits with the decimal point `shift` places to the right of the first digit.
std::string placed(const std::string& digits, int shift) {
  if (shift < 0) return "0." + std::string(static_cast<std::size_t>(-shift - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(shift) + 1;
  if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0');
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string superscript(int number) {
  constexpr std::array<std::string_view, 10> digits = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                                       "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = number < 0 ? "\u207b" : "";
  for (const char c : std::to_string(std::abs(number))) text += digits[static_cast<std::size_t>(c - '0')];
  return text;
}

struct Prefix {
  int exponent = 0;
  std::string_view letter{};
};
/// The prefix for a number with that decimal exponent; an empty one if the unit takes no prefix.
Prefix prefix_for(std::string_view unit, int exponent) {
  constexpr std::array<Prefix, 8> all = {
      {{-9, "n"}, {-6, "\u00b5"}, {-3, "m"}, {0, ""}, {3, "k"}, {6, "M"}, {9, "G"}, {12, "T"}}};
  const bool down = unit == "s", up = unit == "B" || unit == "B/s" || unit == "Hz";
  Prefix best;
  if (!down && !up) return best;
  for (const Prefix& prefix : all)
    if ((down && prefix.exponent <= 0) || (up && prefix.exponent >= 0)) {
      if (prefix.exponent <= exponent || prefix.exponent == -9) best = prefix;
    }
  return best;
}

std::string with_unit(std::string number, std::string_view letter, std::string_view unit) {
  if (!unit.empty()) number.append("\u00a0").append(letter).append(unit);
  return number;
}

/// A number with its power of ten written out, for numbers far from 1.
std::string scientific(const Decimal& number, std::string_view unit) {
  const std::string mantissa = placed(number.digits, 0);
  return with_unit((mantissa == "1" ? "" : mantissa + "\u00d7") + "10" + superscript(number.exponent), "", unit);
}

bool is_readable(int exponent) { return exponent >= -4 && exponent < 6; }

/// The smallest number of the series 1, 2, 5, 10, 20, 50, ... that is not below `value`.
double nice(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// The label of tick number `count` of `step`; all ticks of an axis share prefix, power and decimals.
std::string tick_text(std::int64_t count, double step, std::int64_t largest, std::string_view unit) {
  if (count == 0) return "0";
  const Decimal one = decimal(step, 1);  // 1, 2 or 5 times a power of ten
  const std::int64_t factor = one.digits[0] - '0';
  const auto digits_of = [&](std::int64_t n) { return std::to_string(std::abs(n) * factor); };
  const int top = one.exponent + static_cast<int>(digits_of(largest).size()) - 1;
  const Prefix prefix = prefix_for(unit, top);
  std::string digits = digits_of(count);
  const int exponent = one.exponent + static_cast<int>(digits.size()) - 1;
  const std::string sign(count < 0 ? minus : "");
  if (!is_readable(top - prefix.exponent)) {
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
    return sign + scientific({digits, exponent}, unit);
  }
  return sign + with_unit(placed(digits, exponent - prefix.exponent), prefix.letter, unit);
}

}  // namespace

std::string number_text(double value, std::string_view unit, int digits) {
  if (std::isnan(value)) return "n/a";
  if (std::isinf(value)) return std::string(value < 0 ? minus : "+") + "\u221e";
  if (value == 0) return with_unit("0", "", unit);
  const std::string sign(value < 0 ? minus : "");
  const Decimal number = decimal(value, digits);
  const Prefix prefix = prefix_for(unit, number.exponent);
  if (prefix.exponent == 0 && value == std::floor(value) && std::abs(value) < 1e6)
    return sign + with_unit(std::to_string(static_cast<std::int64_t>(std::abs(value))), "", unit);
  if (!is_readable(number.exponent - prefix.exponent)) return sign + scientific(number, unit);
  return sign + with_unit(placed(number.digits, number.exponent - prefix.exponent), prefix.letter, unit);
}

Axis Axis::linear(const std::vector<double>& values, std::string_view unit) {
  Axis axis;
  double low = 0, high = 0;
  for (const double value : values)
    if (std::isfinite(value)) {
      low = (std::min)(low, value);
      high = (std::max)(high, value);
    }
  if (high == low) high = 1;
  const double range = high / 5 - low / 5;
  const double step = range > 1e-300 ? nice(range) : 0;
  const auto first = static_cast<std::int64_t>(step > 0 ? std::floor(low / step + 1e-9) : 0);
  const auto last = static_cast<std::int64_t>(step > 0 ? std::ceil(high / step - 1e-9) : 0);
  // Near the limits of double a step cannot be computed, so only zero is labeled.
  const bool usable = step > 0 && std::isfinite(step) && std::isfinite(first * step) && std::isfinite(last * step);
  axis.low_ = usable ? static_cast<double>(first) * step : low;
  axis.high_ = usable ? static_cast<double>(last) * step : high;
  if (!usable)
    axis.ticks_.push_back({axis.at(0), "0"});
  else
    for (std::int64_t i = first; i <= last; ++i)
      axis.ticks_.push_back(
          {axis.at(static_cast<double>(i) * step), tick_text(i, step, (std::max)(std::abs(first), last), unit)});
  return axis;
}

Axis Axis::logarithmic(const std::vector<double>& values, std::string_view unit) {
  Axis axis;
  axis.logarithmic_ = true;
  double low = 0, high = 0;
  bool any = false;
  for (const double value : values)
    if (std::isfinite(value) && value > 0) {
      low = any ? (std::min)(low, std::log10(value)) : std::log10(value);
      high = any ? (std::max)(high, std::log10(value)) : std::log10(value);
      any = true;
    }
  // The ends are at 1, 2 or 5 times a power of ten: position 3 * exponent + {0, 1, 2}.
  constexpr std::array<double, 3> steps = {0, 0.30102999566398120, 0.69897000433601880};
  const auto exponent_at = [&](int position) {
    const int exponent = static_cast<int>(std::floor(position / 3.0));
    return exponent + steps[static_cast<std::size_t>(position - 3 * exponent)];
  };
  int first = 3 * static_cast<int>(std::floor(low)), last = first + 3;
  while (exponent_at(first + 1) <= low) ++first;
  while (exponent_at(last) < high - 1e-12) ++last;
  while (last - 1 > first && exponent_at(last - 1) >= high) --last;
  if (last - first < 2) --first, ++last;
  axis.low_ = exponent_at(first);
  axis.high_ = exponent_at(last);
  const int decades = (last - first) / 3;
  const int every = decades <= 2 ? 1 : 3 * (1 + decades / 9);  // 1-2-5, or every decade, or every second one ...
  for (int position = first; position <= last; ++position) {
    if (((position % every) + every) % every != 0) continue;
    const int exponent = static_cast<int>(std::floor(position / 3.0));
    constexpr std::array<char, 3> factor = {'1', '2', '5'};
    const Decimal number{std::string(1, factor[static_cast<std::size_t>(position - 3 * exponent)]), exponent};
    const Prefix prefix = prefix_for(unit, exponent);
    const int shift = exponent - prefix.exponent;
    axis.ticks_.push_back(
        {(exponent_at(position) - axis.low_) / (axis.high_ - axis.low_),
         is_readable(shift) ? with_unit(placed(number.digits, shift), prefix.letter, unit) : scientific(number, unit)});
  }
  return axis;
}

double Axis::at(double value) const {
  if (logarithmic_) return std::clamp((std::log10(value) - low_) / (high_ - low_), 0.0, 1.0);
  const double scale = (std::max)(std::abs(low_), std::abs(high_));  // no overflow of high - low
  return std::clamp((value / scale - low_ / scale) / (high_ / scale - low_ / scale), 0.0, 1.0);
}

}  // namespace scalar::inline v0::report
