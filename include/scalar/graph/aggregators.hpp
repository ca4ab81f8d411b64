#pragma once
/// Aggregators: they combine values of all vertices in a superstep for all vertices in the next.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "scalar/core/members.hpp"

namespace scalar::inline v0::graph {

/// The sum of the added values. Integer sums do not depend on the number of peers; the last bits of others do.
template <class T>
struct Sum {
  T total{};

  constexpr void add(const T& value) { total += value; }
  constexpr void merge(const Sum& other) { total += other.total; }
  constexpr T value() const { return total; }
};

/// The smallest added value; without any, the greatest number of the type (infinity if it has one).
template <class T>
struct Min {
  T least = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : (std::numeric_limits<T>::max)();

  constexpr void add(const T& value) {
    if (value < least) least = value;
  }
  constexpr void merge(const Min& other) { add(other.least); }
  constexpr T value() const { return least; }
};

/// The greatest added value; without any, the smallest number of the type (-infinity if it has one).
template <class T>
struct Max {
  T greatest =
      std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();

  constexpr void add(const T& value) {
    if (greatest < value) greatest = value;
  }
  constexpr void merge(const Max& other) { add(other.greatest); }
  constexpr T value() const { return greatest; }
};

/// The mean of the added values; 0 without any.
struct Average {
  double total = 0;
  std::uint64_t count = 0;

  constexpr void add(double value) { total += value, ++count; }
  constexpr void merge(const Average& other) { total += other.total, count += other.count; }
  constexpr double value() const { return count == 0 ? 0.0 : total / static_cast<double>(count); }
};

/// Whether all added values were true.
struct All {
  bool all = true;

  constexpr void add(bool value) { all = all && value; }
  constexpr void merge(const All& other) { add(other.all); }
  constexpr bool value() const { return all; }
};

/// Whether any added value was true.
struct Any {
  bool any = false;

  constexpr void add(bool value) { any = any || value; }
  constexpr void merge(const Any& other) { add(other.any); }
  constexpr bool value() const { return any; }
};

namespace detail {

/// Merges `from` into `into`: by its member `merge` if it has one, else member by member.
template <class Aggregates>
constexpr void merge_aggregates(Aggregates& into, const Aggregates& from) {
  if constexpr (requires { into.merge(from); }) {
    into.merge(from);
  } else if constexpr (!std::is_empty_v<Aggregates>) {
    constexpr std::size_t count = scalar::detail::member_count<Aggregates>();
    static_assert(count <= scalar::detail::most_members,
                  "more than 16 aggregators: give the struct a member merge(const itself&)");
    auto ours = scalar::detail::members_of(into);
    const auto theirs = scalar::detail::members_of(from);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<I>(ours).merge(std::get<I>(theirs)), ...);
    }(std::make_index_sequence<count>{});
  }
}

}  // namespace detail
}  // namespace scalar::inline v0::graph
