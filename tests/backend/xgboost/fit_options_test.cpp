// What a fit by XGBoost can do besides learning: validation rows, early ends, going on from a model, offsets.
#include <cmath>
#include <string>
#include <vector>

#include "backend/native/problems.hpp"
#include "backend/xgboost/problems.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"
#include "scalar/metrics.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::message_of;

namespace {

/// Rows with few distinct values, so that native and XGBoost know the same cuts.
DatasetParts coarse(Loss loss, std::uint64_t seed) {
  DatasetParts parts = problems::parts(300, 5, loss == Loss::squared ? 0 : loss == Loss::logistic ? 2 : 3, seed, true);
  for (float& value : parts.features) value = std::round(8 * value);
  return parts;
}

double logloss(const Forest& forest, const Dataset& data) {
  const auto classes = static_cast<std::int64_t>(data.classes().size());
  std::vector<double> probabilities(static_cast<std::size_t>(data.rows() * classes));
  backend::compile(forest).predict(data.features(), {probabilities.data(), data.rows(), classes});
  return metrics::logloss(data.targets(), metrics::Probabilities{probabilities.data(), data.rows(), classes},
                          data.weights());
}

std::vector<double> margins_of(const Forest& forest, const Dataset& data) {
  std::vector<double> margins(static_cast<std::size_t>(data.rows() * forest.outputs));
  backend::compile(forest).margins(data.features(), {margins.data(), data.rows(), forest.outputs});
  return margins;
}

void check_close(const std::vector<double>& a, const std::vector<double>& b, double margin) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(margin));
}

}  // namespace

TEST_CASE("XGBoost's trees of the best round are those of a fit with so many") {
  for (const std::string& path : problems::libraries())
    for (const Loss loss : {Loss::logistic, Loss::softmax}) {
      const backend::XGBoost xgboost({.library = path});
      const Dataset all = problems::dataset(400, 6, loss == Loss::softmax ? 3 : 2, 7, true);
      const Dataset train = all.slice(0, 300), validation = all.slice(300, 100);
      GradientBoostedTrees spec{.trees = 60, .depth = 4, .loss = loss};
      std::vector<double> values;
      const FitOptions options{.progress =
                                   [&](const FitProgress& progress) {
                                     if (progress.is_round) values.push_back(progress.validation);
                                   },
                               .validation = {.data = validation, .patience = 8}};
      const Forest forest = xgboost.fit(spec, train, options);
      const auto best = std::min_element(values.begin(), values.end());
      CHECK(values.end() - best == 9);
      CHECK(forest.trees() == (best - values.begin() + 1) * forest.outputs);
      CHECK(logloss(forest, validation) == Approx(*best).epsilon(1e-5));  // XGBoost adds leaves in its own order
      spec.trees = static_cast<int>(best - values.begin()) + 1;
      CHECK(to_bytes(forest) == to_bytes(xgboost.fit(spec, train)));
    }
}

TEST_CASE("XGBoost goes on from any forest, its own and a native one") {
  for (const std::string& path : problems::libraries())
    for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
      const backend::XGBoost xgboost({.library = path});
      const Dataset data(coarse(loss, 3));
      GradientBoostedTrees spec{.trees = 6, .depth = 3, .loss = loss};
      const Forest first = xgboost.fit(spec, data), of_native = backend::Native{}.fit(spec, data);
      spec.trees = 4;
      const Forest longer = xgboost.fit(spec, data, {.initial = to_bytes(first)});
      const Forest mixed = xgboost.fit(spec, data, {.initial = to_bytes(of_native)});
      CHECK(longer.trees() == 10 * longer.outputs);
      CHECK(mixed.trees() == 10 * mixed.outputs);
      spec.trees = 10;
      check_close(margins_of(longer, data), margins_of(xgboost.fit(spec, data), data), 1e-4);
      check_close(margins_of(mixed, data), margins_of(backend::Native{}.fit(spec, data), data), 1e-3);
    }
}

TEST_CASE("XGBoost adds offsets to the margins, as the native backend does") {
  for (const std::string& path : problems::libraries())
    for (const Loss loss : {Loss::squared, Loss::logistic}) {
      const backend::XGBoost xgboost({.library = path});
      DatasetParts parts = coarse(loss, 5);
      for (std::size_t i = 0; i < 300; ++i) parts.offsets.push_back(static_cast<double>(i % 5) - 2);
      const Dataset data(parts);
      const GradientBoostedTrees spec{.trees = 8, .depth = 3, .loss = loss};
      const FitOptions options{.validation = {.data = data}};
      check_close(margins_of(xgboost.fit(spec, data, options), data),
                  margins_of(backend::Native{}.fit(spec, data, options), data), 1e-3);
    }
}

TEST_CASE("what XGBoost's fits cannot do is refused by name") {
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    const Dataset data = problems::dataset(30, 2, 2);
    const auto said = [&](const GradientBoostedTrees& spec, const Dataset& rows, const FitOptions& options) {
      return message_of(Errc::unsupported, [&] { (void)xgboost.fit(spec, rows, options); });
    };
    CHECK(said({}, data, {.device = {DeviceType::cuda, 0}}) ==
          "xgboost: device cuda:0 cannot be used here, expected cpu");
    CHECK(said({}, data, {.checkpoint = {.directory = "d"}}) ==
          "xgboost: cannot fit this gradient_boosted_trees with checkpoints (checkpoint)");
    DatasetParts parts = problems::parts(30, 2, 2);
    parts.offsets.assign(30, 1.0);
    CHECK(said({.loss = Loss::softmax}, Dataset(parts), {}) ==
          "xgboost: cannot fit this gradient_boosted_trees with offsets, which are for models with one margin per row");
    CHECK(message_of(Errc::invalid_argument, [&] {
            (void)xgboost.fit(GradientBoostedTrees{}, data,
                              {.initial = to_bytes(xgboost.fit({.trees = 1}, problems::dataset(30, 3, 2)))});
          }) == "gradient_boosted_trees: the model to go on from has 3 features and 1 margins, here are 2 and 1");
  }
}
