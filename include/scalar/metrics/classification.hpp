#pragma once
/// How good class predictions are. Definitions and results are scikit-learn's.
#include <cstdint>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "scalar/metrics/numbers.hpp"

/// Metrics of class predictions. Targets are class indices, `[rows]`, as in Dataset::target; weights are `[rows]`, and
/// no weights mean that all are 1.
///
/// Errors of every metric: `Errc::empty` for no rows, `Errc::shape_mismatch` for lengths that differ,
/// `Errc::invalid_argument` naming the row for a NaN or an infinity, a negative weight or an invalid class index, and
/// for weights that sum to zero. Thread safety: free functions without state.
namespace scalar::inline v0::metrics {

using Probabilities = MatrixView<const double>;

/// The share of rows whose predicted class is the target; `predicted` is `[rows]`.
double accuracy(Numbers targets, Numbers predicted, Numbers weights = {});
/// As `accuracy`, but for the most probable class (the first of equals) of probabilities `[rows, classes]`.
double accuracy(Numbers targets, Probabilities probabilities, Numbers weights = {});

/// The mean of `-log(p)`, where p is the probability given to the target, in nats.
///
/// `positive`, `[rows]`, is the probability of class 1 of two. Probabilities are clipped to [epsilon, 1 - epsilon],
/// where epsilon is that of the type they are stored in; rows are not normalized. Errors: also for a probability
/// outside [0, 1] by more than 1e-6.
double logloss(Numbers targets, Numbers positive, Numbers weights = {});
/// As `logloss`, but for probabilities `[rows, classes]`.
double logloss(Numbers targets, Probabilities probabilities, Numbers weights = {});

/// The area under the receiver operating characteristic: the share of pairs of a row of class 1 and one of class 0
/// whose `scores`, `[rows]`, are in the right order, ties counting half.
///
/// Errors: also `Errc::invalid_argument` when either class is absent. Complexity: sorts.
double auc(Numbers targets, Numbers scores, Numbers weights = {});
/// With two classes, the area for the second; with more, the mean of each class against the rest (macro, one-vs-rest).
double auc(Numbers targets, Probabilities probabilities, Numbers weights = {});

/// How often each class was predicted as each class.
struct Confusion {
  std::int64_t classes = 0;
  std::vector<double> sums{};  ///< sums of weights, `[classes, classes]`: target by predicted class

  double operator()(std::int64_t target, std::int64_t predicted) const {
    return sums[static_cast<std::size_t>(target * classes + predicted)];
  }
};
Confusion confusion(Numbers targets, Numbers predicted, std::int64_t classes, Numbers weights = {});
Confusion confusion(Numbers targets, Probabilities probabilities, Numbers weights = {});

}  // namespace scalar::inline v0::metrics
