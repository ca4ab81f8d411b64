#pragma once
/// One learner or many that add their sums: the same code for one process and for BSP peers.
#include <functional>
#include <utility>

#include "scalar/backend/backend.hpp"
#include "scalar/bsp/engine.hpp"

namespace scalar::inline v0::backend::native {

/// Runs `make(rank)` on each of `peers` peers until it has no more work, and returns rank 0's result.
///
/// A learner does its share of the work in `bool work()` (false: it is done), offers partial sums in `sums()`, and goes
/// on from the totals in `absorb()`. All learners see the same totals, so they take the same decisions.
template <class Make>
auto learn(int peers, const Runtime& runtime, Make make) {
  if (peers == 1) {
    auto learner = make(0);
    while (learner.work()) learner.absorb();
    return learner.result();
  }
  using Result = decltype(make(0).result());
  bsp::Engine engine{{.peers = peers}, runtime};
  return engine.run([&](bsp::Peer& peer) -> bsp::Task<Result> {
    auto learner = make(peer.rank());
    while (learner.work()) {
      co_await peer.all_reduce(learner.sums(), std::plus{});
      learner.absorb();
    }
    if (peer.rank() == 0) co_return learner.result();
    co_return Result{};
  });
}

}  // namespace scalar::inline v0::backend::native
