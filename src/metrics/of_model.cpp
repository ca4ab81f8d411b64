#include "scalar/metrics/of_model.hpp"

#include <algorithm>

#include "core/fail.hpp"

namespace scalar::inline v0::metrics::detail {

void require_classification(const Encoder& encoder, const char* metric) {
  if (encoder.classes().empty())
    fail(Errc::invalid_argument, metric, "this model predicts a number; its metrics are rmse, mae and r2");
}
void require_regression(const Encoder& encoder, const char* metric) {
  if (!encoder.classes().empty())
    fail(Errc::invalid_argument, metric, "this model predicts classes; its metrics are accuracy, logloss and auc");
}

Truth truth(const Encoder& encoder, const Table& table) { return {encoder.targets(table), table.weights()}; }

Truth truth(const Encoder& encoder, const Dataset& dataset) {
  if (dataset.empty()) return {};
  if (!dataset.has_targets()) fail(Errc::invalid_argument, {}, "the dataset has no targets to compare with");
  std::vector<double> places;  // the model's index of each class of the dataset
  for (const std::string& name : dataset.classes()) {
    const auto found = std::find(encoder.classes().begin(), encoder.classes().end(), name);
    places.push_back(found == encoder.classes().end() ? -1.0 : static_cast<double>(found - encoder.classes().begin()));
  }
  const bool is_named = !places.empty() && !encoder.classes().empty();
  Truth known;
  for (std::int64_t row = 0; row < dataset.rows(); ++row) {
    double target = dataset.target(row);
    if (is_named) {
      const auto index = static_cast<std::size_t>(target);
      target = places[index];
      if (target < 0)
        fail(Errc::invalid_argument, fmt::format("row {}", row), "the model does not know the class \"{}\"",
             dataset.classes()[index]);
    }
    known.targets.push_back(target);
    if (dataset.has_weights()) known.weights.push_back(dataset.weight(row));
  }
  return known;
}

}  // namespace scalar::inline v0::metrics::detail
