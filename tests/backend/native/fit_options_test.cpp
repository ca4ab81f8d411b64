// What a fit can do besides learning: validation rows, early ends, going on from a model, offsets.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "backend/native/fits.hpp"
#include "bsp/loopback.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/metrics.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::message_of;

namespace {

const backend::Native native;

struct Rows {
  Dataset train, validation;
};
/// Rows of which a model learns too much.
Rows noisy(int classes, std::int64_t rows = 400) {
  const Dataset all = problems::dataset(rows, 6, classes, 7, true);
  return {all.slice(0, rows * 3 / 4), all.slice(rows * 3 / 4, rows / 4)};
}

/// The rounds that a fit reports.
std::vector<FitProgress> rounds_of(const auto& spec, const Dataset& train, FitOptions options, auto& parameters) {
  std::vector<FitProgress> rounds;
  options.progress = [&](const FitProgress& progress) {
    if (progress.is_round) rounds.push_back(progress);
  };
  parameters = native.fit(spec, train, options);
  return rounds;
}

std::size_t best_of(const std::vector<FitProgress>& rounds) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < rounds.size(); ++i)
    if (rounds[i].validation < rounds[best].validation) best = i;
  return best;
}

Prediction predicted(const auto& parameters, const Dataset& data, std::int64_t outputs) {
  Prediction prediction{.rows = data.rows(), .outputs = outputs};
  prediction.values.resize(static_cast<std::size_t>(data.rows() * outputs));
  backend::compile(parameters).predict(data.contiguous().features(), {prediction.values.data(), data.rows(), outputs});
  return prediction;
}

double logloss(const auto& parameters, const Dataset& data) {
  const Prediction prediction = predicted(parameters, data, static_cast<std::int64_t>(data.classes().size()));
  return metrics::logloss(data.targets(), prediction.matrix(), data.weights());
}

}  // namespace

TEST_CASE("the trees of the best round are those of a fit with so many") {
  for (const Loss loss : {Loss::logistic, Loss::softmax}) {
    const Rows rows = noisy(loss == Loss::softmax ? 3 : 2);
    GradientBoostedTrees spec{.trees = 60, .depth = 4, .loss = loss};
    Forest forest;
    const auto seen = rounds_of(spec, rows.train, {.validation = {.data = rows.validation}}, forest);
    REQUIRE(seen.size() == 60);
    const std::size_t best = best_of(seen);
    CHECK(best < 50);
    CHECK(logloss(forest, rows.validation) == Approx(seen[best].validation).epsilon(1e-12));
    spec.trees = static_cast<int>(best) + 1;
    CHECK(to_bytes(forest) == to_bytes(native.fit(spec, rows.train)));
    // The same with patience, which ends the fit.
    spec.trees = 60;
    const auto ended = rounds_of(spec, rows.train, {.validation = {.data = rows.validation, .patience = 5}}, forest);
    CHECK(ended.size() == best_of(ended) + 6);
    CHECK(forest.trees() == static_cast<std::int64_t>(best_of(ended) + 1) * forest.outputs);
  }
}

TEST_CASE("the network of the best epoch is that of a fit with so many epochs") {
  const Rows rows = noisy(3);
  MultilayerPerceptron spec{.hidden = {32}, .learning_rate = 0.02, .batch = 32, .epochs = 40};
  MlpParameters network;
  const auto seen = rounds_of(spec, rows.train, {.validation = {.data = rows.validation}}, network);
  REQUIRE(seen.size() == 40);
  const std::size_t best = best_of(seen);
  CHECK(best < 35);
  CHECK(logloss(network, rows.validation) == Approx(seen[best].validation).epsilon(1e-12));
  spec.epochs = static_cast<int>(best) + 1;
  CHECK(to_bytes(network) == to_bytes(native.fit(spec, rows.train)));
}

TEST_CASE("the weights of the best iteration are those of a fit with so many iterations") {
  const Rows rows = noisy(3, 60);
  LogisticRegression spec{.l2 = 1e-6, .tolerance = 1e-12};
  LinearParameters linear;
  const auto seen = rounds_of(spec, rows.train, {.validation = {.data = rows.validation}}, linear);
  const std::size_t best = best_of(seen);
  CHECK(best + 2 < seen.size());
  CHECK(logloss(linear, rows.validation) == Approx(seen[best].validation).epsilon(1e-12));
  spec.max_iterations = static_cast<int>(best) + 1;
  CHECK(to_bytes(linear) == to_bytes(native.fit(spec, rows.train)));
}

TEST_CASE("a closed form has one round, and refuses what needs more") {
  const Rows rows = noisy(0);
  LinearParameters linear;
  const ValidationOptions validation{.data = rows.validation, .metric = ValidationMetric::rmse};
  const auto seen = rounds_of(LinearRegression{}, rows.train, {.validation = validation}, linear);
  REQUIRE(seen.size() == 1);
  const Prediction prediction = predicted(linear, rows.validation, 1);
  CHECK(seen[0].validation ==
        Approx(metrics::rmse(rows.validation.targets(), prediction.values, rows.validation.weights())).epsilon(1e-12));
  CHECK(to_bytes(linear) == to_bytes(native.fit(LinearRegression{}, rows.train)));
  const auto said = [&](const FitOptions& options) {
    return message_of(Errc::unsupported, [&] { native.fit(LinearRegression{}, rows.train, options); });
  };
  CHECK(said({.validation = {.data = rows.validation, .patience = 3}}) ==
        "native: cannot fit this linear_regression in rounds that could end early (validation.patience)");
  CHECK(said({.initial = to_bytes(linear)}) ==
        "native: cannot fit this linear_regression from another model (initial)");
  CHECK(said({.checkpoint = {.directory = "d"}}) ==
        "native: cannot fit this linear_regression with checkpoints (checkpoint)");
}

TEST_CASE("any number of peers and processes keeps the same round, bit for bit") {
  for (const std::string kind : fits::kinds_in_rounds) {
    const FitOptions alone{.shards = 6, .validation = {.patience = 3}};
    const std::string expected = fits::learned_in_rounds(kind, alone);
    for (const int peers : {2, 5}) {
      INFO(kind << ", " << peers << " peers");
      FitOptions options = alone;
      options.peers = peers;
      CHECK(fits::learned_in_rounds(kind, options, 2) == expected);
      const auto board = std::make_shared<bsp_test::Switchboard>(2);
      std::string ends[2];
      std::vector<std::thread> threads;
      for (int process = 0; process < 2; ++process)
        threads.emplace_back([&, process] {
          FitOptions shared = options;
          shared.transport = std::make_shared<bsp_test::Loopback>(board, process);
          if (process == 1) shared.progress = {};
          ends[process] = fits::learned_in_rounds(kind, shared);
        });
      for (std::thread& thread : threads) thread.join();
      CHECK(ends[0] == expected);
      CHECK(ends[1] == expected);
    }
  }
}

TEST_CASE("trees that go on are those of one long fit") {
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    const Dataset data = problems::dataset(300, 5, loss == Loss::squared ? 0 : loss == Loss::logistic ? 2 : 3, 3, true);
    GradientBoostedTrees spec{.trees = 10, .depth = 4, .loss = loss};
    const Forest first = native.fit(spec, data);
    spec.trees = 5;
    const Forest longer = native.fit(spec, data, {.initial = to_bytes(first)});
    CHECK(longer.trees() == 15 * longer.outputs);
    spec.trees = 15;
    CHECK(to_bytes(longer) == to_bytes(native.fit(spec, data)));
  }
}

TEST_CASE("a forest with a base of its own and in float64 goes on from its margins") {
  // One tree without splits per output: the forest is the constant 0.25 + 0.5.
  Forest constant{.features = 2, .outputs = 1, .link = Link::logistic, .width = DataType::float64};
  constant.base = {0.25}, constant.start = {0.0}, constant.tree_begin = {0, 1}, constant.tree_output = {0};
  constant.feature = {-1}, constant.value = {0.5}, constant.left = {0}, constant.right = {0}, constant.missing = {0};
  const Dataset data(
      {.features = {0, 0, 0, 0, 1, 0, 1, 0}, .columns = 2, .targets = {0, 1, 1, 1}, .classes = {"a", "b"}});
  const GradientBoostedTrees spec{
      .trees = 1, .depth = 1, .learning_rate = 1, .loss = Loss::logistic, .l2 = 1, .min_child_weight = 0};
  const Forest forest = native.fit(spec, data, {.initial = to_bytes(constant)});
  REQUIRE(forest.trees() == 2);
  const double p = 1 / (1 + std::exp(-0.75)), h = 2 * p * (1 - p) + 1;
  std::vector<double> margins(4);
  backend::compile(forest).margins(data.features(), {margins.data(), 4, 1});
  CHECK(margins[0] == Approx(0.75 - (2 * p - 1) / h).epsilon(1e-6));
  CHECK(margins[2] == Approx(0.75 - (2 * p - 2) / h).epsilon(1e-6));
}

TEST_CASE("networks and logistic regressions begin with the given weights") {
  const Dataset data = problems::dataset(200, 4, 3, 3);
  const MlpParameters network = native.fit(MultilayerPerceptron{.hidden = {7}, .epochs = 30}, data);
  const MlpParameters same = native.fit(MultilayerPerceptron{.hidden = {7}, .learning_rate = 1e-12, .epochs = 1}, data,
                                        {.initial = to_bytes(network)});
  for (std::size_t i = 0; i < network.values.size(); ++i)
    CHECK(same.values[i] == Approx(network.values[i]).margin(1e-6));

  const LogisticRegression spec{.l2 = 0.1, .tolerance = 1e-9};
  LinearParameters cold, warm;
  const std::size_t iterations = rounds_of(spec, data, {}, cold).size();
  CHECK(rounds_of(spec, data, {.initial = to_bytes(cold)}, warm).size() < iterations / 3);
  for (std::size_t i = 0; i < cold.values.size(); ++i) CHECK(warm.values[i] == Approx(cold.values[i]).margin(1e-6));
}

TEST_CASE("a model of another shape is nothing to go on from") {
  const Dataset data = problems::dataset(50, 4, 2, 3), other = problems::dataset(50, 5, 3, 3);
  const auto said = [&](const auto& spec) {
    const auto initial = to_bytes(native.fit(spec, other));
    return message_of(Errc::invalid_argument, [&] { native.fit(spec, data, {.initial = initial}); });
  };
  CHECK(said(GradientBoostedTrees{.trees = 1, .loss = Loss::softmax}) ==
        "gradient_boosted_trees: the model to go on from has 5 features and 3 margins, here are 4 and 2");
  CHECK(
      said(LogisticRegression{}) ==
      "logistic_regression: the model to go on from has 5 features and 3 margins with another link, here are 4 and 1");
  CHECK(said(MultilayerPerceptron{.hidden = {3}, .epochs = 1}) ==
        "multilayer_perceptron: the model to go on from has layers of 5, 3, 3 units, here are 4, 3, 2");
  const Forest squared =
      native.fit(GradientBoostedTrees{.trees = 1, .loss = Loss::squared}, problems::dataset(50, 4, 0));
  CHECK(message_of(Errc::invalid_argument, [&] {
          native.fit(GradientBoostedTrees{.trees = 1, .loss = Loss::logistic}, data, {.initial = to_bytes(squared)});
        }) == "gradient_boosted_trees: the model to go on from has another link");
  CHECK(test::code_of([&] { native.fit(LogisticRegression{}, data, {.initial = {std::byte{7}}}); }) == Errc::corrupt);
}

TEST_CASE("with the squared loss, offsets are what the targets are without") {
  DatasetParts parts = problems::parts(120, 4, 0, 5, true);
  const Dataset plain{DatasetParts(parts)};
  for (std::size_t i = 0; i < parts.targets.size(); ++i) {
    parts.offsets.push_back(static_cast<double>(i % 7) * 1024);
    parts.targets[i] = static_cast<float>(parts.targets[i]) + parts.offsets[i];
  }
  const Dataset moved(parts);
  const auto compare = [&](const auto& spec) {
    const auto a = predicted(native.fit(spec, plain), plain, 1), b = predicted(native.fit(spec, moved), plain, 1);
    for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(b.values[i] == Approx(a.values[i]).margin(1e-5));
  };
  compare(LinearRegression{});
  compare(GradientBoostedTrees{.trees = 3, .loss = Loss::squared});
  compare(MultilayerPerceptron{.hidden = {4}, .loss = Loss::squared, .epochs = 2});
}

TEST_CASE("a logistic regression with offsets is where the gradient of its objective is zero") {
  DatasetParts parts = problems::parts(150, 3, 2, 5, true);
  for (std::size_t i = 0; i < parts.targets.size(); ++i) parts.offsets.push_back(std::sin(static_cast<double>(i)) * 3);
  const Dataset data(parts);
  const double l2 = 0.3;
  const LinearParameters linear = native.fit(LogisticRegression{.l2 = l2, .tolerance = 1e-12}, data);
  std::vector<double> gradient(4);
  for (std::int64_t i = 0; i < data.rows(); ++i) {
    double margin = linear.values[3] + data.offset(i);
    for (std::size_t j = 0; j < 3; ++j) margin += linear.values[j] * static_cast<double>(data.row(i)[j]);
    const double wrong = data.weight(i) * (1 / (1 + std::exp(-margin)) - data.target(i));
    for (std::size_t j = 0; j < 3; ++j) gradient[j] += wrong * static_cast<double>(data.row(i)[j]);
    gradient[3] += wrong;
  }
  for (std::size_t j = 0; j < 3; ++j) CHECK(gradient[j] + l2 * linear.values[j] == Approx(0).margin(1e-7));
  CHECK(gradient[3] == Approx(0).margin(1e-7));
}

TEST_CASE("trees and networks learn what is to be added to the offsets") {
  // Offsets that are the margins of a forest: its successor is grown from the same margins as by going on from it.
  const Dataset data = problems::dataset(200, 4, 2, 9, true);
  const GradientBoostedTrees spec{.trees = 4, .depth = 3, .loss = Loss::logistic};
  const Forest first = native.fit(spec, data);
  std::vector<double> margins(200);
  backend::compile(first).margins(data.features(), {margins.data(), 200, 1});
  DatasetParts parts = problems::parts(200, 4, 2, 9, true);
  parts.offsets = margins;
  const Forest added = native.fit(spec, Dataset(parts)), longer = native.fit(spec, data, {.initial = to_bytes(first)});
  CHECK(added.trees() == 4);
  std::vector<double> more(200), both(200);
  backend::compile(added).margins(data.features(), {more.data(), 200, 1});
  backend::compile(longer).margins(data.features(), {both.data(), 200, 1});
  for (std::size_t i = 0; i < 200; ++i) CHECK(margins[i] + more[i] == Approx(both[i]).margin(1e-4));

  // Offsets that already say everything leave nothing to a network but noise; wrong ones are corrected.
  for (std::size_t i = 0; i < 200; ++i) parts.offsets[i] = parts.targets[i] > 0 ? -1 : 1;
  const MlpParameters network =
      native.fit(MultilayerPerceptron{.hidden = {16}, .loss = Loss::logistic, .learning_rate = 0.01, .epochs = 60},
                 Dataset(parts));
  const MlpParameters plain = native.fit(
      MultilayerPerceptron{.hidden = {16}, .loss = Loss::logistic, .learning_rate = 0.01, .epochs = 60}, data);
  double sum = 0, plain_sum = 0;
  std::vector<double> of_network(200), of_plain(200);
  backend::compile(network).margins(data.features(), {of_network.data(), 200, 1});
  backend::compile(plain).margins(data.features(), {of_plain.data(), 200, 1});
  for (std::size_t i = 0; i < 200; ++i) {
    const double side = parts.targets[i] > 0 ? 1 : -1;
    sum += side * of_network[i], plain_sum += side * of_plain[i];
  }
  CHECK(sum > plain_sum + 50);  // about one more for each row, of which some weigh nothing
}

TEST_CASE("offsets are for one margin") {
  DatasetParts parts = problems::parts(30, 2, 3);
  parts.offsets.assign(30, 1.0);
  const Dataset data(parts);
  const auto said = [&](const auto& spec) { return message_of(Errc::unsupported, [&] { native.fit(spec, data); }); };
  const std::string end = " with offsets, which are for models with one margin per row";
  CHECK(said(LogisticRegression{}) == "native: cannot fit this logistic_regression" + end);
  CHECK(said(MultilayerPerceptron{}) == "native: cannot fit this multilayer_perceptron" + end);
  CHECK(said(GradientBoostedTrees{.loss = Loss::softmax}) == "native: cannot fit this gradient_boosted_trees" + end);
}

TEST_CASE("another device than the processor is refused") {
  const Dataset data = problems::dataset(30, 2, 2), numbers = problems::dataset(30, 2, 0);
  const FitOptions options{.device = {DeviceType::cuda, 0}};
  const std::string expected = "native: device cuda:0 cannot be used here, expected cpu";
  const auto said = [&](const auto& spec, const Dataset& rows) {
    return message_of(Errc::unsupported, [&] { native.fit(spec, rows, options); });
  };
  CHECK(said(LinearRegression{}, numbers) == expected);
  CHECK(said(LogisticRegression{}, data) == expected);
  CHECK(said(MultilayerPerceptron{}, data) == expected);
  CHECK(said(GradientBoostedTrees{}, data) == expected);
}
