#pragma once
/// Class labels that are numbers.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::data {

/// True where one of `texts` is what `read_csv` takes for a missing value unless told otherwise.
bool spell_missing(const std::vector<std::string>& texts);

/// The shortest decimal that reads back to the same number; a zero has no sign.
template <class Number>
std::string shortest(Number number) {
  if (number == Number{0}) return "0";
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// Distinct numbers that a label of classes may have.
inline constexpr std::size_t most_number_classes = 1000;

[[noreturn]] inline void throw_too_many_numbers(std::string place) {
  throw Error(Errc::too_large,
              "the label has more than " + std::to_string(most_number_classes) +
                  " distinct numbers, too many for classes; to predict a number use LinearRegression, or trees or a "
                  "network with {.loss = Loss::squared}",
              std::move(place));
}

/// The distinct ones of `numbers` (no NaN among them) in order.
template <class Number>
std::vector<Number> distinct(std::vector<Number> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace scalar::inline v0::data
