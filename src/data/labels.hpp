#pragma once
/// Class labels that are numbers.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"

namespace scalar::inline v0::data {

/// True if one of `texts` is a spelling that `read_csv` takes for a missing value by default.
bool spell_missing(const std::vector<std::string>& texts);

/// The shortest decimal that reads back to the same number; a zero has no sign.
template <class Number>
std::string shortest(Number number) {
  if (number == Number{0}) return "0";
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// How many distinct numbers the label of a classification may have.
inline constexpr std::size_t most_number_classes = 1000;

[[noreturn]] inline void throw_too_many_numbers(std::string_view place) {
  fail(
      Errc::too_large, place,
      "the label has more than {} distinct numbers, too many for classes; to predict a number use LinearRegression, or "
      "trees or a network with {{.loss = Loss::squared}}",
      most_number_classes);
}

/// The distinct values of `numbers`, which hold no NaN, in ascending order.
template <class Number>
std::vector<Number> distinct(std::vector<Number> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace scalar::inline v0::data
