#include "backend/boosting_start.hpp"

#include <algorithm>
#include <cstdint>

#include "backend/native/trees/targets.hpp"

namespace scalar::inline v0::backend {
namespace {

double mean(const Dataset& data) {
  double mean = 0;
  // In the second pass the terms are small, and so is the rounding of their sum.
  for (int pass = 0; pass < 2; ++pass) {
    double sum = 0, weight = 0;
    for (std::int64_t row = 0; row < data.rows(); ++row) {
      sum += data.weight(row) * (data.target(row) - mean);
      weight += data.weight(row);
    }
    mean += sum / weight;
  }
  return mean;
}

}  // namespace

BoostingStart boosting_start(Loss loss, const Dataset& data) {
  if (loss == Loss::squared) return {.base = mean(data), .margins = {0.0}};
  if (data.has_offsets()) return {.margins = {0.0}};  // the offsets say where the rows begin
  std::vector<double> weights((std::max)(data.classes().size(), std::size_t{2}));
  for (std::int64_t row = 0; row < data.rows(); ++row)
    weights[static_cast<std::size_t>(data.target(row))] += data.weight(row);
  return {.margins = trees::first_margins(loss, weights)};
}

}  // namespace scalar::inline v0::backend
