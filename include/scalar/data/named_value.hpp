#pragma once
/// One value of a row under the name of its column.
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "scalar/core/described.hpp"

namespace scalar::inline v0 {

/// One value of a row under the name of its column: a number, a text, or nothing.
///
/// A view: the name and the text must outlive it. Made from numbers and bools, from anything that converts to
/// `std::string_view`, from enumerators (by name), and from an optional of one of these; `std::nullopt`, NaN and an
/// empty text are missing values. An integer is kept as the nearest double; `is_exact` says whether that is the same
/// number.
class NamedValue {
 public:
  NamedValue() noexcept = default;
  template <class T>
  NamedValue(std::string_view name, const T& value) : name_(name) {
    if constexpr (std::same_as<T, bool> || std::floating_point<T>)
      number_ = static_cast<double>(value);
    else if constexpr (std::integral<T>)
      set_integer(value);
    else if constexpr (std::is_enum_v<T>)
      set_text(detail::enumerator(value));
    else
      set_text(value);
  }
  template <class T>
  NamedValue(std::string_view name, const std::optional<T>& value)
      : NamedValue(value ? NamedValue(name, *value) : NamedValue(name, std::nullopt)) {}
  NamedValue(std::string_view name, std::nullopt_t) : name_(name) {}

  std::string_view name() const noexcept { return name_; }
  bool is_text() const noexcept { return is_text_; }
  /// True for NaN, an empty text, and no value at all.
  bool is_missing() const noexcept { return text_.empty() && number_ != number_; }
  /// False for an integer that a double cannot hold exactly.
  bool is_exact() const noexcept { return is_exact_; }
  double number() const noexcept { return number_; }        ///< NaN if missing or a text
  std::string_view text() const noexcept { return text_; }  ///< empty if missing or a number

 private:
  template <class T>
  void set_integer(T value) noexcept {
    number_ = static_cast<double>(value);
    // 2^63 and 2^64 are doubles but not values of T, so they must not be converted back.
    const double limit = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    is_exact_ = number_ < limit && static_cast<T>(number_) == value;
  }
  void set_text(std::string_view text) noexcept {
    text_ = text;
    is_text_ = true;
  }

  std::string_view name_{}, text_{};
  double number_ = std::numeric_limits<double>::quiet_NaN();
  bool is_text_ = false, is_exact_ = true;
};

}  // namespace scalar::inline v0
