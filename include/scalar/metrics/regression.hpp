#pragma once
/// How good predicted numbers are. Definitions, results and errors are as in classification.hpp, except that targets
/// are any finite numbers.
#include "scalar/metrics/numbers.hpp"

namespace scalar::inline v0::metrics {

/// The root of the mean squared difference.
double rmse(Numbers targets, Numbers predicted, Numbers weights = {});
/// The mean absolute difference.
double mae(Numbers targets, Numbers predicted, Numbers weights = {});
/// The coefficient of determination, 1 - residual / total sum of squares.
///
/// If all targets are equal, it is 1 for a perfect prediction and 0 otherwise. Errors: also `Errc::invalid_argument`
/// for fewer than two rows.
double r2(Numbers targets, Numbers predicted, Numbers weights = {});

}  // namespace scalar::inline v0::metrics
