#pragma once
/// How messages show pieces of input and numbers.
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace scalar::inline v0 {

/// The first 60 bytes of a text, without cutting a UTF-8 sequence, with control characters as escapes: a NUL would end
/// a message early, a line end would break it.
inline std::string shown(std::string_view text) {
  constexpr std::size_t most = 60;
  constexpr char digits[] = "0123456789abcdef";
  std::size_t end = text.size() > most ? most : text.size();
  if (end != text.size())
    while (end + 4 > most && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  std::string result;
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      result += c;
  }
  return end == text.size() ? result : result + "...";
}

/// `shown(text)` in quotes.
inline std::string quoted(std::string_view text) {
  std::string result = shown(text);
  result.insert(result.begin(), '"');
  result += '"';
  return result;
}

/// The shortest decimal that reads back to the same number, or "NaN", "infinity" or "-infinity".
template <std::floating_point Number>
std::string shown(Number number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-infinity" : "infinity";
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

}  // namespace scalar::inline v0
