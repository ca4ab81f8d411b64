#pragma once
/// Grower: grows one tree after the other, level by level, on binned features.
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "backend/native/trees/histogram.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {

/// What all trees of a fit share.
struct GrowSettings {
  int depth = 6;
  double learning_rate = 0.3;
  SplitRules rules{};
};

/// Grows trees together with the growers of all peers, each from its own rows. Sums are integers, so it does not matter
/// which peer has which rows: all growers append the same tree. A grower uses the threads of its team.
class Grower {
 public:
  virtual ~Grower() = default;
  /// Grows a tree from the gradients, appends it to `forest`, and adds its leaves to the margins of the rows.
  /// Errors: `Errc::out_of_range` when the gradients are not finite, `Errc::canceled`.
  virtual bsp::Task<> grow(std::span<const Gradient> gradients, std::span<float> margins, int output,
                           const std::stop_token& stop, Forest& forest) = 0;
};

/// Bins the features of a peer's rows and makes the grower for them. `part` and `team` must outlive it.
/// Errors: `Errc::canceled`.
std::unique_ptr<Grower> make_grower(bsp::Peer& peer, const Part& part, std::vector<Cuts> cuts,
                                    const GrowSettings& settings, const native::ThreadTeam& team, const Watch& watch);

}  // namespace scalar::inline v0::backend::trees
