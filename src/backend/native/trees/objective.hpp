#pragma once
/// Objective: the losses of boosted trees, and their gradients.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"
#include "backend/native/trees/histogram.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/spec/forest.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::trees {

/// Targets, weights, offsets and the current margins of one peer's rows. Margins are sums of leaves, without offsets.
/// The layout of margins and gradients is
/// `[outputs, rows]`.
///
/// Members that sum over the rows of all peers are tasks, which every peer must call and await.
class Objective {
 public:
  /// The weights of `rows` may be empty. `rows` refers to data and `team` is kept by reference: both must outlive this.
  /// `all` is the number of rows of all peers.
  Objective(Loss loss, int outputs, const native::Rows& rows, std::int64_t all, const native::ThreadTeam& team);

  /// Finds the constant that boosting begins with. Rows with offsets begin at these alone.
  bsp::Task<> start(bsp::Peer& peer);
  /// Begins instead with the base and the start of a forest, and with the sums of its leaves, `[rows, outputs]`; to be
  /// called after `start`.
  void go_on_from(const Forest& forest, std::span<const double> sums);

  int outputs() const { return outputs_; }
  /// The constant that margins do not include: the targets' mean for the squared loss, 0 for the others.
  double base() const { return base_; }
  /// The first margin of every output.
  const std::vector<double>& first_margins() const { return first_; }
  std::span<float> margins(int output) {
    return std::span(margins_).subspan(static_cast<std::size_t>(output) * targets_.size(), targets_.size());
  }
  std::span<const Gradient> gradients(int output) const {
    return std::span(gradients_).subspan(static_cast<std::size_t>(output) * targets_.size(), targets_.size());
  }

  /// Fills the gradients of all outputs from the margins.
  void differentiate();
  /// The weighted mean loss over all peers.
  bsp::Task<double> loss(bsp::Peer& peer);

 private:
  bsp::Task<> find_mean(bsp::Peer& peer);
  bsp::Task<> weigh_classes(bsp::Peer& peer);
  void differentiate(std::size_t begin, std::size_t end);
  double loss_of(std::size_t row) const;
  /// The target less `base()`, or the class.
  float target(std::size_t row) const { return static_cast<float>(targets_[row] - base_); }
  /// Of models with one margin.
  float offset(std::size_t row) const { return offsets_.empty() ? 0.0f : static_cast<float>(offsets_[row]); }
  float weight(std::size_t row) const { return weights_.empty() ? 1.0f : static_cast<float>(weights_[row]); }

  Loss loss_;
  int outputs_;
  std::span<const double> targets_, weights_, offsets_;
  std::int64_t all_;
  const native::ThreadTeam& team_;
  double base_ = 0;
  std::vector<double> first_{};
  double total_weight_ = 0;
  std::vector<float> margins_;
  std::vector<Gradient> gradients_;
  std::vector<double> losses_{};
};

}  // namespace scalar::inline v0::backend::trees
