#pragma once
/// The peers of a fit, in one process or several, and learners that add up sums over their rows.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/backend/together.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::native {

/// What the processes that share a fit must agree on: the spec, the data, and how sums are added.
class Problem {
 public:
  Problem(std::string_view name, std::string spec, const Dataset& contiguous, int shards);

  /// Compares the problem with that of process 0.
  /// Errors: `Errc::invalid_argument`, naming the process and what is different.
  bsp::Task<> check(bsp::Peer& peer) const;

 private:
  struct Print {  // what the processes compare
    Hash128 spec{}, data{};
    std::int64_t rows = 0, columns = 0, shards = 0;
  };
  std::string name_, spec_;
  Print print_;
};

/// Sends the bytes that rank 0 has in `bytes` to the first peer of each other process.
bsp::Task<> hand_out(bsp::Peer& peer, std::vector<std::byte>& bytes);

/// The peers of one fit, in all its processes.
class Peers {
 public:
  Peers(const FitOptions& options, const Runtime& runtime) : options_(options), runtime_(runtime) {}

  /// Returns what `fit()` returns, which prepares and then calls `run`. An exception that `fit` throws before `run` is
  /// thrown in all processes.
  template <class Fit>
  auto lead(const Fit& fit) {
    try {
      return fit();
    } catch (...) {
      if (!has_run_) throw_together(options_, runtime_, std::current_exception());
      throw;
    }
  }

  /// Runs the task `body(peer, team)` on every peer; returns rank 0's result in every process.
  template <Spec S, class Body>
  auto run(const S& spec, const Dataset& contiguous, int shards, const Body& body) {
    using Result = typename std::invoke_result_t<const Body&, bsp::Peer&, const ThreadTeam&>::value_type;
    const bool is_shared = options_.transport != nullptr;
    const Problem problem(S::name, is_shared ? to_json(spec) : "", is_shared ? contiguous : Dataset{}, shards);
    has_run_ = true;
    const bsp::Engine engine({.peers = options_.peers, .transport = options_.transport}, runtime_);
    std::vector<Result> results = engine.run_all([&](bsp::Peer& peer) -> bsp::Task<Result> {
      if (is_shared) co_await problem.check(peer);
      const ThreadTeam team(runtime_, peer.placement().local());
      Result result = co_await body(peer, team);
      if (peer.placement().local() != peer.size()) {
        std::vector<std::byte> bytes;
        if (peer.rank() == 0) bytes = to_bytes(result);
        co_await hand_out(peer, bytes);
        if (!bytes.empty() && peer.rank() != 0) from_bytes(bytes, result);
      }
      co_return result;
    });
    return std::move(results.front());
  }

 private:
  const FitOptions& options_;
  Runtime runtime_;
  bool has_run_ = false;
};

/// Gives the sums of a learner's shards to a fold, one after the other.
template <class Learner, class Number>
void fold_shards(Learner& learner, bsp::ShardRange shards, bsp::ShardFold<Number>& fold, std::vector<Number>& totals) {
  fold.reset(shards.first, learner.size());
  totals.resize(learner.size());
  for (int i = 0; i < shards.count(); ++i) fold.push([&](std::span<Number> sums) { learner.leaf(i, sums); });
}

/// Runs the learner `make(is_first, shards, team)` on each peer until it has no more work; returns the first one's
/// result.
///
/// A learner processes the rows of its shards in `bool work()` (false: it is done), provides the `size()` sums of its
/// i-th shard in `leaf(i, sums)`, and continues from the totals of all shards in `absorb(totals)`. All learners see the
/// same totals, so they make the same decisions. How totals are added depends only on the number of shards.
template <Spec S, class Make>
auto learn(Peers& peers, const S& spec, const Dataset& contiguous, int shards, const Make& make) {
  using Learner = std::invoke_result_t<const Make&, bool, bsp::ShardRange, const ThreadTeam&>;
  using Number = typename Learner::Number;
  using Result = decltype(std::declval<Learner&>().result());
  return peers.run(spec, contiguous, shards, [&](bsp::Peer& peer, const ThreadTeam& team) -> bsp::Task<Result> {
    bsp::ShardReduce<Number> reduce(peer, shards);
    bsp::ShardFold<Number> fold(reduce.shards().first, 0);
    std::vector<Number> totals;
    Learner learner = make(peer.rank() == 0, reduce.shards(), team);
    while (learner.work()) {
      fold_shards(learner, reduce.shards(), fold, totals);
      co_await reduce.all_reduce(fold, std::span<Number>(totals));
      learner.absorb(totals);
    }
    if (peer.rank() == 0) co_return learner.result();
    co_return Result{};
  });
}

/// The fit of a spec that is learned from sums over shards: checks its arguments, and runs the learners
/// `prepare(contiguous, shards)(is_first, shards, team)` on the peers. `usual` is the number of shards unless
/// `options.shards` is set.
template <Spec S, class Prepare>
auto fit_with(const S& spec, const Dataset& data, const FitOptions& options, const Runtime& runtime, int usual,
              const Prepare& prepare) {
  Peers peers(options, runtime);
  return peers.lead([&] {
    validate(spec);
    const int shards = shards_of(S::name, options, usual);
    const Dataset contiguous = checked(S::name, data, runtime);
    const auto make = prepare(contiguous, shards);
    return learn(peers, spec, contiguous, shards, make);
  });
}

}  // namespace scalar::inline v0::backend::native
