#include "scalar/metrics/classification.hpp"

#include <algorithm>
#include <numeric>

#include "metrics/check.hpp"

namespace scalar::inline v0::metrics {
namespace {

constexpr double slack = 1e-6;  // for the rounding of a backend's float32 probabilities

/// The most probable class of a row, the first of equals.
std::int64_t best(const char* metric, Probabilities probabilities, std::int64_t row) {
  std::int64_t found = 0;
  for (std::int64_t k = 0; k < probabilities.columns; ++k) {
    if (!std::isfinite(probabilities(row, k))) refuse(metric, row, "a probability is not finite");
    if (probabilities(row, k) > probabilities(row, found)) found = k;
  }
  return found;
}

void check_classes(const char* metric, Probabilities probabilities) {
  if (probabilities.columns < 1)
    fail(Errc::shape_mismatch, metric, "the probabilities have no columns, expected one per class");
}

double negative_log(const char* metric, std::int64_t row, double probability, double epsilon) {
  if (!(probability >= -slack && probability <= 1 + slack))
    refuse(metric, row, "the probability is {}, expected 0 to 1", text(probability));
  return -std::log(std::clamp(probability, epsilon, 1 - epsilon));
}

}  // namespace

double accuracy(Numbers targets, Numbers predicted, Numbers weights) {
  check_rows("accuracy", targets, predicted.size(), weights);
  return mean("accuracy", targets.size(), weights, [&](std::int64_t row) {
    return class_of("accuracy", "target", targets, row, any_class) ==
                   class_of("accuracy", "predicted class", predicted, row, any_class)
               ? 1.0
               : 0.0;
  });
}

double accuracy(Numbers targets, Probabilities probabilities, Numbers weights) {
  check_rows("accuracy", targets, probabilities.rows, weights);
  check_classes("accuracy", probabilities);
  return mean("accuracy", targets.size(), weights, [&](std::int64_t row) {
    return class_of("accuracy", "target", targets, row, probabilities.columns) == best("accuracy", probabilities, row)
               ? 1.0
               : 0.0;
  });
}

double logloss(Numbers targets, Numbers positive, Numbers weights) {
  check_rows("logloss", targets, positive.size(), weights);
  return mean("logloss", targets.size(), weights, [&](std::int64_t row) {
    const bool is_positive = class_of("logloss", "target", targets, row, 2) == 1;
    return negative_log("logloss", row, is_positive ? positive[row] : 1 - positive[row], positive.epsilon());
  });
}

double logloss(Numbers targets, Probabilities probabilities, Numbers weights) {
  check_rows("logloss", targets, probabilities.rows, weights);
  check_classes("logloss", probabilities);
  return mean("logloss", targets.size(), weights, [&](std::int64_t row) {
    const std::int64_t target = class_of("logloss", "target", targets, row, probabilities.columns);
    return negative_log("logloss", row, probabilities(row, target), std::numeric_limits<double>::epsilon());
  });
}

namespace {

/// The area under the curve if `is_positive(row)` marks class 1 (Mann and Whitney's statistic; ties count half).
template <class IsPositive>
double area(Numbers scores, Numbers weights, IsPositive is_positive) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(scores.size()));
  std::iota(order.begin(), order.end(), 0);
  for (const std::int64_t row : order) finite("auc", "score", scores, row);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return scores[a] < scores[b]; });
  double negative = 0, positive = 0, ordered = 0;  // `ordered`: the weight of pairs in the right order
  for (std::size_t begin = 0; begin < order.size();) {
    double tied_negative = 0, tied_positive = 0;
    std::size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end)
      (is_positive(order[end]) ? tied_positive : tied_negative) += weight_of("auc", weights, order[end]);
    ordered += tied_positive * (negative + tied_negative / 2);
    negative += tied_negative;
    positive += tied_positive;
    begin = end;
  }
  if (!(negative > 0 && positive > 0)) {
    fail(Errc::invalid_argument, "auc",
         "there are no rows {} the class (with a weight above 0), so there is no area under the curve",
         positive > 0 ? "outside of" : "in");
  }
  return ordered / (negative * positive);
}

}  // namespace

double auc(Numbers targets, Numbers scores, Numbers weights) {
  check_rows("auc", targets, scores.size(), weights);
  return area(scores, weights, [&](std::int64_t row) { return class_of("auc", "target", targets, row, 2) == 1; });
}

double auc(Numbers targets, Probabilities probabilities, Numbers weights) {
  check_rows("auc", targets, probabilities.rows, weights);
  if (probabilities.columns < 2)
    fail(Errc::shape_mismatch, "auc", "the probabilities have fewer than two columns, expected one per class");
  if (probabilities.columns == 2) return auc(targets, Numbers::column(probabilities, 1), weights);
  double sum = 0;
  for (std::int64_t k = 0; k < probabilities.columns; ++k)
    sum += area(Numbers::column(probabilities, k), weights,
                [&](std::int64_t row) { return class_of("auc", "target", targets, row, probabilities.columns) == k; });
  return sum / static_cast<double>(probabilities.columns);
}

namespace {

template <class PredictedClass>
Confusion count(Numbers targets, std::int64_t classes, Numbers weights, PredictedClass predicted_class) {
  if (classes < 1 || classes > 65536)
    fail(Errc::invalid_argument, "confusion", "{} classes, expected 1 to 65536", classes);
  Confusion found{classes, std::vector<double>(static_cast<std::size_t>(classes * classes))};
  for (std::int64_t row = 0; row < targets.size(); ++row) {
    const std::int64_t target = class_of("confusion", "target", targets, row, classes);
    found.sums[static_cast<std::size_t>(target * classes + predicted_class(row))] +=
        weight_of("confusion", weights, row);
  }
  return found;
}

}  // namespace

Confusion confusion(Numbers targets, Numbers predicted, std::int64_t classes, Numbers weights) {
  check_rows("confusion", targets, predicted.size(), weights);
  return count(targets, classes, weights,
               [&](std::int64_t row) { return class_of("confusion", "predicted class", predicted, row, classes); });
}

Confusion confusion(Numbers targets, Probabilities probabilities, Numbers weights) {
  check_rows("confusion", targets, probabilities.rows, weights);
  check_classes("confusion", probabilities);
  return count(targets, probabilities.columns, weights,
               [&](std::int64_t row) { return best("confusion", probabilities, row); });
}

}  // namespace scalar::inline v0::metrics
