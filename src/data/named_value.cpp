#include "scalar/data/named_value.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::detail {
namespace {

constexpr std::uint64_t exact_integers = std::uint64_t{1} << 53;  // every integer up to it is a double

template <class Integer>
double exact(std::string_view column, Integer value, std::uint64_t magnitude) {
  // Above, the low bits must be zero: the magnitude is then a multiple of the distance between two doubles.
  for (; magnitude > exact_integers; magnitude >>= 1)
    if (magnitude & 1)
      throw Error(Errc::out_of_range, std::to_string(value) + " is an integer that a double does not hold exactly",
                  "column \"" + std::string(column) + "\"");
  return static_cast<double>(value);
}

}  // namespace

double exact_double(std::string_view column, std::int64_t value) {
  return exact(column, value, value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
}
double exact_double(std::string_view column, std::uint64_t value) { return exact(column, value, value); }

}  // namespace scalar::inline v0::detail
