#pragma once
/// Checks that all metrics make of their arguments.
#include <cmath>
#include <cstdint>
#include <string>

#include "core/fail.hpp"
#include "scalar/core/json.hpp"
#include "scalar/metrics/numbers.hpp"

namespace scalar::inline v0::metrics {

template <class... Arguments>
[[noreturn]] void refuse(const char* metric, std::int64_t row, fmt::format_string<Arguments...> format,
                         Arguments&&... arguments) {
  fail(Errc::invalid_argument, fmt::format("{}, row {}", metric, row), format, std::forward<Arguments>(arguments)...);
}

/// The number with all its digits.
inline std::string text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "minus infinity";
  std::string text;
  json::append_number(text, value);
  return text;
}

inline double finite(const char* metric, const char* what, Numbers numbers, std::int64_t row) {
  const double value = numbers[row];
  if (!std::isfinite(value)) refuse(metric, row, "the {} is {}, expected a finite number", what, text(value));
  return value;
}

inline void check_rows(const char* metric, Numbers targets, std::int64_t predicted, Numbers weights) {
  if (targets.size() != predicted || (!weights.empty() && weights.size() != targets.size()))
    fail(Errc::shape_mismatch, metric, "there are {} targets, {} predictions and {} weights", targets.size(), predicted,
         weights.empty() ? "no" : fmt::format("{}", weights.size()));
  if (targets.empty()) fail(Errc::empty, metric, "there are no rows");
}

inline double weight_of(const char* metric, Numbers weights, std::int64_t row) {
  if (weights.empty()) return 1;
  const double weight = finite(metric, "weight", weights, row);
  if (weight < 0) refuse(metric, row, "the weight is {}, expected at least 0", text(weight));
  return weight;
}

/// For an unknown number of classes: a class may be any index that a double holds exactly.
inline constexpr std::int64_t any_class = std::int64_t{1} << 53;

/// A target or predicted class as an index below `classes`.
inline std::int64_t class_of(const char* metric, const char* what, Numbers numbers, std::int64_t row,
                             std::int64_t classes) {
  const double value = finite(metric, what, numbers, row);
  if (value < 0 || value >= static_cast<double>(classes) || value != std::floor(value)) {
    refuse(metric, row, "the {} is {}, expected {}", what, text(value),
           classes == any_class ? "the index of a class: 0, 1, 2, ..."
                                : fmt::format("the index of one of {} classes", classes));
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
  if (!(total > 0)) fail(Errc::invalid_argument, metric, "the weights sum to zero");
  return sum / total;
}

}  // namespace scalar::inline v0::metrics
