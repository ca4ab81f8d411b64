#pragma once
/// From raw sums to predictions.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "scalar/data/batch.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend::native {

/// Predictions per row when there are `margins` raw sums per row.
inline std::int64_t outputs_of(Link link, std::int64_t margins) noexcept {
  return link == Link::logistic ? 2 : margins;
}

/// Turns the raw sums at the start of each row into predictions, in place: `1 - p, p` for `Link::logistic`.
inline void apply(Link link, BatchOut out) {
  if (link == Link::identity) return;
  for (std::int64_t i = 0; i < out.rows; ++i) {
    const auto row = out.row(i);
    if (link == Link::logistic) {
      // Each side from the exponential that cannot overflow, so that neither probability loses its digits.
      const double margin = row[0], tail = std::exp(-std::abs(margin)), large = 1 / (1 + tail),
                   small = tail / (1 + tail);
      row[0] = margin >= 0 ? small : large;
      row[1] = margin >= 0 ? large : small;
      continue;
    }
    const double most = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& value : row) sum += value = std::exp(value - most);
    for (double& value : row) value /= sum;
  }
}

}  // namespace scalar::inline v0::backend::native
