#pragma once
/// The spec in LightGBM's words.
#include <cstdint>
#include <string>
#include <vector>

#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::lightgbm {

inline constexpr int deepest = 17;            // LightGBM makes 2^17 leaves at most
inline constexpr int sampled_rows = 200'000;  // by which bins are chosen

/// The parameters of both the rows and the booster, as one text. `peers` share the fit, each with `threads` threads.
std::string parameters(const GradientBoostedTrees& spec, const Dataset& data, int threads, int peers);

}  // namespace scalar::inline v0::backend::lightgbm
