#pragma once
/// The result of a step: whether it fits the members it goes into, and how several members share it.
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "scalar/core/members.hpp"

namespace scalar::inline v0::flow::detail {

/// True if every value of the number type `From` is a value of the number type `To`.
template <class To, class From>
constexpr bool holds_every_value() {
  using Wide = std::numeric_limits<To>;
  using Narrow = std::numeric_limits<From>;
  if constexpr (std::is_same_v<To, bool>)
    return std::is_same_v<From, bool>;
  else if constexpr (std::is_floating_point_v<From>)
    return std::is_floating_point_v<To> && Wide::digits >= Narrow::digits && Wide::max_exponent >= Narrow::max_exponent;
  else
    return Wide::digits >= Narrow::digits && (std::is_signed_v<To> || !std::is_signed_v<From>);
}

/// True if a `From` can be assigned to a `To`, for numbers without loss.
template <class To, class From>
constexpr bool fits_into() {
  using Plain = std::remove_cvref_t<From>;
  if constexpr (!std::is_assignable_v<To&, From>)
    return false;
  else if constexpr (!std::is_arithmetic_v<To>)
    return true;
  else if constexpr (std::is_arithmetic_v<Plain>)
    return holds_every_value<To, Plain>();
  else
    return requires(Plain (*make)()) { To{make()}; };
}
template <class To, class From>
concept FitsInto = fits_into<To, From>();

template <class R>
concept TupleLike = requires { std::tuple_size<R>::value; };

/// The number of elements that `parts` takes a value apart into; 0 for a value that stays whole.
template <class R>
constexpr std::size_t part_count() {
  if constexpr (TupleLike<R>)
    return std::tuple_size_v<R>;
  else if constexpr (std::is_aggregate_v<R> && !std::is_array_v<R>)
    return scalar::detail::member_count<R>();
  else
    return 0;
}
template <class R, std::size_t N>
concept HasParts = (part_count<R>() == N) && (TupleLike<R> || N <= scalar::detail::most_members);

/// The N elements of a value that is not needed afterwards, as a tuple of references to move from. Elements that are
/// references themselves stay lvalues: the step does not own what they refer to.
template <std::size_t N, class R>
constexpr auto parts(R& r) {
  if constexpr (TupleLike<R>)
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      using std::get;
      return std::forward_as_tuple(get<I>(std::move(r))...);
    }(std::make_index_sequence<N>{});
  else
    return scalar::detail::members_of(r);
}

template <class... E, class... M>
constexpr void assign(std::tuple<E...>&& elements, M&... members) {
  if constexpr ((std::is_lvalue_reference_v<E> || ...))
    // References may lead to the members themselves: take all values before the first is assigned.
    std::tuple<M&...>(members...) = std::tuple<std::remove_cvref_t<E>...>(std::move(elements));
  else
    std::tuple<M&...>(members...) = std::move(elements);
}
/// Puts the elements of `result`, which is not needed afterwards, into `members`, one per member.
template <class R, class... M>
constexpr void spread(R& result, M&... members) {
  assign(parts<sizeof...(M)>(result), members...);
}

}  // namespace scalar::inline v0::flow::detail
