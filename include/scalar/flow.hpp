#pragma once
/// `Flow<State>`: steps that fill a struct, checked while compiling, run in parallel as far as their data allow.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/flow/context.hpp"
#include "scalar/flow/detail/plan.hpp"
#include "scalar/flow/detail/mistakes.hpp"
#include "scalar/flow/options.hpp"
#include "scalar/flow/step.hpp"

namespace scalar::inline v0 {

/// Steps over one `State`, in the order a reader would run them.
///
/// ```
/// Flow<Churn> flow("churn",
///     given<&Churn::source>(),
///     step<load>().from<&Churn::source>().into<&Churn::table>(),
///     step<fit_linear>().from<&Churn::table>().into<&Churn::linear>(),   // these two overlap:
///     step<fit_trees>().from<&Churn::table>().into<&Churn::trees>());    // they share only what they read
/// Churn done = flow.run({.source = "adult.csv"});
/// ```
///
/// The result is that of running the steps one after the other in the order written; steps that share nothing they
/// write run at the same time. These do not compile, and the compiler prints a sentence naming step and member: a
/// member read before it is written, arguments or results that do not fit the function, two steps of one name, two
/// steps in `parallel(...)` that share a member which one of them writes, a member of another struct, a member that a
/// step changes named twice.
///
/// Thread safety: immutable, `run` may be called from any thread; copies share.
template <class State>
class Flow {
 public:
  template <flow::detail::Part... Parts>
  explicit Flow(std::string name, Parts... parts) {
    using Events = typename flow::detail::Concat<typename Parts::Events...>::type;
    if constexpr (flow::detail::finding<State, Events>.fault == flow::detail::Fault::none) {
      std::vector<flow::detail::Node> nodes;
      (flow::detail::add<State>(nodes, std::move(parts)), ...);
      plan_ = std::make_shared<const flow::detail::Plan>(std::move(name), std::move(nodes));
    } else
      flow::detail::explain<State>(static_cast<Events*>(nullptr));
  }
  // No moves: a flow that was moved from would have no steps.
  Flow(const Flow&) = default;
  Flow& operator=(const Flow&) = default;

  /// Runs the steps on `initial`, whose given members the caller has filled, and returns what they made of it.
  ///
  /// Errors: what a step throws ends the flow. Steps that are running finish, steps written before the failed one still
  /// run, those after it do not start; so it is always the error of the first step in the order written that leaves, as
  /// `Error` with the context `flow <name>, step <name>`. An `Error` keeps its code, other exceptions become
  /// `Errc::failed`; the exception itself is nested (`std::rethrow_if_nested`). `Errc::canceled` when `options.stop`
  /// was requested before the last step ended, even where that step did not look. The State is lost with the error.
  State run(State initial = {}, const FlowRunOptions& options = {}, const Runtime& runtime = {}) const {
    plan_->run(&initial, options, runtime);
    return initial;
  }

 private:
  std::shared_ptr<const flow::detail::Plan> plan_;
};

}  // namespace scalar::inline v0
