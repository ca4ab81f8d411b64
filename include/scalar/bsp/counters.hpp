#pragma once
/// Counters<"name", ...>: named counts that peers add to and sum with a collective.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "scalar/core/name.hpp"

namespace scalar::inline v0::bsp {

namespace detail {

constexpr std::size_t index_of(std::span<const std::string_view> names, std::string_view name) noexcept {
  std::size_t at = 0;
  while (at < names.size() && names[at] != name) ++at;
  return at;
}
template <std::size_t Count>
constexpr bool are_distinct(std::array<std::string_view, Count> names) noexcept {
  for (std::size_t i = 0; i < Count; ++i)
    if (index_of(names, names[i]) != i) return false;
  return true;
}

}  // namespace detail

/// One count per name, each starting at 0. An unknown name does not compile.
///
/// A plain value: every peer has its own, and `co_await all_reduce(peer, counters, std::plus{})` gives every peer the
/// totals, at the end of the run or in any superstep. An `Aggregator<Counters<...>>` shares its barrier with other
/// aggregators. Up to 32 names fit a barrier.
template <FixedString... Names>
class Counters {
 public:
  static constexpr std::array<std::string_view, sizeof...(Names)> names{Names.view()...};

  /// The count for `Name`, to read or to add to: `counters.at<"malformed">() += 1`.
  template <FixedString Name>
  constexpr std::uint64_t& at() noexcept {
    return counts_[index<Name>()];
  }
  template <FixedString Name>
  constexpr std::uint64_t at() const noexcept {
    return counts_[index<Name>()];
  }
  /// All names and counts, in the order of the names.
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, sizeof...(Names)> all() const noexcept {
    std::array<std::pair<std::string_view, std::uint64_t>, sizeof...(Names)> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {names[i], counts_[i]};
    return pairs;
  }

  friend constexpr Counters operator+(Counters a, const Counters& b) noexcept {
    for (std::size_t i = 0; i < sizeof...(Names); ++i) a.counts_[i] += b.counts_[i];
    return a;
  }
  friend constexpr bool operator==(const Counters&, const Counters&) = default;

 private:
  template <FixedString Name>
  static constexpr std::size_t index() noexcept {
    constexpr std::size_t at = detail::index_of(std::span<const std::string_view>(names), Name.view());
    static_assert(at < sizeof...(Names), "no counter has this name");
    return at;
  }
  static_assert(detail::are_distinct<sizeof...(Names)>({Names.view()...}), "two counters have one name");

  std::array<std::uint64_t, sizeof...(Names)> counts_{};
};

}  // namespace scalar::inline v0::bsp
