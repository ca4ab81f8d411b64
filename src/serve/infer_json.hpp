#pragma once
/// Reads the JSON of an infer request: its members, the descriptions of its tensors, and their values.
#include <simdjson.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
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

/// One input tensor as the request describes it.
struct Described {
  std::string_view name{};
  std::string_view datatype{};
  std::array<std::uint64_t, 2> shape{};
  std::size_t rank = 0;
  std::size_t position = 0;  // among the inputs
  std::optional<simdjson::dom::array> data{};
  std::optional<std::uint64_t> binary_bytes{};

  std::uint64_t elements() const { return rank == 1 ? shape[0] : shape[0] * shape[1]; }
};

/// Describes the input at `position`. An error before its name is known names its position instead.
Described described_at(std::size_t position, simdjson::dom::element input);

/// Calls `take(element, position)` for every value of data that is flat, or nested as `shape` says.
template <class Take>
void for_each_value(const Described& input, Take take) {
  const auto mismatch = [&](std::uint64_t seen, std::uint64_t expected) {
    fail(Errc::shape_mismatch, tensor(input.name), "'data' has {} elements where 'shape' says {}", seen, expected);
  };
  const simdjson::dom::array& data = *input.data;
  const bool is_nested = input.rank == 2 && data.begin() != data.end() && (*data.begin()).is_array();
  std::uint64_t position = 0;
  if (!is_nested) {
    if (data.size() < 0xFFFFFF && data.size() != input.elements()) mismatch(data.size(), input.elements());
    for (const simdjson::dom::element value : data) {
      if (position == input.elements()) mismatch(position + 1, input.elements());
      take(value, position++);
    }
    if (position != input.elements()) mismatch(position, input.elements());
    return;
  }
  std::uint64_t rows = 0;
  for (const simdjson::dom::element row : data) {
    if (rows++ == input.shape[0]) mismatch(rows, input.shape[0]);
    simdjson::dom::array values;
    if (row.get_array().get(values) != simdjson::SUCCESS)
      fail(Errc::type_mismatch, tensor(input.name), "'data' mixes values and arrays");
    std::uint64_t count = 0;
    for (const simdjson::dom::element value : values) {
      if (count++ == input.shape[1]) mismatch(count, input.shape[1]);
      take(value, position++);
    }
    if (count != input.shape[1]) mismatch(count, input.shape[1]);
  }
  if (rows != input.shape[0]) mismatch(rows, input.shape[0]);
}

/// The number that `value` is as a `T`; nothing when `T` has no such value, or when `value` is not a number.
template <class T>
std::optional<double> number_of(simdjson::dom::element value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if constexpr (std::is_same_v<T, Flag>) {
    bool flag = false;
    if (value.get_bool().get(flag) != simdjson::SUCCESS) return std::nullopt;
    return flag ? 1 : 0;
  } else {
    switch (value.type()) {
      case simdjson::dom::element_type::INT64:
        return written_as<T>(value.get_int64().value_unsafe());
      case simdjson::dom::element_type::UINT64:
        return written_as<T>(value.get_uint64().value_unsafe());
      case simdjson::dom::element_type::DOUBLE:
        return written_as<T>(value.get_double().value_unsafe());
      default:
        return std::nullopt;
    }
  }
}

// Why a value is refused. The datatype follows the first two.
inline constexpr std::string_view is_no = "is no ";
inline constexpr std::string_view is_beyond = "is beyond ";
inline constexpr std::string_view inexact_float32 = "FP32 does not hold exactly";
inline constexpr std::string_view inexact_float64 = "FP64 does not hold exactly";

/// Why `value` is refused in a tensor of `T`s.
template <class T>
std::string_view fault(simdjson::dom::element value) {
  if (!value.is_number()) return is_no;
  if (number_of<T>(value)) return inexact_float32;
  if constexpr (std::is_integral_v<T>) {
    const bool fits = (value.is_int64() && std::in_range<T>(value.get_int64().value_unsafe())) ||
                      (value.is_uint64() && std::in_range<T>(value.get_uint64().value_unsafe()));
    return fits ? inexact_float64 : is_no;
  }
  return std::is_same_v<T, Flag> ? is_no : is_beyond;
}

}  // namespace scalar::inline v0::serve
