#pragma once
/// The parts of a flow: given members, and steps, which are callables bound to the members they read and write.
#include <tuple>
#include <type_traits>
#include <utility>

#include "scalar/core/name.hpp"
#include "scalar/flow/detail/event.hpp"

namespace scalar::inline v0 {

namespace flow::detail {

/// A callable with the members it reads, updates in place, and fills. Made by `step`; each member function returns a
/// new type.
template <FixedString Name, class F, class Reads = Members<>, class Updates = Members<>, class Writes = Members<>>
struct Step;

template <FixedString Name, class F, auto... R, auto... U, auto... W>
struct Step<Name, F, Members<R...>, Members<U...>, Members<W...>> {
  F function;

  /// Members given to the function as `const&`, in this order, after those of `update`.
  template <auto... M>
    requires(DataMember<decltype(M)> && ...)
  constexpr auto from() && {
    return Step<Name, F, Members<R..., M...>, Members<U...>, Members<W...>>{std::move(function)};
  }
  /// Members that receive what the function returns; several receive the elements of a tuple, a pair or an aggregate.
  template <auto... M>
    requires(DataMember<decltype(M)> && ...)
  constexpr auto into() && {
    return Step<Name, F, Members<R...>, Members<U...>, Members<W..., M...>>{std::move(function)};
  }
  /// Members given to the function as `&`, first, to be changed in place.
  template <auto... M>
    requires(DataMember<decltype(M)> && ...)
  constexpr auto update() && {
    return Step<Name, F, Members<R...>, Members<U..., M...>, Members<W...>>{std::move(function)};
  }

  using Events = List<Call<Name, F, Members<R...>, Members<U...>, Members<W...>>, Event<Do::read, Name, R>...,
                      Event<Do::read, Name, U>..., Event<Do::write, Name, U>..., Event<Do::write, Name, W>...>;
};

/// Members that the caller of `run` fills.
template <auto... M>
struct Given {
  using Events = List<Event<Do::write, "given", M>...>;
};

/// Parts that are claimed to be independent.
template <class... Parts>
struct Parallel {
  std::tuple<Parts...> parts;
  using Events = typename Concat<List<Event<Do::begin_parallel>>,
                                 typename Concat<List<Event<Do::branch>>, typename Parts::Events>::type...,
                                 List<Event<Do::end>>>::type;
};

/// What a flow is made of.
template <class T>
concept Part = requires { typename T::Events; };

}  // namespace flow::detail

/// A step with an explicit name, for lambdas and function objects:
///
///     step<"normalize">([](const Table& table) { ... })
///
/// The function is called as const, possibly from several threads at once, with a `const&` to each member that it
/// reads.
template <FixedString Name, class F>
constexpr auto step(F function) {
  static_assert(!Name.view().empty(), "flow: a step needs a name that is not empty");
  return flow::detail::Step<Name, F>{std::move(function)};
}

/// A step named after the function, or member function, that it calls: `step<load>()`.
template <auto Function>
constexpr auto step() {
  using F = std::remove_const_t<decltype(Function)>;  // a function object as argument is const
  static_assert(std::is_pointer_v<F> || std::is_member_pointer_v<F>,
                "flow: a lambda has no name; write step<\"...\">(lambda)");
  return flow::detail::Step<FixedString<name_of<Function>.size() + 1>{name_of<Function>}, F>{Function};
}

/// Members that the caller fills before `run`; steps after it may read them.
template <auto... M>
  requires(flow::detail::DataMember<decltype(M)> && ...)
constexpr auto given() {
  return flow::detail::Given<M...>{};
}

/// Parts that the author claims are independent: if two of them share a member that one of them writes, the flow does
/// not compile. `parallel` has no other effect, because steps that share nothing they write overlap anyway.
template <flow::detail::Part... Parts>
constexpr auto parallel(Parts... parts) {
  return flow::detail::Parallel<Parts...>{{std::move(parts)...}};
}

}  // namespace scalar::inline v0
