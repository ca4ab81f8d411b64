#include "backend/native/trees/objective.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "scalar/core/parallel.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr std::size_t piece = 4096;
constexpr float least_second = 1e-16f;

using Floats = Eigen::Array<float, Eigen::Dynamic, 1, 0, static_cast<int>(piece), 1>;

}  // namespace

Objective::Objective(Loss loss, int outputs, std::span<const float> targets, std::span<const float> weights)
    : loss_(loss), outputs_(outputs), targets_(targets), weights_(weights) {
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    total_weight_ += weight(row);
    sum += static_cast<double>(weight(row)) * targets[row];
  }
  if (loss == Loss::squared && total_weight_ > 0) base_ = static_cast<float>(sum / total_weight_);
  margins_.assign(targets.size() * static_cast<std::size_t>(outputs), base_);
  gradients_.resize(margins_.size());
}

void Objective::differentiate(const Runtime& runtime) {
  parallel_for(runtime, static_cast<std::int64_t>(targets_.size()), piece, [&](std::int64_t begin, std::int64_t end) {
    differentiate(static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
  });
}

void Objective::differentiate(std::size_t begin, std::size_t end) {
  const auto count = static_cast<Eigen::Index>(end - begin);
  const std::size_t rows = targets_.size();
  const auto margin = [&](int k) {
    return Eigen::Map<const Eigen::ArrayXf>(margins_.data() + static_cast<std::size_t>(k) * rows + begin, count);
  };
  if (loss_ == Loss::squared) {
    for (std::size_t row = begin; row < end; ++row)
      gradients_[row] = {(margins_[row] - targets_[row]) * weight(row), weight(row)};
  } else if (loss_ == Loss::logistic) {
    const Floats p = 1 / (1 + (-margin(0)).exp());
    for (std::size_t row = begin; row < end; ++row) {
      const float q = p[static_cast<Eigen::Index>(row - begin)];
      gradients_[row] = {(q - targets_[row]) * weight(row), (std::max)(q * (1 - q), least_second) * weight(row)};
    }
  } else {
    Floats largest = margin(0), total = Floats::Zero(count);
    for (int k = 1; k < outputs_; ++k) largest = largest.max(margin(k));
    for (int k = 0; k < outputs_; ++k) total += (margin(k) - largest).exp();
    for (int k = 0; k < outputs_; ++k) {
      const Floats p = (margin(k) - largest).exp() / total;
      for (std::size_t row = begin; row < end; ++row) {
        const float q = p[static_cast<Eigen::Index>(row - begin)];
        const float wrong = targets_[row] == static_cast<float>(k) ? q - 1 : q;
        gradients_[static_cast<std::size_t>(k) * rows + row] = {
            wrong * weight(row), (std::max)(2 * q * (1 - q), least_second) * weight(row)};
      }
    }
  }
}

double Objective::loss(const Runtime& runtime) const {
  const std::size_t pieces = (targets_.size() + piece - 1) / piece;
  std::vector<double> sums(pieces);
  parallel_for(runtime, static_cast<std::int64_t>(pieces), 1, [&](std::int64_t at, std::int64_t) {
    const auto begin = static_cast<std::size_t>(at) * piece;
    sums[static_cast<std::size_t>(at)] = loss_sum(begin, (std::min)(begin + piece, targets_.size()));
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return total_weight_ > 0 ? sum / total_weight_ : 0;
}

double Objective::loss_sum(std::size_t begin, std::size_t end) const {
  const std::size_t rows = targets_.size();
  double sum = 0;
  for (std::size_t row = begin; row < end; ++row) {
    const double margin = margins_[row];
    double term = 0;
    if (loss_ == Loss::squared) {
      term = (margin - targets_[row]) * (margin - targets_[row]) / 2;
    } else if (loss_ == Loss::logistic) {
      // log(1 + exp(-z)) without overflow, z > 0 where the prediction is right.
      const double z = targets_[row] > 0 ? margin : -margin;
      term = (std::max)(-z, 0.0) + std::log1p(std::exp(-std::abs(z)));
    } else {
      double largest = margin, total = 0;
      for (int k = 1; k < outputs_; ++k)
        largest = (std::max)(largest, static_cast<double>(margins_[static_cast<std::size_t>(k) * rows + row]));
      for (int k = 0; k < outputs_; ++k)
        total += std::exp(static_cast<double>(margins_[static_cast<std::size_t>(k) * rows + row]) - largest);
      term = std::log(total) + largest - margins_[static_cast<std::size_t>(targets_[row]) * rows + row];
    }
    sum += term * weight(row);
  }
  return sum;
}

}  // namespace scalar::inline v0::backend::trees
