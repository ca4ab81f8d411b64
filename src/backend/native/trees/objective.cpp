#include "backend/native/trees/objective.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "backend/native/trees/exact.hpp"
#include "backend/native/trees/targets.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr std::size_t piece = 4096;
constexpr float least_second = 1e-16f;

using Floats = Eigen::Array<float, Eigen::Dynamic, 1, 0, static_cast<int>(piece), 1>;

}  // namespace

Objective::Objective(Loss loss, int outputs, const native::Rows& rows, std::int64_t all, const native::ThreadTeam& team)
    : loss_(loss),
      outputs_(outputs),
      targets_(rows.targets),
      weights_(rows.weights),
      offsets_(rows.offsets),
      all_(all),
      team_(team) {
  gradients_.resize(targets_.size() * static_cast<std::size_t>(outputs));
}

bsp::Task<> Objective::start(bsp::Peer& peer) {
  first_.assign(static_cast<std::size_t>(outputs_), 0.0);
  if (loss_ == Loss::squared)
    co_await find_mean(peer);
  else
    co_await weigh_classes(peer);
  margins_.reserve(gradients_.size());
  for (const double first : first_) margins_.insert(margins_.end(), targets_.size(), static_cast<float>(first));
}

bsp::Task<> Objective::find_mean(bsp::Peer& peer) {
  const auto rows = static_cast<std::int64_t>(targets_.size());
  // In the second pass the terms are small, and so is the rounding of their sum.
  for (int pass = 0; pass < 2; ++pass) {
    const auto value = [this](std::int64_t row) -> Both<double> {
      const auto at = static_cast<std::size_t>(row);
      const double w = weights_.empty() ? 1.0 : weights_[at];
      return {w, w * (targets_[at] - base_)};
    };
    const Totals totals = co_await sum_exactly(peer, team_, rows, all_, value);
    total_weight_ = totals.sum.first;
    if (total_weight_ > 0) base_ += totals.sum.second / total_weight_;
  }
}

bsp::Task<> Objective::weigh_classes(bsp::Peer& peer) {
  const auto rows = static_cast<std::int64_t>(targets_.size());
  const auto value = [this](std::int64_t row) -> Grouped {
    const auto at = static_cast<std::size_t>(row);
    return {static_cast<int>(targets_[at]), weights_.empty() ? 1.0 : weights_[at]};
  };
  const int classes = loss_ == Loss::logistic ? 2 : outputs_;
  const std::vector<double> weights = co_await sum_groups_exactly(peer, team_, rows, all_, classes, value);
  total_weight_ = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (offsets_.empty()) first_ = trees::first_margins(loss_, weights);
}

void Objective::go_on_from(const Forest& forest, std::span<const double> sums) {
  base_ = loss_ == Loss::squared ? forest.base[0] : 0;
  first_ = forest.start;
  const std::size_t rows = targets_.size(), outputs = static_cast<std::size_t>(outputs_);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t k = 0; k < outputs; ++k) margins_[k * rows + row] = static_cast<float>(sums[row * outputs + k]);
}

void Objective::differentiate() {
  team_.for_pieces(static_cast<std::int64_t>(targets_.size()), piece, [&](std::int64_t begin, std::int64_t end) {
    differentiate(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
  });
}

void Objective::differentiate(std::size_t begin, std::size_t end) {
  const std::size_t rows = targets_.size();
  // Padded to whole vectors: which implementation of exp a row gets must not depend on its position.
  const auto count = static_cast<Eigen::Index>((end - begin + 15) / 16 * 16);
  const auto margin = [&](int k) {
    Floats values = Floats::Zero(count);
    std::copy_n(margins_.data() + static_cast<std::size_t>(k) * rows + begin, end - begin, values.data());
    return values;
  };
  if (loss_ == Loss::squared) {
    for (std::size_t row = begin; row < end; ++row)
      gradients_[row] = {(margins_[row] - target(row)) * weight(row), weight(row)};
  } else if (loss_ == Loss::logistic) {
    Floats margins = margin(0);
    for (std::size_t row = begin; !offsets_.empty() && row < end; ++row)
      margins[static_cast<Eigen::Index>(row - begin)] += offset(row);
    const Floats p = 1 / (1 + (-margins).exp());
    for (std::size_t row = begin; row < end; ++row) {
      const float q = p[static_cast<Eigen::Index>(row - begin)];
      gradients_[row] = {(q - target(row)) * weight(row), (std::max)(q * (1 - q), least_second) * weight(row)};
    }
  } else {
    Floats largest = margin(0), total = Floats::Zero(count);
    for (int k = 1; k < outputs_; ++k) largest = largest.max(margin(k));
    for (int k = 0; k < outputs_; ++k) total += (margin(k) - largest).exp();
    for (int k = 0; k < outputs_; ++k) {
      const Floats p = (margin(k) - largest).exp() / total;
      for (std::size_t row = begin; row < end; ++row) {
        const float q = p[static_cast<Eigen::Index>(row - begin)];
        const float wrong = target(row) == static_cast<float>(k) ? q - 1 : q;
        gradients_[static_cast<std::size_t>(k) * rows + row] = {
            wrong * weight(row), (std::max)(2 * q * (1 - q), least_second) * weight(row)};
      }
    }
  }
}

bsp::Task<double> Objective::loss(bsp::Peer& peer) {
  losses_.resize(targets_.size());
  const auto rows = static_cast<std::int64_t>(targets_.size());
  const auto fill = [this](std::int64_t begin, std::int64_t end) {
    for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row)
      losses_[row] = loss_of(row) * weight(row);
  };
  team_.for_pieces(rows, piece, fill);
  const auto value = [this](std::int64_t row) -> Both<double> { return {losses_[static_cast<std::size_t>(row)], 0}; };
  const Totals totals = co_await sum_exactly(peer, team_, rows, all_, value);
  co_return total_weight_ > 0 ? totals.sum.first / total_weight_ : 0;
}

double Objective::loss_of(std::size_t row) const {
  const std::size_t rows = targets_.size();
  const double margin = margins_[row] + (loss_ == Loss::logistic ? offset(row) : 0);
  if (loss_ == Loss::squared) {
    const double wrong = base_ + margin - targets_[row];
    return wrong * wrong / 2;
  }
  if (loss_ == Loss::logistic) {
    // log(1 + exp(-z)) without overflow; z > 0 if the prediction is right.
    const double z = targets_[row] > 0 ? margin : -margin;
    return (std::max)(-z, 0.0) + std::log1p(std::exp(-std::abs(z)));
  }
  double largest = margin, total = 0;
  for (int k = 1; k < outputs_; ++k)
    largest = (std::max)(largest, static_cast<double>(margins_[static_cast<std::size_t>(k) * rows + row]));
  for (int k = 0; k < outputs_; ++k)
    total += std::exp(static_cast<double>(margins_[static_cast<std::size_t>(k) * rows + row]) - largest);
  return std::log(total) + largest - margins_[static_cast<std::size_t>(targets_[row]) * rows + row];
}

}  // namespace scalar::inline v0::backend::trees
