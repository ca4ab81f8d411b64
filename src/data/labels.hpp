#pragma once
/// Class labels that are numbers.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace scalar::inline v0::data {

/// The shortest decimal that reads back to the same number; a zero has no sign.
template <class Number>
std::string shortest(Number number) {
  if (number == Number{0}) return "0";
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// The distinct ones of `numbers` (no NaN among them) in order.
template <class Number>
std::vector<Number> distinct(std::vector<Number> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace scalar::inline v0::data
