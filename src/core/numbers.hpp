#pragma once
/// The number types of tensors, and the conversion of their values to double.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
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

  double value() const {
    const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    const int fraction = bits & ((1 << fraction_bits) - 1);
    const double sign = (bits >> 15) != 0 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
      return fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    const int whole = exponent == 0 ? fraction : fraction | (1 << fraction_bits);
    return sign * std::ldexp(whole, (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
  }
  /// `number` rounded to the nearest value of this type, ties to even; infinity beyond the largest.
  static double nearest(double number) {
    if (number == 0 || !std::isfinite(number)) return number;
    int exponent = 0;
    std::frexp(number, &exponent);
    const int last = exponent - digits < least_exponent ? least_exponent : exponent - digits;
    const double rounded = std::ldexp(std::nearbyint(std::ldexp(number, -last)), last);
    const double largest = std::ldexp(2 - std::ldexp(1.0, -fraction_bits), bias);
    return std::abs(rounded) > largest ? std::copysign(std::numeric_limits<double>::infinity(), number) : rounded;
  }
};
using Half = ShortFloat<5, 10>;     // IEEE 754 binary16: FP16
using BFloat16 = ShortFloat<8, 7>;  // BF16, which Triton adds to the protocol's types

/// A BOOL in a binary tensor.
struct Flag {
  std::uint8_t byte = 0;
};

/// Calls `visit(T{})` with the C++ type for the number type `name`. Returns false when `name` is not a number type.
template <class Visit>
bool visit_number_type(std::string_view name, Visit&& visit) {
  if (name == "FP32") return visit(float{}), true;
  if (name == "FP64") return visit(double{}), true;
  if (name == "INT64") return visit(std::int64_t{}), true;
  if (name == "INT32") return visit(std::int32_t{}), true;
  if (name == "INT16") return visit(std::int16_t{}), true;
  if (name == "INT8") return visit(std::int8_t{}), true;
  if (name == "UINT64") return visit(std::uint64_t{}), true;
  if (name == "UINT32") return visit(std::uint32_t{}), true;
  if (name == "UINT16") return visit(std::uint16_t{}), true;
  if (name == "UINT8") return visit(std::uint8_t{}), true;
  if (name == "FP16") return visit(Half{}), true;
  if (name == "BF16") return visit(BFloat16{}), true;
  if (name == "BOOL") return visit(Flag{}), true;
  return false;
}
template <class Visit>
bool visit_number_type(DataType type, Visit&& visit) {
  return visit_number_type(name(type), std::forward<Visit>(visit));
}

/// `number` as a double; nothing when no double has exactly that value.
template <class Integer>
std::optional<double> exactly(Integer number) noexcept {
  const auto rounded = static_cast<double>(number);
  constexpr double beyond = static_cast<double>(std::numeric_limits<Integer>::max() / 2 + 1) * 2;
  if (rounded == beyond || static_cast<Integer>(rounded) != number) return std::nullopt;
  return rounded;
}

/// The value of a JSON number in a tensor of `T`s: rounded when `T` is a floating-point type, unchanged when it is an
/// integer type. Nothing when it overflows, when `T` has no such value, or when no double has it.
template <class T, class Written>
std::optional<double> written_as(Written number) noexcept {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<Written>) {
    if (!std::in_range<T>(number)) return std::nullopt;
    return exactly(number);
  } else if constexpr (std::is_integral_v<T>) {
    constexpr double least = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double beyond = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    if (!(number >= least && number < beyond) || number != std::trunc(number)) return std::nullopt;
    return number;
  } else {
    double rounded = static_cast<double>(number);
    if constexpr (std::is_same_v<T, float>) rounded = static_cast<double>(static_cast<float>(rounded));
    if constexpr (std::is_class_v<T>) rounded = T::nearest(rounded);
    if (!std::isfinite(rounded)) return std::nullopt;
    return rounded;
  }
}

/// The number whose bytes lie at `at`, little-endian as on this machine; nothing when no double has exactly that value.
template <class T>
std::optional<double> loaded(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::is_same_v<T, Flag>)
    return value.byte > 1 ? std::nullopt : std::optional<double>(value.byte);
  else if constexpr (std::is_class_v<T>)
    return value.value();
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 8)
    return exactly(value);
  else
    return static_cast<double>(value);
}

/// The number whose bytes lie at `at`, for a message.
template <class T>
std::string text_of_number(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
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
