#pragma once
/// The number types of tensors, and the conversions between them, their bytes and JSON numbers.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "scalar/core/json.hpp"
#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// A floating-point type that C++20 does not have, stored as its bits.
template <int exponent_bits, int fraction_bits>
struct ShortFloat {
  std::uint16_t bits = 0;
  static constexpr int digits = fraction_bits + 1;
  static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  static constexpr int least_exponent = 1 - bias - fraction_bits;  // of the last bit of a subnormal
  static constexpr int infinity = ((1 << exponent_bits) - 1) << fraction_bits;

  double value() const {
    const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    const int fraction = bits & ((1 << fraction_bits) - 1);
    const double sign = (bits >> 15) != 0 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
      return fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    const int whole = exponent == 0 ? fraction : fraction | (1 << fraction_bits);
    return sign * std::ldexp(whole, (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
  }
  /// The value of this type nearest to `number`, ties to even; infinity beyond the largest.
  static ShortFloat nearest(double number) {
    const int sign = std::signbit(number) ? 1 << 15 : 0;
    if (std::isnan(number)) return from(sign | infinity | (1 << (fraction_bits - 1)));
    if (number == 0) return from(sign);
    if (std::isinf(number)) return from(sign | infinity);
    int exponent = 0;
    std::frexp(number, &exponent);
    const int last = exponent - digits < least_exponent ? least_exponent : exponent - digits;
    // Where the fraction overflows or the number is subnormal, the sum has the right exponent as well.
    const auto whole = static_cast<int>(std::nearbyint(std::ldexp(std::abs(number), -last)));
    const int magnitude = ((last - least_exponent) << fraction_bits) + whole;
    return from(sign | (magnitude < infinity ? magnitude : infinity));
  }

 private:
  static ShortFloat from(int bits) { return {static_cast<std::uint16_t>(bits)}; }
};
using Half = ShortFloat<5, 10>;     // IEEE 754 binary16: FP16
using BFloat16 = ShortFloat<8, 7>;  // BF16, which Triton adds to the protocol's types

/// A BOOL in a binary tensor.
struct Flag {
  std::uint8_t byte = 0;
};

/// Whether numbers of type `T` are rounded, and may be NaN.
template <class T>
inline constexpr bool is_floating =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

/// Calls `visit(T{})` with the C++ type of the elements of `type`. Returns false for BYTES, which are no numbers.
template <class Visit>
bool visit_number_type(DataType type, Visit&& visit) {
  switch (type) {
    case DataType::boolean:
      return visit(Flag{}), true;
    case DataType::uint8:
      return visit(std::uint8_t{}), true;
    case DataType::uint16:
      return visit(std::uint16_t{}), true;
    case DataType::uint32:
      return visit(std::uint32_t{}), true;
    case DataType::uint64:
      return visit(std::uint64_t{}), true;
    case DataType::int8:
      return visit(std::int8_t{}), true;
    case DataType::int16:
      return visit(std::int16_t{}), true;
    case DataType::int32:
      return visit(std::int32_t{}), true;
    case DataType::int64:
      return visit(std::int64_t{}), true;
    case DataType::float16:
      return visit(Half{}), true;
    case DataType::bfloat16:
      return visit(BFloat16{}), true;
    case DataType::float32:
      return visit(float{}), true;
    case DataType::float64:
      return visit(double{}), true;
    case DataType::bytes:
      break;
  }
  return false;
}

/// `number` as a double; nothing when no double has exactly that value, or when it is not a number of its type.
template <class T>
std::optional<double> exactly(T number) noexcept {
  if constexpr (std::is_same_v<T, Flag>) {
    return number.byte > 1 ? std::nullopt : std::optional<double>(number.byte);
  } else if constexpr (std::is_class_v<T>) {
    return number.value();
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    const auto rounded = static_cast<double>(number);
    constexpr double beyond = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    if (rounded == beyond || static_cast<T>(rounded) != number) return std::nullopt;
    return rounded;
  } else {
    return static_cast<double>(number);
  }
}

/// A JSON number in a tensor of `T`s: rounded when `T` is a floating-point type, unchanged when it is an integer type.
/// Nothing when it overflows, or when `T` has no such value.
template <class T, class Written>
std::optional<T> written_as(Written number) noexcept {
  if constexpr (std::is_same_v<T, Flag>) {
    if (number != 0 && number != 1) return std::nullopt;
    return Flag{static_cast<std::uint8_t>(number)};
  } else if constexpr (std::is_integral_v<T> && std::is_integral_v<Written>) {
    if (!std::in_range<T>(number)) return std::nullopt;
    return static_cast<T>(number);
  } else if constexpr (std::is_integral_v<T>) {
    constexpr double least = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double beyond = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    if (!(number >= least && number < beyond) || number != std::trunc(number)) return std::nullopt;
    return static_cast<T>(number);
  } else if constexpr (std::is_class_v<T>) {
    const T rounded = T::nearest(static_cast<double>(number));
    if (!std::isfinite(rounded.value())) return std::nullopt;
    return rounded;
  } else {
    const auto rounded = static_cast<T>(number);
    if (!std::isfinite(rounded)) return std::nullopt;
    return rounded;
  }
}

/// NaN as a `T`.
template <class T>
T not_a_number() noexcept {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if constexpr (std::is_class_v<T>)
    return T::nearest(nan);
  else
    return static_cast<T>(nan);
}

/// The element whose bytes lie at `at`, little-endian as on this machine.
template <class T>
T element_at(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// The number whose bytes lie at `at`, as `exactly`.
template <class T>
std::optional<double> loaded(const char* at) noexcept {
  return exactly(element_at<T>(at));
}

/// The number whose bytes lie at `at`, for a message.
template <class T>
std::string text_of_number(const char* at) {
  const auto value = element_at<T>(at);
  if constexpr (std::is_same_v<T, Flag>) {
    return std::to_string(value.byte);
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else {
    double number = 0;
    if constexpr (std::is_class_v<T>)
      number = value.value();
    else
      number = static_cast<double>(value);
    if (!std::isfinite(number)) return number > 0 ? "Infinity" : "-Infinity";
    std::string out;
    if constexpr (std::is_same_v<T, float>)
      json::append_number(out, value);
    else
      json::append_number(out, number);
    return out;
  }
}

}  // namespace scalar::inline v0
