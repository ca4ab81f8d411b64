#include <algorithm>
#include <memory>
#include <vector>

#include "backend/native/peers.hpp"
#include "backend/native/rows.hpp"
#include "backend/native/trees/grow.hpp"
#include "backend/native/trees/objective.hpp"
#include "backend/native/trees/targets.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/bsp/engine.hpp"

namespace scalar::inline v0::backend {
namespace trees {
namespace {

/// Boosts with the rows of one peer; every peer ends with the same forest. `forest` has no trees yet.
bsp::Task<> boost(bsp::Peer& peer, const GradientBoostedTrees& spec, const Part& part, const FitOptions& options,
                  const native::ThreadTeam& team, Forest& forest) {
  // All peers must make the same collective calls, even if only one of them has a progress function.
  const bool reports = co_await broadcast(peer, static_cast<bool>(options.progress), 0);
  Objective objective(spec.loss, static_cast<int>(forest.outputs), part.rows, part.all, team);
  co_await objective.start(peer);
  forest.base.assign(forest.base.size(), objective.base());
  forest.start = objective.first_margins();
  const Watch watch(options, peer.rank() == 0, part.rows.columns());
  std::vector<Cuts> cuts = co_await find_cuts(peer, part, spec.bins, team, watch);
  const GrowSettings settings{spec.depth, spec.learning_rate, {spec.l2, spec.min_child_weight, spec.min_split_gain}};
  const std::unique_ptr<Grower> grower = make_grower(peer, part, std::move(cuts), settings, team, watch);
  for (int tree = 0; tree < spec.trees; ++tree) {
    watch.check();
    objective.differentiate();
    for (int output = 0; output < objective.outputs(); ++output)
      co_await grower->grow(objective.gradients(output), objective.margins(output), output, options.stop, forest);
    if (!reports) continue;
    const double loss = co_await objective.loss(peer);
    if (peer.rank() == 0) options.progress({"tree", tree + 1, spec.trees, loss});
  }
}

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
  native::Peers peers(options, runtime);
  return peers.lead([&] {
    validate(spec);
    if (const Support support = supports(spec, options.peers); !support)
      fail(Errc::unsupported, GradientBoostedTrees::name, "{}", support.reasons.front());
    (void)native::shards_of(GradientBoostedTrees::name, options, 1);  // only checks: sums of integers need no shards
    native::check_stop(GradientBoostedTrees::name, options);
    const Dataset rows = data.contiguous();
    const Forest start = trees::empty_forest(spec, rows);
    const native::Rows all = native::rows_of(rows);
    return peers.run(spec, rows, 0, [&](bsp::Peer& peer, const native::ThreadTeam& team) -> bsp::Task<Forest> {
      const trees::Part part = trees::part_of(all, peer.rank(), peer.size());
      Forest forest = start;
      co_await trees::boost(peer, spec, part, options, team, forest);
      co_return forest;
    });
  });
}

}  // namespace scalar::inline v0::backend
