#pragma once
/// What boosting begins with and the digits it keeps: the same of every backend. `fit(spec, data, options)` is a fit.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "support/catch.hpp"

namespace starts {

using namespace scalar;

inline std::vector<double> predict(const Forest& forest, const Dataset& data) {
  const CompiledModel model = backend::compile(forest);
  std::vector<double> out(static_cast<std::size_t>(data.rows() * model.outputs()));
  model.predict(data.features(), {out.data(), data.rows(), model.outputs()});
  return out;
}

/// What is predicted of rows whose features tell nothing.
template <class Fit>
std::vector<double> constant(const Fit& fit, Loss loss, std::vector<double> targets, std::vector<double> weights,
                             std::vector<std::string> classes = {}) {
  const Dataset data({.features = std::vector<float>(targets.size(), 1.0f),
                      .columns = 1,
                      .targets = targets,
                      .weights = weights,
                      .classes = classes});
  std::vector<double> all = predict(fit({.trees = 3, .loss = loss, .l2 = 0}, data, {}), data);
  all.resize(all.size() / targets.size());
  return all;
}

/// Without a split that helps, the weighted mean of the targets or the weighted shares of the classes are predicted.
template <class Fit>
void check_constants(const Fit& fit) {
  const auto near = [](const std::vector<double>& seen, const std::vector<double>& expected) {
    REQUIRE(seen.size() == expected.size());
    for (std::size_t k = 0; k < seen.size(); ++k) CHECK(seen[k] == Approx(expected[k]).epsilon(1e-6).margin(1e-9));
  };
  near(constant(fit, Loss::squared, {1, 2, 6}, {}), {3});
  near(constant(fit, Loss::squared, {1, 2, 6}, {1, 1, 2}), {3.75});
  near(constant(fit, Loss::logistic, {0, 0, 0, 1}, {}, {"no", "yes"}), {0.75, 0.25});
  near(constant(fit, Loss::logistic, {0, 0, 0, 1}, {1, 1, 1, 5}, {"no", "yes"}), {3.0 / 8, 5.0 / 8});
  near(constant(fit, Loss::softmax, {0, 0, 1, 2}, {}, {"a", "b", "c"}), {0.5, 0.25, 0.25});
  near(constant(fit, Loss::softmax, {0, 0, 1, 2}, {1, 0, 6, 1}, {"a", "b", "c"}), {1.0 / 8, 6.0 / 8, 1.0 / 8});
  // A class that does not occur counts as a millionth.
  near(constant(fit, Loss::softmax, {0, 0, 2, 2}, {}, {"a", "b", "c"}),
       {0.5 / 1.000001, 1e-6 / 1.000001, 0.5 / 1.000001});
}

/// Few positives, few steps: predictions are right on average from the first tree on.
template <class Fit>
void check_rare_class(const Fit& fit) {
  std::mt19937 random(41);
  std::normal_distribution<float> normal;
  DatasetParts parts{.columns = 4, .classes = {"no", "yes"}};
  double positives = 0;
  for (int row = 0; row < 10'000; ++row) {
    for (int column = 0; column < 4; ++column) parts.features.push_back(normal(random));
    const float* x = parts.features.data() + parts.features.size() - 4;
    parts.targets.push_back(x[0] + 0.5f * x[1] + normal(random) > 3.3f ? 1 : 0);
    positives += parts.targets.back();
  }
  const double rate = positives / 10'000, constant_loss = -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
  REQUIRE(rate < 0.03);
  const Dataset data(std::move(parts));
  const std::vector<double> out = predict(fit({.trees = 50, .depth = 3, .learning_rate = 0.05}, data, {}), data);
  double mean = 0, loss = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    const double p = out[static_cast<std::size_t>(2 * row + 1)];
    mean += p / 10'000;
    loss -= std::log(data.target(row) > 0 ? p : 1 - p) / 10'000;
  }
  CHECK(mean == Approx(rate).epsilon(0.05));
  CHECK(loss < 0.8 * constant_loss);
}

/// Targets whose differences a float32 does not hold.
template <class Fit>
void check_digits(const Fit& fit) {
  GradientBoostedTrees spec{.trees = 1, .depth = 6, .learning_rate = 1, .loss = Loss::squared, .l2 = 0};
  DatasetParts price{.columns = 1};
  for (int x = 0; x < 64; ++x) {
    price.features.push_back(static_cast<float>(x));
    price.targets.push_back(123456789.01 + 0.25 * x);
  }
  const Dataset prices(std::move(price));
  const std::vector<double> out = predict(fit(spec, prices, {}), prices);
  for (std::int64_t row = 0; row < 64; ++row)
    CHECK(std::abs(out[static_cast<std::size_t>(row)] - prices.target(row)) < 2e-6);

  const Dataset odd({.features = {0, 1, 0}, .columns = 1, .targets = {16777217, 16777217, 16777217}});
  for (const double prediction : predict(fit(spec, odd, {}), odd)) CHECK(prediction == 16777217);

  // Unix times, of which trees explain all but a noise of 10.
  std::mt19937 random(43);
  std::normal_distribution<double> normal;
  DatasetParts time{.columns = 1};
  for (int row = 0; row < 2000; ++row) {
    time.features.push_back(static_cast<float>(row % 2));
    time.targets.push_back(1.7e9 + 100 * (row % 2) + 10 * normal(random));
  }
  const Dataset times(std::move(time));
  double objective = 0;
  const FitOptions options{.progress = [&](const FitProgress& progress) {
    if (progress.what == "tree") objective = progress.objective;
  }};
  const std::vector<double> seen = predict(fit(spec, times, options), times);
  double squares = 0;
  for (std::int64_t row = 0; row < 2000; ++row)
    squares += std::pow(seen[static_cast<std::size_t>(row)] - times.target(row), 2) / 2000;
  CHECK(std::sqrt(squares) == Approx(10).epsilon(0.05));
  CHECK(objective == Approx(squares / 2).epsilon(1e-4));
}

}  // namespace starts
