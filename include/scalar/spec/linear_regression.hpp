#pragma once
/// Least squares with ridge regularization.
#include "scalar/spec/linear_parameters.hpp"

namespace scalar::inline v0 {

/// Minimizes `sum_i w_i (y_i - x_i . b - b0)^2 + l2 ||b||^2`; the intercept `b0` is not penalized.
///
/// This is the objective of scikit-learn's `Ridge(alpha=l2)`. It is solved exactly from the Gram matrix of the centered
/// data (Cholesky; Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2nd ed., 3.4.1). With `l2 = 0`
/// and dependent columns (to about 1e-13 of their squared length, the limit of what float32 features can tell apart),
/// the result is the solution of least norm.
struct LinearRegression {
  double l2 = 1.0;

  using Self = LinearRegression;
  static constexpr std::string_view name = "linear_regression";
  static constexpr auto fields() { return std::tuple{field<&Self::l2>.in(0, 1e15)}; }

  TargetKind target() const { return TargetKind::regression; }
  Encoding default_encoding() const { return {}; }
};

template <>
struct ParametersOf<LinearRegression> {
  using type = LinearParameters;
};

}  // namespace scalar::inline v0
