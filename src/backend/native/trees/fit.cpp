#include <algorithm>
#include <limits>
#include <string>

#include "backend/native/trees/grow.hpp"
#include "backend/native/trees/objective.hpp"
#include "backend/native/trees/targets.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::backend {

Support Native::supports(const GradientBoostedTrees&, int peers) const {
  if (peers > 1)
    return {
        {"native does not distribute gradient_boosted_trees yet: " + std::to_string(peers) + " peers asked, 1 can"}};
  return {};
}

Forest Native::fit(const GradientBoostedTrees& spec, const Dataset& data, const FitOptions& options,
                   const Runtime& runtime) const {
  validate(spec);
  if (const Support support = supports(spec, options.peers); !support)
    throw Error(Errc::unsupported, support.reasons.front());
  const Dataset rows = data.contiguous();
  Forest forest = trees::empty_forest(spec, rows);

  trees::Objective objective(spec.loss, static_cast<int>(forest.outputs), rows.targets(), rows.weights());
  forest.base.assign(forest.base.size(), objective.base());
  const trees::GrowSettings settings{
      spec.depth, spec.learning_rate, {spec.l2, spec.min_child_weight, spec.min_split_gain}};
  const auto grower = trees::make_grower(rows.features(), rows.weights(), spec.bins, settings, runtime);
  for (int tree = 0; tree < spec.trees; ++tree) {
    objective.differentiate(runtime);
    for (int output = 0; output < objective.outputs(); ++output)
      grower->grow(objective.gradients(output), objective.margins(output), output, options.stop, forest);
    if (options.progress) options.progress({"tree", tree + 1, spec.trees, objective.loss(runtime)});
  }
  return forest;
}

}  // namespace scalar::inline v0::backend
