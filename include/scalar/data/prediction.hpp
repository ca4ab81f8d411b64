#pragma once
/// What a model answers.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// Predictions of some rows: `[rows, 1]` values of a regression, or `[rows, classes]` probabilities.
struct Prediction {
  std::vector<double> values{};  ///< `[rows, outputs]`, row-major
  std::int64_t rows = 0;
  std::int64_t outputs = 0;
  std::vector<std::string> classes{};  ///< `[outputs]`; empty for a regression

  std::span<const double> row(std::int64_t i) const {
    return std::span(values).subspan(static_cast<std::size_t>(i * outputs), static_cast<std::size_t>(outputs));
  }
  MatrixView<const double> matrix() const { return {values.data(), rows, outputs}; }

  /// The index of the most probable class of row `i`; the first of equals.
  std::int64_t best(std::int64_t i) const {
    const auto probabilities = row(i);
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < outputs; ++k)
      if (probabilities[static_cast<std::size_t>(k)] > probabilities[static_cast<std::size_t>(best)]) best = k;
    return best;
  }
  /// The name of the most probable class of row `i`. Requires a classification.
  const std::string& label(std::int64_t i) const { return classes[static_cast<std::size_t>(best(i))]; }
};

}  // namespace scalar::inline v0
