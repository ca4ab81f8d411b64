#include "scalar/core/described.hpp"

#include <cmath>

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
  std::string message = "\"" + std::string(seen) + "\" is none of";
  for (std::size_t i = 0; i < count; ++i)
    if (is_enumerator(names[i])) message += (i == 0 ? " \"" : ", \"") + std::string(names[i]) + "\"";
  throw Error(Errc::invalid_argument, message);
}

void throw_no_enumerator(std::size_t seen) {
  throw Error(Errc::out_of_range, "has the value " + std::to_string(seen) + ", which no enumerator has");
}

void throw_out_of_range(std::string_view owner, std::string_view field, double seen, double low, double high) {
  throw Error(Errc::out_of_range, "is " + number(seen) + ", expected " + number(low) + " to " + number(high),
              std::string(owner) + "." + std::string(field));
}

void throw_does_not_fit(const json::Value& seen) {
  throw Error(Errc::out_of_range, seen.dump() + " does not fit the field's integer type");
}

void throw_unknown_field(std::string_view owner, std::string_view field) {
  throw Error(Errc::invalid_argument, "has no field \"" + std::string(field) + "\"", std::string(owner));
}

}  // namespace scalar::inline v0::detail
