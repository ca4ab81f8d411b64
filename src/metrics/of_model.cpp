#include "scalar/metrics/of_model.hpp"

#include <algorithm>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::metrics::detail {

void require_classification(const Encoder& encoder, const char* metric) {
  if (encoder.classes().empty()) {
    throw Error(Errc::invalid_argument, "this model predicts a number; its metrics are rmse, mae and r2", metric);
  }
}
void require_regression(const Encoder& encoder, const char* metric) {
  if (!encoder.classes().empty()) {
    throw Error(Errc::invalid_argument, "this model predicts classes; its metrics are accuracy, logloss and auc",
                metric);
  }
}

Truth truth(const Encoder& encoder, const Table& table) { return {encoder.targets(table), table.weights()}; }

Truth truth(const Encoder& encoder, const Dataset& dataset) {
  if (dataset.empty()) return {};
  if (!dataset.has_targets()) throw Error(Errc::invalid_argument, "the dataset has no targets to compare with");
  std::vector<double> places;  // of the dataset's classes among the model's
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
      if (target < 0) {
        throw Error(Errc::invalid_argument, "the model does not know the class \"" + dataset.classes()[index] + "\"",
                    "row " + std::to_string(row));
      }
    }
    known.targets.push_back(target);
    if (dataset.has_weights()) known.weights.push_back(dataset.weight(row));
  }
  return known;
}

}  // namespace scalar::inline v0::metrics::detail
