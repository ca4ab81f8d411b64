#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "backend/native/trees/forest_parts.hpp"
#include "backend/native/trees/grow.hpp"
#include "backend/native/trees/objective.hpp"
#include "backend/native/trees/targets.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/bsp/engine.hpp"

namespace scalar::inline v0::backend {
namespace trees {
namespace {

/// What all peers of a fit know.
struct Fit {
  const GradientBoostedTrees& spec;
  const FitOptions& options;
  const native::Rows& rows;
  const Validation& validation;
  const Forest& start;  ///< without the trees of this fit

  std::int64_t rounds_of(const Forest& forest) const { return (forest.trees() - start.trees()) / start.outputs; }
};

/// The margins of this peer's share of the validation rows.
class ValidationMargins {
 public:
  ValidationMargins(const Forest& forest, FloatMatrix rows, const native::ThreadTeam& team)
      : rows_(rows), team_(team), base_(forest.base) {
    const std::vector<double> sums = sums_of(forest, rows, team);
    sums_.assign(sums.begin(), sums.end());
    trees_ = forest.trees();
  }

  /// Adds the leaves of the trees that the forest has got since the last time.
  std::vector<double> update(const Forest& forest) {
    const std::vector<double> leaves = sums_of(some_trees(forest, trees_, forest.trees()), rows_, team_);
    trees_ = forest.trees();
    std::vector<double> margins(sums_.size());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] += static_cast<float>(leaves[i]);
      margins[i] = base_[i % base_.size()] + static_cast<double>(sums_[i]);
    }
    return margins;
  }

 private:
  FloatMatrix rows_;
  const native::ThreadTeam& team_;
  std::vector<double> base_;
  std::vector<float> sums_;  // [rows, outputs]
  std::int64_t trees_ = 0;
};

/// Boosts with the rows of one peer; every peer ends with the same forest.
class Booster {
 public:
  Booster(bsp::Peer& peer, const Fit& fit, const native::ThreadTeam& team, native::FitState& state)
      : peer_(peer),
        fit_(fit),
        team_(team),
        state_(state),
        part_(part_of(fit.rows, peer.rank(), peer.size())),
        objective_(fit.spec.loss, static_cast<int>(fit.start.outputs), part_.rows, part_.all, team),
        rounds_(peer, fit.options, fit.validation),
        forest_(fit.start) {}

  bsp::Task<Forest> boost() {
    // All peers must make the same collective calls, even if only one of them has a progress function.
    reports_ = co_await broadcast(peer_, static_cast<bool>(fit_.options.progress), 0);
    co_await begin();
    const Watch watch(fit_.options, peer_.rank() == 0, part_.rows.columns());
    std::vector<Cuts> cuts = co_await find_cuts(peer_, part_, fit_.spec.bins, team_, watch);
    const GrowSettings settings{
        fit_.spec.depth, fit_.spec.learning_rate, {fit_.spec.l2, fit_.spec.min_child_weight, fit_.spec.min_split_gain}};
    const std::unique_ptr<Grower> grower = make_grower(peer_, part_, std::move(cuts), settings, team_, watch);
    for (std::int64_t round = fit_.rounds_of(forest_) + 1; round <= fit_.spec.trees && !is_over(); ++round) {
      watch.check();
      objective_.differentiate();
      for (int output = 0; output < objective_.outputs(); ++output)
        co_await grower->grow(objective_.gradients(output), objective_.margins(output), output, fit_.options.stop,
                              forest_);
      co_await end_round(round);
    }
    if (rounds_.compares()) cut(forest_, fit_.start.trees() + rounds_.rounds().best() * forest_.outputs);
    co_return std::move(forest_);
  }

 private:
  bool is_over() const { return rounds_.rounds().is_over(); }

  /// Sets the margins that the next tree is grown from: those of a constant, of the forest to go on from, or of that in
  /// a checkpoint.
  bsp::Task<> begin() {
    co_await objective_.start(peer_);
    if (!state_.found().empty()) read(state_.found());
    if (forest_.trees() == 0 && fit_.options.initial.empty()) {
      forest_.base.assign(forest_.base.size(), objective_.base());
      forest_.start = objective_.first_margins();
    } else {
      objective_.go_on_from(forest_, sums_of(forest_, part_.rows.features, team_));
    }
    if (rounds_.compares()) validation_.emplace(forest_, rounds_.rows(), team_);
  }

  bsp::Task<> end_round(std::int64_t round) {
    FitProgress progress{"tree", round, fit_.spec.trees, std::numeric_limits<double>::quiet_NaN()};
    if (reports_) progress.objective = co_await objective_.loss(peer_);
    std::vector<double> margins;
    if (validation_) margins = validation_->update(forest_);
    if (reports_ || validation_) co_await rounds_.report(progress, margins);
    if (is_over() || !state_.is_due(round)) co_return;
    std::vector<std::byte> now = bytes();
    co_await state_.save(now);
  }

  std::vector<std::byte> bytes() const {
    const std::vector<std::byte> forest = to_bytes(forest_);
    std::vector<std::byte> out;
    native::write_state(out, forest);
    rounds_.write(out);
    return out;
  }
  void read(std::span<const std::byte> in) {
    std::vector<std::byte> forest;
    native::read_state(in, forest);
    from_bytes(forest, forest_);
    rounds_.read(in, "tree");
  }

  bsp::Peer& peer_;
  const Fit& fit_;
  const native::ThreadTeam& team_;
  native::FitState& state_;
  Part part_;
  Objective objective_;
  native::PeerRounds rounds_;
  std::optional<ValidationMargins> validation_{};
  Forest forest_;
  bool reports_ = false;
};

}  // namespace
}  // namespace trees

Support Native::supports(const GradientBoostedTrees& spec, int) const {
  Support support;
  if (spec.category_splits == CategorySplits::sets)
    support.reasons.emplace_back("native does not split categories by sets, only by order");
  return support;
}

Forest Native::fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options,
                   const Runtime& runtime) const {
  native::Peers peers("native", options, runtime);
  return peers.lead([&] {
    validate(spec);
    if (const Support support = supports(spec, options.peers); !support)
      fail(Errc::unsupported, GradientBoostedTrees::name, "{}", support.reasons.front());
    const FitAbilities able{
        .validation = true, .rounds = true, .initial = true, .offsets = spec.loss != Loss::softmax, .checkpoint = true};
    check_fit_options("native", GradientBoostedTrees::name, data, options, able);
    // Sums of integers need no shards; those of a checkpoint only limit how many peers can go on from it.
    const int shards = native::shards_of(GradientBoostedTrees::name, options, native::usual_shards);
    native::check_stop(GradientBoostedTrees::name, options);
    const Dataset rows = native::learned_rows(data, spec.loss).contiguous();
    Forest start = trees::empty_forest(spec, rows);
    if (!options.initial.empty()) start = trees::initial_forest(options, start);
    const Validation validation(GradientBoostedTrees::name, spec.loss, start.outputs, data, options.validation);
    const native::Rows all = native::rows_of(rows);
    const trees::Fit fit{spec, options, all, validation, start};
    return peers.run(
        spec, rows, 0, shards,
        [&](bsp::Peer& peer, const native::ThreadTeam& team, native::FitState& state) -> bsp::Task<Forest> {
          trees::Booster booster(peer, fit, team, state);
          co_return co_await booster.boost();
        });
  });
}

}  // namespace scalar::inline v0::backend
