#pragma once
/// Checks the whole flow while compiling. `Walk` is ordinary constexpr code over a table of events.
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "scalar/flow/context.hpp"
#include "scalar/flow/detail/event.hpp"
#include "scalar/flow/detail/result.hpp"

namespace scalar::inline v0::flow::detail {

enum class Fault {
  none,
  unbound_read,
  shared_write,
  same_name,
  other_struct,
  member_twice,
  not_callable,
  wrong_count,
  does_not_fit
};

/// An event as plain data.
struct Record {
  Do what{};
  std::uint64_t step = 0, member = 0;  // identities
  Fault fault = Fault::none;           // found by looking at this event alone
};

/// Whether a step's function can be called with the members it is given, how, and what it returns.
template <class F, class Reads, class Updates>
struct Calls {
  static constexpr bool ok = false;
};
template <class F, auto... R, auto... U>
  requires std::is_invocable_v<const F&, member_type<U>&..., const member_type<R>&...>
struct Calls<F, Members<R...>, Members<U...>> {
  static constexpr bool ok = true, takes_context = false;
  using Result = std::invoke_result_t<const F&, member_type<U>&..., const member_type<R>&...>;
};
template <class F, auto... R, auto... U>
  requires(!std::is_invocable_v<const F&, member_type<U>&..., const member_type<R>&...> &&
           std::is_invocable_v<const F&, const StepContext&, member_type<U>&..., const member_type<R>&...>)
struct Calls<F, Members<R...>, Members<U...>> {
  static constexpr bool ok = true, takes_context = true;
  using Result = std::invoke_result_t<const F&, const StepContext&, member_type<U>&..., const member_type<R>&...>;
};

// Functions and not lambdas: clang <= 19 cannot expand an outer `auto...` pack beside the pack of a generic lambda.
template <class Parts, auto... W, std::size_t... I>
constexpr bool each_fits(Members<W...>, std::index_sequence<I...>) {
  return (FitsInto<member_type<W>, std::tuple_element_t<I, Parts>> && ...);
}
template <class Result, auto... W>
constexpr Fault result_fault(Members<W...> into) {
  using Value = std::remove_cvref_t<Result>;
  if constexpr (sizeof...(W) == 0)
    return std::is_void_v<Result> ? Fault::none : Fault::wrong_count;
  else if constexpr (sizeof...(W) == 1)
    return (FitsInto<member_type<W>, Result> && ...) ? Fault::none : Fault::does_not_fit;
  else if constexpr (!HasParts<Value, sizeof...(W)>)  // void has no parts either
    return Fault::wrong_count;
  else
    return each_fits<decltype(parts<sizeof...(W)>(std::declval<Value&>()))>(into,
                                                                            std::make_index_sequence<sizeof...(W)>{})
               ? Fault::none
               : Fault::does_not_fit;
}

/// True if a member that the step changes is named again among those it gets or changes.
template <auto... R, auto... U, auto... W>
constexpr bool names_one_twice(Members<R...>, Members<U...>, Members<W...>) {
  constexpr std::size_t changed = sizeof...(U) + sizeof...(W), all = changed + sizeof...(R);
  const std::array<std::uint64_t, all + 1> ids{scalar::detail::identity<W>..., scalar::detail::identity<U>...,
                                               scalar::detail::identity<R>...};
  for (std::size_t i = 0; i < changed; ++i)
    for (std::size_t j = i + 1; j < all; ++j)
      // A step may read what it then replaces: the result is assigned after the call.
      if (ids[i] == ids[j] && !(i < sizeof...(W) && j >= changed)) return true;
  return false;
}

template <class State, Do What, FixedString Step, auto Member>
constexpr Record record(Event<What, Step, Member>) {
  Record record{What, scalar::detail::fnv1a(Step.view()), scalar::detail::identity<Member>};
  if constexpr (What == Do::read || What == Do::write) {
    using Owner = typename MemberOf<std::remove_const_t<decltype(Member)>>::State;
    if (!std::is_same_v<Owner, State> && !std::is_base_of_v<Owner, State>) record.fault = Fault::other_struct;
  }
  return record;
}
template <class State, FixedString Step, class F, class Reads, class Updates, class Writes>
constexpr Record record(Call<Step, F, Reads, Updates, Writes>) {
  Record record{Do::call, scalar::detail::fnv1a(Step.view())};
  using Checked = Calls<F, Reads, Updates>;
  if constexpr (!Checked::ok)
    record.fault = Fault::not_callable;
  else
    record.fault = result_fault<typename Checked::Result>(Writes{});
  if (record.fault == Fault::none && names_one_twice(Reads{}, Updates{}, Writes{})) record.fault = Fault::member_twice;
  return record;
}

/// The first mistake found, and the events it is about.
struct Finding {
  Fault fault = Fault::none;
  std::size_t at = 0, other = 0;
};

/// Follows the events in the order written and keeps track of which members have a value.
template <std::size_t N>
struct Walk {
  using Marks = std::array<bool, N>;  // indexed by the first event with that member
  struct Touched {
    Marks read{}, write{};
    std::array<std::size_t, N> by{};  // the event that wrote the member, or else read it
  };

  std::array<Record, N> events;
  std::array<std::size_t, N> slot{};  // event -> index of the first event with the same member
  Finding found{};

  constexpr explicit Walk(const std::array<Record, N>& list) : events(list) {
    for (std::size_t i = 0; i < N; ++i) {
      while (events[slot[i]].member != events[i].member) ++slot[i];
      if (events[i].fault != Fault::none) report(events[i].fault, i);
      if (events[i].what != Do::call) continue;
      for (std::size_t j = 0; j < i; ++j)
        if (events[j].what == Do::call && events[j].step == events[i].step) report(Fault::same_name, i, j);
    }
    Marks known{};
    Touched touched{};
    block(0, known, touched);
  }

  constexpr void report(Fault fault, std::size_t at, std::size_t other = 0) {
    if (found.fault == Fault::none) found = {fault, at, other};
  }

  /// Walks to the end of the block that begins at `i`; `touched` collects what the block uses.
  constexpr std::size_t block(std::size_t i, Marks& known, Touched& touched) {
    while (i < N && events[i].what != Do::branch && events[i].what != Do::end) {
      const std::size_t m = slot[i];
      switch (events[i].what) {
        case Do::read:
          if (!known[m]) report(Fault::unbound_read, i);
          if (!touched.read[m] && !touched.write[m]) touched.by[m] = i;
          touched.read[m] = true;
          ++i;
          break;
        case Do::write:
          known[m] = true;
          touched.write[m] = true;
          touched.by[m] = i;
          ++i;
          break;
        case Do::begin_parallel:
          i = parallel(i + 1, known, touched);
          break;
        default:
          ++i;
      }
    }
    return i;
  }

  constexpr std::size_t parallel(std::size_t i, Marks& known, Touched& outer) {
    const Marks before = known;
    Touched all{};
    while (i < N && events[i].what == Do::branch) {
      Marks mine = before;
      Touched used{};
      i = block(i + 1, mine, used);
      for (std::size_t m = 0; m < N; ++m) {
        if ((used.write[m] && (all.write[m] || all.read[m])) || (used.read[m] && all.write[m]))
          report(Fault::shared_write, all.by[m], used.by[m]);
        known[m] = known[m] || mine[m];
      }
      merge(all, used);
    }
    merge(outer, all);
    return i + 1;
  }

  static constexpr void merge(Touched& into, const Touched& used) {
    for (std::size_t m = 0; m < N; ++m) {
      if (used.write[m] || (used.read[m] && !into.write[m])) into.by[m] = used.by[m];
      into.read[m] = into.read[m] || used.read[m];
      into.write[m] = into.write[m] || used.write[m];
    }
  }
};

/// The first mistake of a flow, or none.
template <class State, class Events>
inline constexpr Finding finding = {};
template <class State, class First, class... Rest>
inline constexpr Finding finding<State, List<First, Rest...>> =
    Walk<1 + sizeof...(Rest)>({record<State>(First{}), record<State>(Rest{})...}).found;

}  // namespace scalar::inline v0::flow::detail
