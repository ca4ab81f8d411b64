#pragma once
/// Range: a part of `[0, count)`, and how to cut the whole into even parts.
#include <cstddef>

namespace scalar::inline v0 {

/// The indices `[begin, end)`.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  constexpr std::size_t size() const noexcept { return end - begin; }
  constexpr bool empty() const noexcept { return begin == end; }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

/// Where part `part` of `parts` begins when `[0, count)` is cut into parts whose sizes differ by at most one:
/// `count * part / parts`, without overflow.
constexpr std::size_t even_bound(std::size_t count, std::size_t part, std::size_t parts) noexcept {
  return count / parts * part + count % parts * part / parts;
}

/// The indices of part `part` of `parts` even parts of `[0, count)`.
constexpr Range even_part(std::size_t count, std::size_t part, std::size_t parts) noexcept {
  return {even_bound(count, part, parts), even_bound(count, part + 1, parts)};
}

}  // namespace scalar::inline v0
