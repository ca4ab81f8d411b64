#pragma once
/// Validation: the rows by which the rounds of a fit are compared, and their metric.
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/core/tensor.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::backend {

/// Computes the validation metric of a fit from the margins of the validation rows. A default one has no rows.
///
/// Thread safety: const members may be called from any thread.
class Validation {
 public:
  Validation() = default;
  /// The validation rows in the options of a fit that learns `training`; none if there are none. `spec` is the name in
  /// errors, `margins` the number of margins per row.
  ///
  /// Errors: `Errc::invalid_argument` for rows without targets, with other features or classes than those of
  /// `training`, or with offsets if `training` has none or the reverse; for a metric that does not fit the targets; and
  /// for rows of which the metric cannot be computed, such as `roc_auc` of one class.
  Validation(std::string_view spec, Loss loss, std::int64_t margins, const Dataset& training,
             const ValidationOptions& options);

  explicit operator bool() const noexcept { return !data_.empty(); }
  /// The rows, contiguous. With the squared loss the offsets are already subtracted from the targets.
  const Dataset& data() const noexcept { return data_; }
  /// The metric for a model's margins, `[data().rows(), margins]`, to which this adds the rows' offsets. NaN if a
  /// margin is not finite.
  double value(MatrixView<const double> margins) const;

 private:
  double of_classes(std::vector<double> margins) const;
  double of_numbers(const std::vector<double>& margins) const;

  Link link_ = Link::identity;
  std::int64_t margins_ = 1;
  ValidationMetric metric_ = ValidationMetric::loss;
  Dataset data_{};
};

}  // namespace scalar::inline v0::backend
