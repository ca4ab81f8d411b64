#pragma once
/// The flow as the checks see it: a flat list of types, one per event, in the order written.
#include <type_traits>

#include "scalar/core/name.hpp"

namespace scalar::inline v0::flow::detail {

/// A pointer to a data member, such as `&Churn::table`. Write `requires(DataMember<decltype(M)> && ...)`: clang 16
/// crashes on a parameter pack of `DataMember auto... M`.
template <class T>
concept DataMember = std::is_member_object_pointer_v<std::remove_const_t<T>>;

template <class T>
struct MemberOf;
template <class S, class T>
struct MemberOf<T S::*> {
  using State = S;
  using Type = T;
};
/// The type of the member that `Member` points to.
template <auto Member>
using member_type = typename MemberOf<std::remove_const_t<decltype(Member)>>::Type;

template <auto... M>
struct Members {};

template <class... Ts>
struct List {};
template <class... Lists>
struct Concat;
template <>
struct Concat<> {
  using type = List<>;
};
template <class... A>
struct Concat<List<A...>> {
  using type = List<A...>;
};
template <class... A, class... B, class... Rest>
struct Concat<List<A...>, List<B...>, Rest...> : Concat<List<A..., B...>, Rest...> {};

/// Kinds of events. Composite parts put their contents between a `begin_...` and an `end`, each alternative after a
/// `branch`.
enum class Do { call, read, write, begin_parallel, branch, end };

template <Do What, FixedString Step = "", auto Member = nullptr>
struct Event {};
/// The call of a step's function with the members it updates and reads; what it returns goes into `Writes`.
template <FixedString Step, class F, class Reads, class Updates, class Writes>
struct Call {};

}  // namespace scalar::inline v0::flow::detail
