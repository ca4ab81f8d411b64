#pragma once
/// What the compiler says about a flow with a mistake. There is one struct per mistake: its name and arguments say
/// where the mistake is, its assertion states the rule.
#include <cstddef>
#include <tuple>

#include "scalar/flow/detail/check.hpp"

namespace scalar::inline v0::flow::detail {

/// Always false; the compiler prints the arguments beside the sentence.
template <class...>
inline constexpr bool is_allowed = false;
template <auto...>
inline constexpr bool may = false;

template <FixedString Step, auto Member>
struct ReadBeforeWritten {
  static_assert(
      may<Member>,
      "flow: a step reads a member that no earlier step writes; move the step, or name the member in given<>()");
};
template <FixedString StepA, FixedString StepB, auto Member>
struct ParallelStepsShare {
  static_assert(may<Member>, "flow: two steps inside parallel(...) use one member, and one of them writes it");
};
template <FixedString Name>
struct StepNameUsedTwice {
  static_assert(may<Name>, "flow: two steps have the same name; name one with step<\"...\">(function)");
};
template <FixedString Step, auto Member, class State>
struct MemberOfAnotherStruct {
  static_assert(may<Member>, "flow: a step uses a member of a struct that is not the flow's State");
};
template <FixedString Step, class Reads, class Updates, class Writes>
struct MemberNamedTwice {
  static_assert(is_allowed<Reads>,
                "flow: a step names a member that it changes twice in its update<>(), into<>() and from<>()");
};
template <FixedString Step, class Function, class... Arguments>
struct CannotBeCalledWith {
  static_assert(
      is_allowed<Function>,
      "flow: the step's function cannot be called with the members of update<>() and from<>(), in that order (it may "
      "take a const StepContext& before them)");
};
template <FixedString Step, class Result, class Members>
struct ResultDoesNotFit {
  static_assert(is_allowed<Result>,
                "flow: what the step returns cannot be stored in the members of its into<>() without loss");
};
template <FixedString Step, class Result, std::size_t Count>
struct ResultHasOtherCount {
  static_assert(
      is_allowed<Result>,
      "flow: the step must return one element for each member of its into<>() (a tuple, a pair or an aggregate; "
      "void for none)");
};

template <class Event>
struct At;
template <Do What, FixedString Step, auto Member>
struct At<Event<What, Step, Member>> {
  static constexpr auto step = Step;
  static constexpr auto member = Member;
};
template <FixedString Step, class F, class Reads, class Updates, class Writes>
struct At<Call<Step, F, Reads, Updates, Writes>> {
  static constexpr auto step = Step;
  static constexpr auto member = nullptr;
};

template <Fault What, FixedString Step, class F, auto... R, auto... U, auto... W>
constexpr void explain_call(Call<Step, F, Members<R...>, Members<U...>, Members<W...>>*) {
  if constexpr (What == Fault::not_callable)
    (void)sizeof(CannotBeCalledWith<Step, F, member_type<U>&..., const member_type<R>&...>);
  else if constexpr (What == Fault::member_twice)
    (void)sizeof(MemberNamedTwice<Step, Members<R...>, Members<U...>, Members<W...>>);
  else {
    using Result = typename Calls<F, Members<R...>, Members<U...>>::Result;
    if constexpr (What == Fault::wrong_count)
      (void)sizeof(ResultHasOtherCount<Step, Result, sizeof...(W)>);
    else
      (void)sizeof(ResultDoesNotFit<Step, Result, Members<W...>>);
  }
}

/// Does not compile, and says why.
template <class State, class... Events>
constexpr void explain(List<Events...>*) {
  constexpr Finding found = finding<State, List<Events...>>;
  using First = std::tuple_element_t<found.at, std::tuple<Events...>>;
  using One = At<First>;
  using Two = At<std::tuple_element_t<found.other, std::tuple<Events...>>>;
  if constexpr (found.fault == Fault::same_name)
    (void)sizeof(StepNameUsedTwice<One::step>);
  else if constexpr (found.fault == Fault::unbound_read)
    (void)sizeof(ReadBeforeWritten<One::step, One::member>);
  else if constexpr (found.fault == Fault::shared_write)
    (void)sizeof(ParallelStepsShare<One::step, Two::step, One::member>);
  else if constexpr (found.fault == Fault::other_struct)
    (void)sizeof(MemberOfAnotherStruct<One::step, One::member, State>);
  else
    explain_call<found.fault>(static_cast<First*>(nullptr));
}

}  // namespace scalar::inline v0::flow::detail
