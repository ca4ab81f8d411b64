#pragma once
/// Converts described structs (see fields.hpp) to and from canonical JSON and checks their ranges.
#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "scalar/core/error.hpp"
#include "scalar/core/fields.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0 {

namespace detail {

inline constexpr std::size_t max_enumerators = 16;  // enumerators of a described enum are numbered from 0

template <class E, std::size_t... I>
constexpr std::array<std::string_view, sizeof...(I)> enumerator_names(std::index_sequence<I...>) {
  return {name_of<static_cast<E>(I)>...};
}
template <class E>
inline constexpr auto enumerators = enumerator_names<E>(std::make_index_sequence<max_enumerators>{});

/// False for the spelling of a value without an enumerator, such as `(Loss)5`: its last word starts with a digit.
constexpr bool is_enumerator(std::string_view name) { return !name.empty() && !(name[0] >= '0' && name[0] <= '9'); }

[[noreturn]] void throw_no_enumerator(std::size_t seen);

/// The name of an enumerator. Errors: `Errc::out_of_range` for a value without an enumerator.
template <class E>
std::string_view enumerator(E value) {
  const auto index = static_cast<std::size_t>(value);
  if (index >= max_enumerators || !is_enumerator(enumerators<E>[index])) throw_no_enumerator(index);
  return enumerators<E>[index];
}

template <class T>
json::Value to_value(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value;
  else if constexpr (std::is_enum_v<T>)
    return enumerator(value);
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value);
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<double>(value);
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return std::string_view(value);
  else if constexpr (Described<T>) {
    json::Object object;
    visit_fields(value, [&](const auto& field, const auto& member) { object.emplace(field.name, to_value(member)); });
    return object;
  } else {
    json::Array array;
    for (const auto& item : value) array.push_back(to_value(item));
    return array;
  }
}

[[noreturn]] void throw_unknown_name(std::string_view seen, const std::string_view* names, std::size_t count);
[[noreturn]] void throw_out_of_range(std::string_view owner, std::string_view field, double seen, double low,
                                     double high);
[[noreturn]] void throw_does_not_fit(const json::Value& seen);
[[noreturn]] void throw_unknown_field(std::string_view owner, std::string_view field);

template <class T>
void from_value(const json::Value& from, T& to) {
  if constexpr (std::is_same_v<T, bool>)
    to = from.as_bool();
  else if constexpr (std::is_enum_v<T>) {
    for (std::size_t i = 0; i < max_enumerators; ++i)
      if (is_enumerator(enumerators<T>[i]) && enumerators<T>[i] == from.as_string()) {
        to = static_cast<T>(i);
        return;
      }
    throw_unknown_name(from.as_string(), enumerators<T>.data(), max_enumerators);
  } else if constexpr (std::is_integral_v<T>) {
    if constexpr (std::is_signed_v<T>) {
      if (!std::in_range<T>(from.as_int())) throw_does_not_fit(from);
      to = static_cast<T>(from.as_int());
    } else {
      if (!std::in_range<T>(from.as_uint())) throw_does_not_fit(from);
      to = static_cast<T>(from.as_uint());
    }
  } else if constexpr (std::is_floating_point_v<T>)
    to = static_cast<T>(from.as_double());
  else if constexpr (std::is_same_v<T, std::string>)
    to = from.as_string();
  else if constexpr (Described<T>) {
    std::size_t known = 0;
    visit_fields(to, [&](const auto& field, auto& member) {
      const json::Value* found = from.find(field.name);
      if (found == nullptr) return;
      ++known;
      try {
        from_value(*found, member);
      } catch (const Error& error) {
        throw error.within(std::string(T::name) + "." + std::string(field.name));
      }
    });
    if (known != from.as_object().size())
      for (const auto& [key, value] : from.as_object()) {
        bool listed = false;
        visit_fields(to, [&](const auto& field, const auto&) { listed = listed || field.name == key; });
        if (!listed) throw_unknown_field(T::name, key);
      }
  } else {
    to.clear();
    for (const json::Value& item : from.as_array()) from_value(item, to.emplace_back());
  }
}

template <class T>
void check_range(std::string_view owner, std::string_view field, const T& value, double low, double high) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    if (!(static_cast<double>(value) >= low && static_cast<double>(value) <= high))
      throw_out_of_range(owner, field, static_cast<double>(value), low, high);
  } else if constexpr (std::is_enum_v<T>) {
    try {
      (void)enumerator(value);
    } catch (const Error& error) {
      throw error.within(std::string(owner) + "." + std::string(field));
    }
  } else if constexpr (Described<T>) {
    visit_fields(value, [](const auto& inner, const auto& member) {
      check_range(T::name, inner.name, member, inner.low, inner.high);
    });
  } else if constexpr (requires { value.begin(); } && !std::is_convertible_v<const T&, std::string_view>) {
    for (const auto& item : value) check_range(owner, field, item, low, high);
  }
}

}  // namespace detail

/// Canonical JSON of a described struct: every field, sorted keys, enums by name.
template <Described T>
std::string to_json(const T& value) {
  return detail::to_value(value).dump();
}

/// Throws `Error{Errc::out_of_range}` naming struct, field, value and range when a number is outside its field's range.
template <Described T>
void validate(const T& value) {
  visit_fields(value, [](const auto& field, const auto& member) {
    detail::check_range(T::name, field.name, member, field.low, field.high);
  });
}

/// Reads a described struct. Absent fields keep their defaults, unknown fields are errors, and ranges are checked.
template <Described T>
T from_json(const json::Value& value) {
  T result{};
  detail::from_value(value, result);
  validate(result);
  return result;
}
/// As `from_json`, but from JSON text. Errors: also `Errc::parse`.
template <Described T>
T parse_json(std::string_view text) {
  return from_json<T>(json::parse(text, T::name));
}

}  // namespace scalar::inline v0
