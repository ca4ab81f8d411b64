#pragma once
/// Columns from values in memory: the implementation of `Column::from` and `Table::from`.
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/core/described.hpp"
#include "scalar/data/column.hpp"

namespace scalar::inline v0::detail {

template <class T>
struct WithoutOptional {
  using Type = T;
  static constexpr const T* get(const T& value) { return &value; }
};
template <class T>
struct WithoutOptional<std::optional<T>> {
  using Type = T;
  static constexpr const T* get(const std::optional<T>& value) { return value ? &*value : nullptr; }
};

/// What a column can hold: booleans, numbers, texts and described enums.
template <class T>
concept ColumnValue = (std::is_arithmetic_v<T> && !std::is_same_v<T, char>) || std::is_enum_v<T> ||
                      std::convertible_to<const T&, std::string_view>;

/// How a column stores a value.
template <class T>
using Stored =
    std::conditional_t<std::is_same_v<T, bool>, std::uint8_t,
                       std::conditional_t<std::is_integral_v<T>, std::int64_t,
                                          std::conditional_t<std::is_floating_point_v<T>, double, std::string>>>;

TextValues text_values(const std::vector<std::string>& texts, const std::vector<std::uint8_t>& present);
[[noreturn]] void throw_above_int64(std::uint64_t value);

template <class T>
Stored<T> stored(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(enumerator(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    if constexpr (std::is_integral_v<T> && !std::is_signed_v<T>)
      if (!std::in_range<std::int64_t>(std::uint64_t{value})) throw_above_int64(value);
    return static_cast<Stored<T>>(value);
  } else {
    return std::string(std::string_view(value));
  }
}

/// The column of `project(element)` for each element of `range`.
template <class Range, class Project>
Column column_of(std::string name, const Range& range, Project project) {
  using Member = std::remove_cvref_t<decltype(project(*std::begin(range)))>;
  using Value = typename WithoutOptional<Member>::Type;
  static_assert(ColumnValue<Value>,
                "a column holds booleans, numbers, texts or enums, or std::optional of one of these");
  Column column{std::move(name), {}, {}, {}};
  if constexpr (ColumnValue<Value>) {
    std::vector<Stored<Value>> values;
    std::vector<std::uint8_t> present;
    bool is_whole = true;
    for (const auto& element : range) {
      const Value* const value = WithoutOptional<Member>::get(project(element));
      try {
        values.push_back(value == nullptr ? Stored<Value>{} : stored(*value));
      } catch (const Error& error) {
        throw error.within("column \"" + column.name + "\", row " + std::to_string(values.size()));
      }
      present.push_back(value == nullptr ? 0 : 1);
      is_whole = is_whole && value != nullptr;
    }
    if constexpr (std::is_same_v<Stored<Value>, std::string>)
      column.values = text_values(values, present);
    else
      column.values = std::move(values);
    if (!is_whole) column.present = std::move(present);
  }
  return column;
}

}  // namespace scalar::inline v0::detail

namespace scalar::inline v0 {

template <class Range>
Column Column::from(std::string name, const Range& values) {
  return detail::column_of(std::move(name), values, [](const auto& value) -> const auto& { return value; });
}

}  // namespace scalar::inline v0
