#pragma once
/// Named fields of an aggregate: one line in the struct gives JSON, hash, validation and tuning ranges.
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "scalar/core/members.hpp"
#include "scalar/core/name.hpp"

namespace scalar::inline v0 {

/// A data member with its name and, for numbers, the range of valid values.
template <auto Member>
struct Field {
  double low = -1e308;
  double high = 1e308;

  static constexpr std::string_view name = name_of<Member>;

  /// This field restricted to `lowest <= value <= highest`; for a container, the range applies to its elements.
  constexpr Field in(double lowest, double highest) const { return {lowest, highest}; }

  template <class Struct>
  static constexpr decltype(auto) of(Struct& object) {
    return (object.*Member);
  }
};

template <auto Member>
inline constexpr Field<Member> field{};

namespace detail {

template <class T>
struct EveryMemberIsListed {
  static_assert(std::tuple_size_v<decltype(T::fields())> == member_count<T>(),
                "fields() does not list every data member of this struct");
};

}  // namespace detail

/// A plain struct with a stable `name` and a `fields()` tuple that lists every member.
template <class T>
concept Described = std::is_aggregate_v<T> && requires {
  { T::name } -> std::convertible_to<std::string_view>;
  T::fields();
};

/// Calls `visit(field, value)` for each member, in declaration order.
template <class T, class Visit>
  requires Described<std::remove_const_t<T>>
constexpr void visit_fields(T& object, Visit&& visit) {
  (void)sizeof(detail::EveryMemberIsListed<std::remove_const_t<T>>);
  std::apply([&](const auto&... member) { (visit(member, member.of(object)), ...); }, std::remove_const_t<T>::fields());
}

}  // namespace scalar::inline v0
