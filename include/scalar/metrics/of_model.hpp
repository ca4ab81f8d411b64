#pragma once
/// The metrics of a model on a table or dataset, such as `metrics::auc(model, test)`.
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scalar/data/dataset.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/data/prediction.hpp"
#include "scalar/data/table.hpp"
#include "scalar/metrics/classification.hpp"
#include "scalar/metrics/regression.hpp"

namespace scalar::inline v0::metrics {

/// Anything that predicts `Data` and knows its classes: a Model, an AnyModel, a Predictor.
template <class M, class Data>
concept Predicts = requires(const M& model, const Data& data) {
  { model.predict(data) } -> std::convertible_to<Prediction>;
  { model.encoder() } -> std::convertible_to<const Encoder&>;
};

namespace detail {

/// Throws `Errc::invalid_argument` if the metric does not fit the model's kind.
void require_classification(const Encoder& encoder, const char* metric);
void require_regression(const Encoder& encoder, const char* metric);

/// What a metric needs from the data besides predictions.
struct Truth {
  std::vector<double> targets{}, weights{};
};
Truth truth(const Encoder& encoder, const Table& table);
/// Classes are matched by name if the dataset names its classes.
Truth truth(const Encoder& encoder, const Dataset& dataset);

template <class M, class Data, class Metric>
double of_classes(const char* name, const M& model, const Data& data, Metric metric) {
  require_classification(model.encoder(), name);
  const Truth known = truth(model.encoder(), data);
  const Prediction prediction = model.predict(data);
  return metric(Numbers(known.targets), prediction.matrix(), Numbers(known.weights));
}
template <class M, class Data, class Metric>
double of_numbers(const char* name, const M& model, const Data& data, Metric metric) {
  require_regression(model.encoder(), name);
  const Truth known = truth(model.encoder(), data);
  const Prediction prediction = model.predict(data);
  return metric(Numbers(known.targets), Numbers(prediction.values), Numbers(known.weights));
}

}  // namespace detail

/// Each of these metrics takes a model and a Table with the model's inputs and label, or a Dataset with targets, and
/// uses the weights of the rows. Errors: those of the metric and of `predict`; `Errc::invalid_argument` for a metric
/// that does not fit the kind of the model, or for a class that the model does not know.
template <class Data, Predicts<Data> M>
double accuracy(const M& model, const Data& data) {
  return detail::of_classes("accuracy", model, data,
                            [](Numbers t, Probabilities p, Numbers w) { return accuracy(t, p, w); });
}
template <class Data, Predicts<Data> M>
double logloss(const M& model, const Data& data) {
  return detail::of_classes("logloss", model, data,
                            [](Numbers t, Probabilities p, Numbers w) { return logloss(t, p, w); });
}
template <class Data, Predicts<Data> M>
double auc(const M& model, const Data& data) {
  return detail::of_classes("auc", model, data, [](Numbers t, Probabilities p, Numbers w) { return auc(t, p, w); });
}
template <class Data, Predicts<Data> M>
double rmse(const M& model, const Data& data) {
  return detail::of_numbers("rmse", model, data, [](Numbers t, Numbers p, Numbers w) { return rmse(t, p, w); });
}
template <class Data, Predicts<Data> M>
double mae(const M& model, const Data& data) {
  return detail::of_numbers("mae", model, data, [](Numbers t, Numbers p, Numbers w) { return mae(t, p, w); });
}
template <class Data, Predicts<Data> M>
double r2(const M& model, const Data& data) {
  return detail::of_numbers("r2", model, data, [](Numbers t, Numbers p, Numbers w) { return r2(t, p, w); });
}
template <class Data, Predicts<Data> M>
Confusion confusion(const M& model, const Data& data) {
  detail::require_classification(model.encoder(), "confusion");
  const detail::Truth known = detail::truth(model.encoder(), data);
  const Prediction prediction = model.predict(data);
  return confusion(Numbers(known.targets), prediction.matrix(), Numbers(known.weights));
}

/// Every metric that fits the model, by name: accuracy, logloss and, if every class occurs, auc; or rmse, mae and r2.
template <class Data, Predicts<Data> M>
std::map<std::string, double> evaluate(const M& model, const Data& data) {
  const detail::Truth known = detail::truth(model.encoder(), data);
  const Prediction prediction = model.predict(data);
  const Numbers targets(known.targets), weights(known.weights);
  if (model.encoder().classes().empty()) {
    const Numbers values(prediction.values);
    return {{"rmse", rmse(targets, values, weights)},
            {"mae", mae(targets, values, weights)},
            {"r2", r2(targets, values, weights)}};
  }
  const Probabilities values = prediction.matrix();
  std::map<std::string, double> found{{"accuracy", accuracy(targets, values, weights)},
                                      {"logloss", logloss(targets, values, weights)}};
  const Confusion counts = confusion(targets, values, weights);
  bool has_all = counts.classes > 1;
  for (std::int64_t i = 0; i < counts.classes; ++i) {
    double sum = 0;
    for (std::int64_t k = 0; k < counts.classes; ++k) sum += counts(i, k);
    has_all = has_all && sum > 0;
  }
  if (has_all) found.emplace("auc", auc(targets, values, weights));
  return found;
}

}  // namespace scalar::inline v0::metrics
