#pragma once
/// Names at compile time: string literals as template arguments, and the spelling of members, functions and
/// enumerators.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scalar::inline v0 {

/// A string usable as a template argument: `step<"load">`.
template <std::size_t Size>
struct FixedString {
  char text[Size]{};

  constexpr FixedString(const char (&literal)[Size]) noexcept {  // NOLINT: a literal is one
    for (std::size_t i = 0; i < Size; ++i) text[i] = literal[i];
  }
  constexpr explicit FixedString(std::string_view view) noexcept {
    for (std::size_t i = 0; i + 1 < Size && i < view.size(); ++i) text[i] = view[i];
  }
  constexpr std::string_view view() const noexcept { return {text, Size - 1}; }
};

namespace detail {

template <auto Value>
constexpr std::string_view spelled() noexcept {
  return __PRETTY_FUNCTION__;
}

constexpr bool is_word(char c) noexcept {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The last identifier of "Value = &Churn::table", "load", "& S<int>::x", "fit<int>", "Loss::squared".
constexpr std::string_view last_word(std::string_view text) noexcept {
  constexpr std::string_view marker = "Value = ";
  text.remove_prefix(text.find(marker) + marker.size());
  text = text.substr(0, text.find_first_of(";]"));
  if (text.ends_with('>'))
    for (int depth = 0; !text.empty();) {
      depth += text.back() == '>' ? 1 : text.back() == '<' ? -1 : 0;
      text.remove_suffix(1);
      if (depth == 0) break;
    }
  while (!text.empty() && !is_word(text.back())) text.remove_suffix(1);
  std::size_t begin = text.size();
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  return text.substr(begin);
}

constexpr std::uint64_t fnv1a(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

/// A number that identifies a template argument, so that arguments of different types can be compared. It is a hash of
/// the spelling and not an address: with -fsanitize=undefined, g++ 12 does not accept the comparison of two addresses
/// as a constant.
template <auto Value>
inline constexpr std::uint64_t identity = fnv1a(spelled<Value>());

}  // namespace detail

/// The name of a data member, function or enumerator as written in the source.
template <auto Value>
inline constexpr std::string_view name_of = detail::last_word(detail::spelled<Value>());

}  // namespace scalar::inline v0
