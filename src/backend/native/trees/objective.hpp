#pragma once
/// The losses of boosted trees: margins to gradients.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/trees/histogram.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::trees {

/// Targets, weights and the running margins of a fit. Margins and gradients lie `[outputs, rows]`.
class Objective {
 public:
  /// `weights` may be empty. The spans must outlive this.
  Objective(Loss loss, int outputs, std::span<const float> targets, std::span<const float> weights);

  int outputs() const { return outputs_; }
  /// The first margin of every output.
  float base() const { return base_; }
  std::span<float> margins(int output) {
    return std::span(margins_).subspan(static_cast<std::size_t>(output) * targets_.size(), targets_.size());
  }
  std::span<const Gradient> gradients(int output) const {
    return std::span(gradients_).subspan(static_cast<std::size_t>(output) * targets_.size(), targets_.size());
  }

  /// Fills the gradients of all outputs from the margins.
  void differentiate(const Runtime& runtime);
  /// The weighted mean loss.
  double loss(const Runtime& runtime) const;

 private:
  void differentiate(std::size_t begin, std::size_t end);
  double loss_sum(std::size_t begin, std::size_t end) const;
  float weight(std::size_t row) const { return weights_.empty() ? 1.0f : weights_[row]; }

  Loss loss_;
  int outputs_;
  std::span<const float> targets_, weights_;
  float base_ = 0;
  double total_weight_ = 0;
  std::vector<float> margins_;
  std::vector<Gradient> gradients_;
};

}  // namespace scalar::inline v0::backend::trees
