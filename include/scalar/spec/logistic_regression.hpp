#pragma once
/// Logistic and softmax regression.
#include "scalar/spec/linear_parameters.hpp"

namespace scalar::inline v0 {

/// Minimizes `sum_i w_i loss_i + l2/2 ||b||^2` with the logistic loss for two classes (one weight vector, the margin of
/// the second class) and the softmax loss for more (one per class); intercepts are not penalized.
///
/// This is the objective of scikit-learn's `LogisticRegression(C=1/l2)`. It is minimized by L-BFGS (Nocedal, Wright,
/// "Numerical Optimization", 2nd ed., algorithm 7.5) with the approximate Wolfe line search of Hager and Zhang ("A new
/// conjugate gradient method with guaranteed descent and an efficient line search", SIAM J. Optim. 16, 2005), until the
/// largest component of the gradient is at most `tolerance` times the sum of the weights, or no step can make progress
/// in double.
struct LogisticRegression {
  double l2 = 1.0;
  int max_iterations = 1000;
  double tolerance = 1e-8;

  using Self = LogisticRegression;
  static constexpr std::string_view name = "logistic_regression";
  static constexpr auto fields() {
    return std::tuple{field<&Self::l2>.in(0, 1e15), field<&Self::max_iterations>.in(1, 1e9),
                      field<&Self::tolerance>.in(0, 1)};
  }

  TargetKind target() const { return TargetKind::classification; }
  Encoding default_encoding() const { return {}; }
};

template <>
struct ParametersOf<LogisticRegression> {
  using type = LinearParameters;
};

}  // namespace scalar::inline v0
