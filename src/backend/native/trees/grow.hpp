#pragma once
/// One tree after the other, grown level by level on binned features.
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "backend/native/trees/histogram.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {

/// What all trees of a fit share.
struct GrowSettings {
  int depth = 6;
  double learning_rate = 0.3;
  SplitRules rules{};
};

/// Grows trees. Thread safety: one thread at a time; it uses those of the Runtime.
class Grower {
 public:
  virtual ~Grower() = default;
  /// Appends the tree that the gradients ask for to `forest`, and its leaves to the margins of the rows.
  /// Errors: `Errc::out_of_range` when the gradients are not finite, `Errc::cancelled`.
  virtual void grow(std::span<const Gradient> gradients, std::span<float> margins, int output,
                    const std::stop_token& stop, Forest& forest) = 0;
};

/// Bins the features and makes the grower for them.
std::unique_ptr<Grower> make_grower(FloatMatrix features, std::span<const float> weights, int bins,
                                    const GrowSettings& settings, const Runtime& runtime);

}  // namespace scalar::inline v0::backend::trees
