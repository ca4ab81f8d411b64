#pragma once
/// Conversion of decimal text to numbers: exact, independent of the locale.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace scalar::inline v0::data {

enum class Parsed { number, none, too_large };

inline bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

/// True if a number begins with a zero and another digit, as in "007": it is a code such as a postcode, which a number
/// would not keep.
inline bool has_leading_zero(std::string_view text) noexcept {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  return text.size() > sign + 1 && text[sign] == '0' && is_digit(text[sign + 1]);
}

/// Reads the decimal at `text`, which must be followed by a byte that is not a digit, and returns its end. Returns null
/// for a number with a leading zero, and for a text that only `parse_double` can read.
///
/// Clinger, "How to read floating point numbers accurately" (1990), fast path: a significand up to 2^53 and a power of
/// ten up to 10^22 are exact, so one rounded division gives the nearest double.
inline const char* fast_double(const char* text, double& number) noexcept {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const bool negative = *text == '-';
  const char* at = text + negative;
  const char* const first = at;
  if (*first == '0' && is_digit(first[1])) return nullptr;
  std::uint64_t significand = 0;
  for (; is_digit(*at); ++at) significand = significand * 10 + static_cast<std::uint64_t>(*at - '0');
  std::int64_t digits = at - first, decimals = 0;
  if (*at == '.') {
    const char* const point = ++at;
    for (; is_digit(*at); ++at) significand = significand * 10 + static_cast<std::uint64_t>(*at - '0');
    decimals = at - point;
    digits += decimals;
  }
  if (digits == 0 || digits > 19 || significand > (std::uint64_t{1} << 53)) return nullptr;
  const auto whole = static_cast<double>(significand);
  const double value = decimals == 0 ? whole : whole / powers[decimals];
  number = negative ? -value : value;
  return at;
}

/// Reads an integer of up to 18 digits at `text`, which must be followed by a byte that is not a digit, and returns its
/// end; null for anything else, and for a leading zero.
inline const char* fast_int(const char* text, std::int64_t& number) noexcept {
  const bool negative = *text == '-';
  const char* at = text + negative;
  const char* const first = at;
  std::uint64_t value = 0;
  for (; is_digit(*at) && at - first <= 18; ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  if (at == first || at - first > 18 || (*first == '0' && at - first > 1)) return nullptr;
  number = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  return at;
}

/// True if the first significant digit of a decimal stands below 1e-300: the decimal underflows rather than overflows.
inline bool is_tiny(std::string_view text) noexcept {
  std::int64_t position = 0, first = 0, exponent = 0;
  bool point = false, seen = false;
  std::size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.' || text[i] == '-'); ++i) {
    if (text[i] == '.') point = true;
    if (!is_digit(text[i])) continue;
    if (point) --position;
    if (!seen && text[i] != '0') {
      seen = true;
      first = position;
    } else if (seen && !point) {
      ++first;
    }
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    text.remove_prefix(i + 1);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    for (char c : text)
      if (exponent < (std::int64_t{1} << 40)) exponent = exponent * 10 + (c - '0');
    if (negative) exponent = -exponent;
  }
  return !seen || first + exponent < -300;
}

/// Reads the whole of `text` as the nearest double; infinities may be spelled out, NaN may not.
inline Parsed parse_double(std::string_view text, double& number) noexcept {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Parsed::none;
  }
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  if (text.size() == sign || text[sign] == 'n' || text[sign] == 'N') return Parsed::none;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return Parsed::none;
  if (error == std::errc{}) return Parsed::number;
  if (!is_tiny(text)) return Parsed::too_large;
  number = sign == 1 ? -0.0 : 0.0;
  return Parsed::number;
}

/// Reads the whole of `text` as an integer, with an optional leading '+'.
inline Parsed parse_int(std::string_view text, std::int64_t& number) noexcept {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return Parsed::none;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return Parsed::none;
  return error == std::errc{} ? Parsed::number : Parsed::too_large;
}

/// True if a double holds `integer` exactly.
inline bool is_exact(std::int64_t integer) noexcept {
  const auto number = static_cast<double>(integer);
  return number < 0x1p63 && static_cast<std::int64_t>(number) == integer;
}

/// True if `number` is exactly the integer that `text` spells.
inline bool spells(std::string_view text, double number) {
  std::array<char, 400> exact{};
  const auto end =
      std::to_chars(exact.data(), exact.data() + exact.size(), std::fabs(number), std::chars_format::fixed, 0).ptr;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  return text == std::string_view(exact.data(), static_cast<std::size_t>(end - exact.data()));
}

}  // namespace scalar::inline v0::data
