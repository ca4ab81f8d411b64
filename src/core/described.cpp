#include "scalar/core/described.hpp"

#include <cmath>

#include "core/fail.hpp"

namespace scalar::inline v0::detail {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  std::string text;
  json::append_number(text, value);
  return text;
}

}  // namespace

void throw_unknown_name(std::string_view seen, const std::string_view* names, std::size_t count) {
  std::string known;
  for (std::size_t i = 0; i < count; ++i)
    if (is_enumerator(names[i])) known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", names[i]);
  fail(Errc::invalid_argument, {}, "\"{}\" is none of {}", seen, known);
}

void throw_no_enumerator(std::size_t seen) {
  fail(Errc::out_of_range, {}, "has the value {}, which no enumerator has", seen);
}

void throw_out_of_range(std::string_view owner, std::string_view field, double seen, double low, double high) {
  fail(Errc::out_of_range, fmt::format("{}.{}", owner, field), "is {}, expected {} to {}", number(seen), number(low),
       number(high));
}

void throw_does_not_fit(const json::Value& seen) {
  fail(Errc::out_of_range, {}, "{} does not fit the field's integer type", seen.dump());
}

void throw_unknown_field(std::string_view owner, std::string_view field) {
  fail(Errc::invalid_argument, owner, "has no field \"{}\"", field);
}

}  // namespace scalar::inline v0::detail
