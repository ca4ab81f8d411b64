#pragma once
/// What every metric asks of its arguments.
#include <cmath>
#include <cstdint>
#include <string>

#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/metrics/numbers.hpp"

namespace scalar::inline v0::metrics {

[[noreturn]] inline void refuse(const char* metric, std::int64_t row, const std::string& message) {
  throw Error(Errc::invalid_argument, message, std::string(metric) + ", row " + std::to_string(row));
}

/// The number as it is, not rounded to six digits.
inline std::string text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "minus infinity";
  std::string text;
  json::append_number(text, value);
  return text;
}

inline double finite(const char* metric, const char* what, Numbers numbers, std::int64_t row) {
  const double value = numbers[row];
  if (!std::isfinite(value))
    refuse(metric, row, std::string("the ") + what + " is " + text(value) + ", expected a finite number");
  return value;
}

inline void check_rows(const char* metric, Numbers targets, std::int64_t predicted, Numbers weights) {
  if (targets.size() != predicted || (!weights.empty() && weights.size() != targets.size())) {
    throw Error(Errc::shape_mismatch,
                "there are " + std::to_string(targets.size()) + " targets, " + std::to_string(predicted) +
                    " predictions and " + (weights.empty() ? "no" : std::to_string(weights.size())) + " weights",
                metric);
  }
  if (targets.empty()) throw Error(Errc::empty, "there are no rows", metric);
}

inline double weight_of(const char* metric, Numbers weights, std::int64_t row) {
  if (weights.empty()) return 1;
  const double weight = finite(metric, "weight", weights, row);
  if (weight < 0) refuse(metric, row, "the weight is " + text(weight) + ", expected at least 0");
  return weight;
}

/// Where the number of classes is not known: any index that a double counts exactly.
inline constexpr std::int64_t any_class = std::int64_t{1} << 53;

/// A target or predicted class as an index below `classes`.
inline std::int64_t class_of(const char* metric, const char* what, Numbers numbers, std::int64_t row,
                             std::int64_t classes) {
  const double value = finite(metric, what, numbers, row);
  if (value < 0 || value >= static_cast<double>(classes) || value != std::floor(value)) {
    refuse(metric, row,
           std::string("the ") + what + " is " + text(value) + ", expected " +
               (classes == any_class ? "the index of a class: 0, 1, 2, ..."
                                     : "the index of one of " + std::to_string(classes) + " classes"));
  }
  return static_cast<std::int64_t>(value);
}

/// The weighted mean of `loss(row)`.
template <class Loss>
double mean(const char* metric, std::int64_t rows, Numbers weights, Loss loss) {
  double sum = 0, total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const double weight = weight_of(metric, weights, row);
    sum += weight * loss(row);
    total += weight;
  }
  if (!(total > 0)) throw Error(Errc::invalid_argument, "the weights sum to zero", metric);
  return sum / total;
}

}  // namespace scalar::inline v0::metrics
