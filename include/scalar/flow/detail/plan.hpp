#pragma once
/// A flow without its types, which src/flow links and runs.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "scalar/core/name.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/flow/context.hpp"
#include "scalar/flow/detail/check.hpp"
#include "scalar/flow/detail/result.hpp"
#include "scalar/flow/options.hpp"
#include "scalar/flow/step.hpp"

namespace scalar::inline v0::flow::detail {

/// A step without its types.
struct Node {
  std::string name{};
  std::vector<std::uint64_t> reads{}, writes{};  ///< identities of members; an updated one is in both
  std::function<void(void* state, const StepContext& context)> call{};
};

/// Nodes in the order written, linked by what they share: a node waits for the last writer of what it uses, and for the
/// readers since then of what it writes. Immutable; `run` may be called from any thread.
class Plan {
 public:
  Plan(std::string name, std::vector<Node> nodes);

  /// Errors: those of the steps, see `Flow::run`.
  void run(void* state, const FlowRunOptions& options, const Runtime& runtime) const;

 private:
  class Run;
  std::string name_;
  std::vector<Node> nodes_;
  std::vector<std::vector<std::size_t>> followers_;  // nodes that wait for this one; all come later
  std::vector<std::size_t> waits_;                   // how many nodes this one waits for
};

template <class State, FixedString Name, class F, auto... R, auto... U, auto... W>
void add(std::vector<Node>& nodes, Step<Name, F, Members<R...>, Members<U...>, Members<W...>>&& step) {
  Node& node = nodes.emplace_back(Node{.name = std::string(Name.view()),
                                       .reads = {scalar::detail::identity<R>..., scalar::detail::identity<U>...},
                                       .writes = {scalar::detail::identity<U>..., scalar::detail::identity<W>...}});
  // Shared, so that a function that can only be moved fits into std::function.
  node.call = [function = std::make_shared<const F>(std::move(step.function))](void* memory,
                                                                               const StepContext& context) {
    State& state = *static_cast<State*>(memory);
    const auto call = [&]() -> decltype(auto) {
      if constexpr (Calls<F, Members<R...>, Members<U...>>::takes_context)
        return std::invoke(*function, context, state.*U..., std::as_const(state.*R)...);
      else
        return std::invoke(*function, state.*U..., std::as_const(state.*R)...);
    };
    (void)state, (void)context;  // a step without members
    if constexpr (sizeof...(W) == 0)
      call();
    else if constexpr (sizeof...(W) == 1)
      ((state.*W = call()), ...);
    else {
      auto result = call();
      spread(result, state.*W...);
    }
  };
}
template <class State, auto... M>
void add(std::vector<Node>&, Given<M...>&&) {}  // nothing to run: the caller has filled them
template <class State, class... Parts>
void add(std::vector<Node>& nodes, Parallel<Parts...>&& parallel) {
  // The claim has been checked while compiling; the steps run like all others.
  std::apply([&](auto&... part) { (add<State>(nodes, std::move(part)), ...); }, parallel.parts);
}

}  // namespace scalar::inline v0::flow::detail
