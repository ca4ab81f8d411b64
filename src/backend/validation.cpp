#include "scalar/backend/validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "backend/native/links.hpp"
#include "core/fail.hpp"
#include "scalar/metrics/classification.hpp"
#include "scalar/metrics/regression.hpp"

namespace scalar::inline v0::backend {
namespace {

bool is_of_classes(ValidationMetric metric) {
  return metric == ValidationMetric::error || metric == ValidationMetric::roc_auc;
}
bool is_of_numbers(ValidationMetric metric) {
  return metric == ValidationMetric::rmse || metric == ValidationMetric::mean_absolute_error;
}

void check_metric(std::string_view spec, ValidationMetric metric, const Dataset& training) {
  const std::size_t classes = training.classes().size();
  if (classes == 0 && is_of_classes(metric))
    fail(Errc::invalid_argument, spec, "the validation metric is of classes, but the targets are numbers");
  if (classes > 0 && is_of_numbers(metric))
    fail(Errc::invalid_argument, spec, "the validation metric is of a regression, but the targets are classes");
  if (metric == ValidationMetric::roc_auc && classes != 2)
    fail(Errc::invalid_argument, spec, "the validation metric roc_auc is of two classes, there are {}", classes);
}

void check_rows(std::string_view spec, const Dataset& rows, const Dataset& training) {
  if (!rows.has_targets()) fail(Errc::invalid_argument, spec, "the validation rows have no targets");
  if (rows.columns() != training.columns())
    fail(Errc::invalid_argument, spec, "the validation rows have {} features, the training rows {}", rows.columns(),
         training.columns());
  for (std::size_t i = 0; i < rows.feature_names().size(); ++i)
    if (rows.feature_names()[i] != training.feature_names()[i])
      fail(Errc::invalid_argument, spec,
           "feature {} of the validation rows is \"{}\", that of the training rows \"{}\"", i, rows.feature_names()[i],
           training.feature_names()[i]);
  if (rows.classes() != training.classes())
    fail(Errc::invalid_argument, spec, "the validation rows have other classes than the training rows ({} and {})",
         rows.classes().size(), training.classes().size());
  if (rows.has_offsets() != training.has_offsets())
    fail(Errc::invalid_argument, spec, "the {} rows have offsets, but the {} rows have none",
         rows.has_offsets() ? "validation" : "training", rows.has_offsets() ? "training" : "validation");
}

}  // namespace

Validation::Validation(std::string_view spec, Loss loss, std::int64_t margins, const Dataset& training,
                       const ValidationOptions& options)
    : link_(link_of(loss)), margins_(margins), metric_(options.metric) {
  if (options.data.empty()) return;
  check_metric(spec, metric_, training);
  check_rows(spec, options.data, training);
  data_ = (loss == Loss::squared ? options.data.less_offsets() : options.data).contiguous();
  // Whether the metric can be computed does not depend on the margins, so it is known before the first round.
  const std::vector<double> zeros(static_cast<std::size_t>(data_.rows() * margins));
  try {
    (void)value({zeros.data(), data_.rows(), margins});
  } catch (const Error& error) {
    fail(Errc::invalid_argument, spec, "the validation metric cannot be computed: {}", error.what());
  }
}

double Validation::value(MatrixView<const double> margins) const {
  std::vector<double> values(static_cast<std::size_t>(data_.rows() * margins_));
  for (std::int64_t row = 0; row < data_.rows(); ++row)
    for (std::int64_t k = 0; k < margins_; ++k)
      values[static_cast<std::size_t>(row * margins_ + k)] =
          margins.row(row)[static_cast<std::size_t>(k)] + data_.offset(row);
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
    return std::numeric_limits<double>::quiet_NaN();
  return link_ == Link::identity ? of_numbers(values) : of_classes(std::move(values));
}

double Validation::of_numbers(const std::vector<double>& margins) const {
  if (metric_ == ValidationMetric::mean_absolute_error) return metrics::mae(data_.targets(), margins, data_.weights());
  const double rmse = metrics::rmse(data_.targets(), margins, data_.weights());
  return metric_ == ValidationMetric::rmse ? rmse : rmse * rmse / 2;
}

double Validation::of_classes(std::vector<double> margins) const {
  if (metric_ == ValidationMetric::roc_auc && margins_ == 1)
    return metrics::auc(data_.targets(), margins, data_.weights());
  const std::int64_t classes = native::outputs_of(link_, margins_);
  std::vector<double> probabilities(static_cast<std::size_t>(data_.rows() * classes));
  for (std::int64_t row = 0; row < data_.rows(); ++row)
    std::copy_n(margins.begin() + row * margins_, margins_, probabilities.begin() + row * classes);
  native::apply(link_, {probabilities.data(), data_.rows(), classes});
  const metrics::Probabilities view{probabilities.data(), data_.rows(), classes};
  switch (metric_) {
    case ValidationMetric::roc_auc:
      return metrics::auc(data_.targets(), view, data_.weights());
    case ValidationMetric::error:
      return 1 - metrics::accuracy(data_.targets(), view, data_.weights());
    default:
      return metrics::logloss(data_.targets(), view, data_.weights());
  }
}

}  // namespace scalar::inline v0::backend
