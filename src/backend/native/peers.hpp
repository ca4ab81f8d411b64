#pragma once
/// Learners on BSP peers that add up what their rows say.
#include <cstddef>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/bsp/shards.hpp"

namespace scalar::inline v0::backend::native {

/// Hands the sums of a learner's shards to a fold, one after the other.
template <class Learner, class Number>
void fold_shards(Learner& learner, bsp::ShardRange shards, bsp::ShardFold<Number>& fold, std::vector<Number>& totals) {
  fold.reset(shards.first, learner.size());
  totals.resize(learner.size());
  for (int i = 0; i < shards.count(); ++i) fold.push([&](std::span<Number> sums) { learner.leaf(i, sums); });
}

/// Runs `make(rank, shards)` on each of `options.peers` peers until it has no more work; returns rank 0's result.
///
/// A learner looks at the rows of its shards in `bool work()` (false: it is done), offers the `size()` sums of its i-th
/// shard in `leaf(i, sums)`, and goes on from the totals of all shards in `absorb(totals)`. All learners see the same
/// totals, so they take the same decisions. How totals are added depends on the number of shards alone.
template <class Make>
auto learn(const FitOptions& options, int shards, const Runtime& runtime, const Make& make) {
  using Learner = decltype(make(0, bsp::ShardRange{}));
  using Number = typename Learner::Number;
  using Result = decltype(std::declval<Learner&>().result());
  const bsp::Engine engine{{.peers = options.peers}, runtime};
  return engine.run([&](bsp::Peer& peer) -> bsp::Task<Result> {
    bsp::ShardReduce<Number> reduce(peer, shards);
    bsp::ShardFold<Number> fold(reduce.shards().first, 0);
    std::vector<Number> totals;
    Learner learner = make(peer.rank(), reduce.shards());
    while (learner.work()) {
      fold_shards(learner, reduce.shards(), fold, totals);
      co_await reduce.all_reduce(fold, std::span<Number>(totals));
      learner.absorb(totals);
    }
    if (peer.rank() == 0) co_return learner.result();
    co_return Result{};
  });
}

}  // namespace scalar::inline v0::backend::native
