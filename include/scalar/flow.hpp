#pragma once
/// `Flow<State>`: steps that fill a struct, checked while compiling, run in parallel as far as their data allow.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/flow/context.hpp"
#include "scalar/flow/detail/mistakes.hpp"
#include "scalar/flow/detail/plan.hpp"
#include "scalar/flow/options.hpp"
#include "scalar/flow/step.hpp"

namespace scalar::inline v0 {

/// Steps that work on one `State`, written in the order in which they would run one after the other.
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
/// write run at the same time. The following do not compile, and the compiler prints a sentence that names the step and
/// the member: a member that is read before it is written, arguments or results that do not fit the function, two steps
/// with the same name, two steps in `parallel(...)` that share a member which one of them writes, a member of another
/// struct, a member that a step changes and names twice.
///
/// Thread safety: immutable; `run` may be called from any thread. Copies share the steps.
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
  // No moves: a moved-from flow would have no steps.
  Flow(const Flow&) = default;
  Flow& operator=(const Flow&) = default;

  /// Runs the steps on `initial`, whose given members the caller has filled, and returns the resulting State.
  ///
  /// Errors: an exception from a step ends the flow. Steps that are running finish, steps written before the failed one
  /// still run, and steps after it do not start; so `run` always throws the error of the first failing step in the
  /// order written, as an `Error` with the context `flow <name>, step <name>`. An `Error` keeps its code, other
  /// exceptions become `Errc::failed`; the exception itself is nested (`std::rethrow_if_nested`). `Errc::canceled` when
  /// `options.stop` was requested before the last step ended, even if that step did not check. The State is lost when
  /// `run` throws.
  State run(State initial = {}, const FlowRunOptions& options = {}, const Runtime& runtime = {}) const {
    plan_->run(&initial, options, runtime);
    return initial;
  }

 private:
  std::shared_ptr<const flow::detail::Plan> plan_;
};

}  // namespace scalar::inline v0
