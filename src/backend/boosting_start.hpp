#pragma once
/// BoostingStart: the constants that boosting begins with, for backends that are told them.
#include <vector>

#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend {

/// What fits best before there are trees, as GradientBoostedTrees defines it.
struct BoostingStart {
  double base = 0;                ///< for the squared loss: the mean of the targets, which is subtracted from them
  std::vector<double> margins{};  ///< the first margin of each output
};

/// `data` has targets that fit the loss, and a row with a weight above 0. Rows with offsets, which only the logistic
/// loss keeps, begin at their offsets alone.
BoostingStart boosting_start(Loss loss, const Dataset& data);

}  // namespace scalar::inline v0::backend
