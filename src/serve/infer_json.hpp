#pragma once
/// Reads the JSON of an infer request: its members, the descriptions of its tensors, and their values.
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/fail.hpp"
#include "core/numbers.hpp"

namespace scalar::inline v0::serve {

/// "input 'name'", where an error is.
std::string tensor(std::string_view name);

/// The value as a string, a boolean or a size. `what` names it in errors. Errors: `Errc::type_mismatch`,
/// `Errc::out_of_range`.
std::string_view text_of(simdjson::dom::element value, std::string_view what);
bool bool_of(simdjson::dom::element value, std::string_view what);
std::uint64_t size_of(simdjson::dom::element value, std::string_view what);

/// Calls `visit(key, value)` for each member that is not null: null means that an optional member is absent.
template <class Visit>
void for_each_member(simdjson::dom::element value, std::string_view what, Visit visit) {
  simdjson::dom::object members;
  if (value.get_object().get(members) != simdjson::SUCCESS) fail(Errc::type_mismatch, "", "{} is not an object", what);
  for (const auto member : members)
    if (!member.value.is_null()) visit(std::string_view(member.key), member.value);
}

/// Throws `Errc::invalid_argument` when a member comes twice.
void once(bool& seen, std::string_view key);

/// The most dimensions of a tensor.
inline constexpr std::size_t most_dimensions = 32;

/// One input tensor as the request describes it.
struct Described {
  std::string_view name{};
  std::string_view datatype{};
  std::array<std::uint64_t, most_dimensions> shape;  // of which `rank` are set
  std::size_t rank = 0;
  std::size_t position = 0;  // among the inputs
  std::optional<simdjson::dom::array> data{};
  std::optional<std::uint64_t> binary_bytes{};

  std::span<const std::uint64_t> dimensions() const { return std::span(shape).first(rank); }
  /// Requires that the product of the dimensions does not overflow.
  std::uint64_t elements() const {
    std::uint64_t count = 1;
    for (const std::uint64_t size : dimensions()) count *= size;
    return count;
  }
};

/// Describes the input at `position`. An error before its name is known names its position instead.
Described described_at(std::size_t position, simdjson::dom::element input);

/// Throws that 'data' has `seen` elements where 'shape' says `expected`.
[[noreturn]] void refuse_count(const Described& input, std::uint64_t seen, std::uint64_t expected);
/// Throws that 'data' is nested in one place and flat in another.
[[noreturn]] void refuse_mixture(const Described& input);

/// Calls `take(element, position)` for every value of `values`, which are nested as the dimensions from `dimension` on
/// say. `position` counts the values.
template <class Take>
void for_each_nested(const Described& input, simdjson::dom::array values, std::size_t dimension,
                     std::uint64_t& position, Take& take) {
  const std::uint64_t expected = input.shape[dimension];
  std::uint64_t count = 0;
  for (const simdjson::dom::element value : values) {
    if (count++ == expected) refuse_count(input, count, expected);
    if (dimension + 1 == input.rank) {
      take(value, position++);
      continue;
    }
    simdjson::dom::array inner;
    if (value.get_array().get(inner) != simdjson::SUCCESS) refuse_mixture(input);
    for_each_nested(input, inner, dimension + 1, position, take);
  }
  if (count != expected) refuse_count(input, count, expected);
}

/// Calls `take(element, position)` for every value of data that is flat, or nested as `shape` says.
template <class Take>
void for_each_value(const Described& input, Take take) {
  const simdjson::dom::array& data = *input.data;
  const bool is_nested = input.rank > 1 && data.begin() != data.end() && (*data.begin()).is_array();
  std::uint64_t position = 0;
  if (is_nested) return for_each_nested(input, data, 0, position, take);
  constexpr std::size_t most_counted = 0xFFFFFF;  // simdjson's size() stops there
  const std::uint64_t expected = input.elements();
  if (data.size() < most_counted && data.size() != expected) refuse_count(input, data.size(), expected);
  for (const simdjson::dom::element value : data) {
    if (position == expected) refuse_count(input, position + 1, expected);
    take(value, position++);
  }
  if (position != expected) refuse_count(input, position, expected);
}

/// The number that `value` is as a `T`: null is NaN where `T` has one, and a BOOL is true, false, 1 or 0. Nothing when
/// `T` has no such value.
template <class T>
std::optional<T> number_of(simdjson::dom::element value) {
  switch (value.type()) {
    case simdjson::dom::element_type::INT64:
      return written_as<T>(value.get_int64().value_unsafe());
    case simdjson::dom::element_type::UINT64:
      return written_as<T>(value.get_uint64().value_unsafe());
    case simdjson::dom::element_type::DOUBLE:
      return written_as<T>(value.get_double().value_unsafe());
    case simdjson::dom::element_type::BOOL:
      if constexpr (std::is_same_v<T, Flag>) return Flag{value.get_bool().value_unsafe()};
      break;
    case simdjson::dom::element_type::NULL_VALUE:
      if constexpr (is_floating<T>) return not_a_number<T>();
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace scalar::inline v0::serve
