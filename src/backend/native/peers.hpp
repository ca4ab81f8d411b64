#pragma once
/// The peers of a fit, in one process or several, and learners that add up sums over their rows.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/native/fit_state.hpp"
#include "backend/native/peer_rounds.hpp"
#include "backend/native/rows.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/backend/check_fit_options.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/backend/together.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::native {

/// What the processes that share a fit must agree on: the spec, the data, how sums are added, and the options.
class Problem {
 public:
  Problem(std::string_view name, std::string spec, const Dataset& contiguous, int shards, const FitOptions& options);

  const FitPrint& print() const { return print_; }

  /// Compares the problem with that of process 0.
  /// Errors: `Errc::invalid_argument`, naming the process and what is different.
  bsp::Task<> check(bsp::Peer& peer) const;

 private:
  std::string name_, spec_;
  FitPrint print_;
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

  /// Runs the task `body(peer, team, state)` on every peer; returns rank 0's result in every process. `shards`: those
  /// that sums are added by, 0 if sums do not depend on them; a checkpoint can be continued by `state_shards` peers at
  /// most.
  template <Spec S, class Body>
  auto run(const S& spec, const Dataset& contiguous, int shards, int state_shards, const Body& body) {
    using Result = typename std::invoke_result_t<const Body&, bsp::Peer&, const ThreadTeam&, FitState&>::value_type;
    const bool is_shared = options_.transport != nullptr, has_print = is_shared || keeps_checkpoints();
    const Problem problem(S::name, has_print ? to_json(spec) : "", has_print ? contiguous : Dataset{}, shards,
                          has_print ? options_ : FitOptions{});
    has_run_ = true;
    const bsp::Engine engine({.peers = options_.peers,
                              .transport = options_.transport,
                              .checkpoints = {.directory = options_.checkpoint.directory, .name = "fit"}},
                             runtime_);
    std::vector<Result> results = engine.run_all([&](bsp::Peer& peer) -> bsp::Task<Result> {
      FitState state(peer, S::name, problem.print(), options_, state_shards);
      if (is_shared) co_await problem.check(peer);
      state.check(problem.print());
      const ThreadTeam team(runtime_, peer.placement().local());
      Result result = co_await body(peer, team, state);
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

  const FitOptions& options() const { return options_; }

 private:
  bool keeps_checkpoints() const { return !options_.checkpoint.directory.empty(); }

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

/// The learner of one peer, and the best of the parameters it has had, as far as rounds are compared.
template <class Learner>
class Followed {
 public:
  using Result = decltype(std::declval<const Learner&>().parameters());

  Followed(bsp::Peer& peer, Learner& learner, const FitOptions& options, const Validation& validation,
           const ThreadTeam& team, FitState& state)
      : learner_(learner), team_(team), state_(state), rounds_(peer, options, validation) {
    if (!state.found().empty()) read(state.found());
  }

  bool is_over() const { return rounds_.rounds().is_over(); }
  /// Compares the learner's round with the others, and writes a checkpoint if one is due.
  bsp::Task<> follow(FitProgress round) {
    std::vector<double> margins;
    if (rounds_.compares())
      margins = margins_of(compile(learner_.parameters(), team_.runtime()), rounds_.rows(), team_);
    co_await rounds_.report(round, margins);
    if (rounds_.compares() && rounds_.rounds().is_best()) best_ = to_bytes(learner_.parameters());
    if (is_over() || !state_.is_due(round.done)) co_return;
    std::vector<std::byte> now = bytes();
    co_await state_.save(now);
  }
  Result result() const {
    if (best_.empty()) return learner_.parameters();
    Result best;
    from_bytes(best_, best);
    return best;
  }

 private:
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> out;
    write_state(out, best_);
    rounds_.write(out);
    learner_.write(out);
    return out;
  }
  void read(std::span<const std::byte> in) {
    read_state(in, best_);
    rounds_.read(in, Learner::round);
    learner_.read(in);
  }

  Learner& learner_;
  const ThreadTeam& team_;
  FitState& state_;
  PeerRounds rounds_;
  std::vector<std::byte> best_{};  // canonical parameters; empty: there are none, or rounds are not compared
};

/// What a fit has found out before its peers start.
template <class Make>
struct Prepared {
  Validation validation;
  Make make;  ///< the learner `make(is_first, shards, team)` of a peer
};
template <class Make>
Prepared(Validation, Make) -> Prepared<Make>;

/// Runs a learner on each peer until it has no more work or patience is spent; returns the first one's parameters.
///
/// A learner processes the rows of its shards in `bool work()` (false: it is done), provides the `size()` sums of its
/// i-th shard in `leaf(i, sums)`, and continues from the totals of all shards in `absorb(totals)`, after which
/// `ended_round()` tells of the round that ended, if one did. All learners see the same totals, so they make the same
/// decisions. How totals are added depends only on the number of shards. `write` and `read` keep, between two rounds,
/// what it needs to go on.
template <Spec S, class Make>
auto learn(Peers& peers, const S& spec, const Dataset& contiguous, int shards, const Prepared<Make>& prepared) {
  using Learner = std::invoke_result_t<const Make&, bool, bsp::ShardRange, const ThreadTeam&>;
  using Number = typename Learner::Number;
  using Result = typename Followed<Learner>::Result;
  const auto body = [&](bsp::Peer& peer, const ThreadTeam& team, FitState& state) -> bsp::Task<Result> {
    bsp::ShardReduce<Number> reduce(peer, shards);
    bsp::ShardFold<Number> fold(reduce.shards().first, 0);
    std::vector<Number> totals;
    Learner learner = prepared.make(peer.rank() == 0, reduce.shards(), team);
    Followed<Learner> followed(peer, learner, peers.options(), prepared.validation, team, state);
    while (!followed.is_over() && learner.work()) {
      fold_shards(learner, reduce.shards(), fold, totals);
      co_await reduce.all_reduce(fold, std::span<Number>(totals));
      learner.absorb(totals);
      const std::optional<FitProgress> round = learner.ended_round();
      if (round) co_await followed.follow(*round);
    }
    if (peer.rank() == 0) co_return followed.result();
    co_return Result{};
  };
  return peers.run(spec, contiguous, shards, shards, body);
}

/// The fit of a spec that is learned from sums over shards: checks its arguments, and runs the learners that
/// `prepare(contiguous, shards)` has prepared. `usual` is the number of shards unless `options.shards` is set.
template <Spec S, class Prepare>
auto fit_with(const S& spec, const Dataset& data, const FitOptions& options, const Runtime& runtime, int usual,
              const FitAbilities& able, const Prepare& prepare) {
  Peers peers(options, runtime);
  return peers.lead([&] {
    validate(spec);
    check_fit_options("native", S::name, data, options, able);
    const int shards = shards_of(S::name, options, usual);
    const Dataset contiguous = checked(S::name, data, runtime);
    if (!options.validation.data.empty()) check_finite(S::name, options.validation.data.contiguous(), runtime);
    const auto prepared = prepare(contiguous, shards);
    return learn(peers, spec, contiguous, shards, prepared);
  });
}

}  // namespace scalar::inline v0::backend::native
