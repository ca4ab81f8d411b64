#include "scalar/metrics/regression.hpp"

#include "metrics/check.hpp"

namespace scalar::inline v0::metrics {
namespace {

template <class Loss>
double mean_difference(const char* metric, Numbers targets, Numbers predicted, Numbers weights, Loss loss) {
  check_rows(metric, targets, predicted.size(), weights);
  return mean(metric, targets.size(), weights, [&](std::int64_t row) {
    return loss(finite(metric, "target", targets, row) - finite(metric, "prediction", predicted, row));
  });
}

}  // namespace

double rmse(Numbers targets, Numbers predicted, Numbers weights) {
  return std::sqrt(mean_difference("rmse", targets, predicted, weights, [](double d) { return d * d; }));
}

double mae(Numbers targets, Numbers predicted, Numbers weights) {
  return mean_difference("mae", targets, predicted, weights, [](double d) { return std::fabs(d); });
}

double r2(Numbers targets, Numbers predicted, Numbers weights) {
  const double residual = mean_difference("r2", targets, predicted, weights, [](double d) { return d * d; });
  if (targets.size() < 2) fail(Errc::invalid_argument, "r2", "one row has no variance to explain");
  const double average = mean("r2", targets.size(), weights, [&](std::int64_t row) { return targets[row]; });
  const double total = mean("r2", targets.size(), weights,
                            [&](std::int64_t row) { return (targets[row] - average) * (targets[row] - average); });
  if (total == 0) return residual == 0 ? 1 : 0;
  return 1 - residual / total;
}

}  // namespace scalar::inline v0::metrics
