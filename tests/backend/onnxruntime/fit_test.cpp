#include <cmath>

#include "backend/native/problems.hpp"
#include "backend/onnxruntime/models.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/trainer.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Contains;

static_assert(Trains<backend::OnnxRuntime, LinearRegression>);
static_assert(Trains<backend::OnnxRuntime, LogisticRegression>);
static_assert(Trains<backend::OnnxRuntime, MultilayerPerceptron>);
static_assert(!Trains<backend::OnnxRuntime, GradientBoostedTrees>);

namespace {

/// `sum_j weight[output][j] x_j + intercept[output]`
double margin(const LinearParameters& model, std::span<const float> x, std::int64_t output) {
  double sum = model.intercepts()[static_cast<std::size_t>(output)];
  for (std::size_t j = 0; j < x.size(); ++j)
    sum += model.weights()[static_cast<std::size_t>(output) * x.size() + j] * static_cast<double>(x[j]);
  return sum;
}

double squared_weights(const LinearParameters& model) {
  double sum = 0;
  for (const double weight : model.weights()) sum += weight * weight;
  return sum;
}

/// The objective as LinearRegression's header defines it.
double objective(const LinearRegression& spec, const LinearParameters& model, const Dataset& data) {
  double sum = spec.l2 * squared_weights(model);
  for (std::int64_t i = 0; i < data.rows(); ++i)
    sum += data.weight(i) * std::pow(data.target(i) - margin(model, data.features().row(i), 0), 2);
  return sum;
}

/// The objective as LogisticRegression's header defines it.
double objective(const LogisticRegression& spec, const LinearParameters& model, const Dataset& data) {
  double sum = spec.l2 / 2 * squared_weights(model);
  for (std::int64_t i = 0; i < data.rows(); ++i) {
    const auto target = static_cast<std::int64_t>(data.target(i));
    double all = model.outputs == 1 ? 1 : 0, own = 0;
    for (std::int64_t k = 0; k < model.outputs; ++k) {
      const double z = margin(model, data.features().row(i), k);
      all += std::exp(z);
      if (model.outputs == 1 ? target == 1 : target == k) own = z;
    }
    sum += data.weight(i) * (std::log(all) - own);
  }
  return sum;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

}  // namespace

TEST_CASE("linear regression reaches native's minimum") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  for (const bool weighted : {false, true})
    for (const double l2 : {0.0, 3.0}) {
      const LinearRegression spec{.l2 = l2};
      const Dataset data = problems::dataset(3001, 13, 0, 2, weighted);
      const double ours = objective(spec, onnxruntime->fit(spec, data), data);
      CHECK(ours == Approx(objective(spec, backend::Native{}.fit(spec, data), data)).epsilon(1e-12));
    }
}

TEST_CASE("linear regression keeps the digits of large targets") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  DatasetParts parts = problems::parts(500, 3, 0);
  for (double& target : parts.targets) target = target / 8 + 1.7e9;
  const Dataset data(std::move(parts));
  const LinearParameters ours = onnxruntime->fit(LinearRegression{}, data);
  const LinearParameters theirs = backend::Native{}.fit(LinearRegression{}, data);
  for (std::size_t i = 0; i < ours.values.size(); ++i) CHECK(ours.values[i] == Approx(theirs.values[i]).epsilon(1e-12));
}

TEST_CASE("logistic and softmax regression reach native's minimum") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  for (const int classes : {2, 5})
    for (const bool weighted : {false, true}) {
      const LogisticRegression spec{.l2 = 0.5};
      const Dataset data = problems::dataset(2503, 11, classes, 3, weighted);
      const LinearParameters ours = onnxruntime->fit(spec, data), theirs = backend::Native{}.fit(spec, data);
      CHECK(ours.link == theirs.link);
      CHECK(objective(spec, ours, data) == Approx(objective(spec, theirs, data)).epsilon(1e-12));
      for (std::size_t i = 0; i < ours.values.size(); ++i)
        CHECK(ours.values[i] == Approx(theirs.values[i]).margin(1e-6));
    }
}

TEST_CASE("a network follows native's steps") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  for (const Loss loss : {Loss::softmax, Loss::logistic, Loss::squared})
    for (const Activation activation : {Activation::relu, Activation::tanh, Activation::logistic})
      for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
        MultilayerPerceptron spec{.hidden = {24, 9},
                                  .activation = activation,
                                  .loss = loss,
                                  .optimizer = optimizer,
                                  .learning_rate = optimizer == Optimizer::sgd ? 0.05 : 1e-3,
                                  .batch = 25,
                                  .epochs = 1};
        const int classes = loss == Loss::softmax ? 4 : loss == Loss::logistic ? 2 : 0;
        INFO(to_json(spec));
        // One step: all rows are one minibatch.
        const Dataset few = problems::dataset(25, 17, classes, 4, true);
        CHECK(largest_difference(onnxruntime->fit(spec, few).values, backend::Native{}.fit(spec, few).values) <= 1e-6);
        // 101 steps, the last one with fewer rows.
        const Dataset many = problems::dataset(2510, 17, classes, 4, true);
        const MlpParameters ours = onnxruntime->fit(spec, many), theirs = backend::Native{}.fit(spec, many);
        CHECK(largest_difference(ours.values, theirs.values) <= 1e-4);
        CHECK(ours.sizes == theirs.sizes);
        CHECK(ours.target_offset == theirs.target_offset);
        CHECK(ours.target_scale == theirs.target_scale);
      }
}

TEST_CASE("peers share a fit, and learn the bits that shards alone decide") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  const Runtime runtime(RuntimeOptions{.threads = 2});
  const auto check = [&](const auto& spec, const Dataset& data) {
    const auto alone = onnxruntime->fit(spec, data, {.peers = 1, .shards = 4}, runtime);
    CHECK((onnxruntime->fit(spec, data, {.peers = 3, .shards = 4}, runtime) == alone));
  };
  check(LinearRegression{}, problems::dataset(700, 5, 0));
  check(LogisticRegression{}, problems::dataset(700, 5, 3));
  check(MultilayerPerceptron{.hidden = {8}, .batch = 30, .epochs = 2}, problems::dataset(200, 5, 3));
}

TEST_CASE("a fit reports progress and stops when asked") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  const Dataset data = problems::dataset(300, 5, 3);
  std::vector<double> objectives;
  const MultilayerPerceptron spec{.hidden = {8}, .epochs = 4};
  const auto progress = [&](const FitProgress& fit) { objectives.push_back(fit.objective); };
  (void)onnxruntime->fit(spec, data, {.progress = progress});
  REQUIRE(objectives.size() == 4);
  CHECK(objectives.back() < objectives.front());
  std::stop_source stop;
  stop.request_stop();
  CHECK(test::code_of([&] { (void)onnxruntime->fit(spec, data, {.stop = stop.get_token()}); }) == Errc::canceled);
  CHECK(test::code_of([&] { (void)onnxruntime->fit(LogisticRegression{}, data, {.stop = stop.get_token()}); }) ==
        Errc::canceled);
  CHECK(test::code_of([&] {
          (void)onnxruntime->fit(spec, data, {.device = {DeviceType::cuda, 0}});
        }) == Errc::unsupported);
}

TEST_CASE("offsets count as with native") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  const auto with_offsets = [](int classes) {
    DatasetParts parts = problems::parts(600, 5, classes, 6, true);
    Philox random(2);
    for (std::size_t i = 0; i < parts.targets.size(); ++i) parts.offsets.push_back(2 * random.uniform() - 1);
    return Dataset(std::move(parts));
  };
  const auto near = [](const std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-6));
  };
  const Dataset classes = with_offsets(2), numbers = with_offsets(0);
  near(onnxruntime->fit(LogisticRegression{}, classes).values,
       backend::Native{}.fit(LogisticRegression{}, classes).values);
  near(onnxruntime->fit(LinearRegression{}, numbers).values, backend::Native{}.fit(LinearRegression{}, numbers).values);
  const MultilayerPerceptron spec{.hidden = {6}, .loss = Loss::logistic, .batch = 20, .epochs = 2};
  CHECK(largest_difference(onnxruntime->fit(spec, classes).values, backend::Native{}.fit(spec, classes).values) <=
        1e-4);
}

TEST_CASE("validation, early stopping, and going on from a model work as with native") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  const Dataset data = problems::dataset(400, 8, 3, 7), held_out = problems::dataset(200, 8, 3, 7);
  const MultilayerPerceptron spec{.hidden = {12}, .learning_rate = 0.02, .batch = 40, .epochs = 12};
  std::vector<double> ours, theirs;
  const auto options = [&](std::vector<double>& into) {
    FitOptions made{.progress = [&into](const FitProgress& fit) { into.push_back(fit.validation); }};
    made.validation.data = held_out;
    made.validation.patience = 2;
    return made;
  };
  const MlpParameters first = onnxruntime->fit(spec, data, options(ours));
  const MlpParameters second = backend::Native{}.fit(spec, data, options(theirs));
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == Approx(theirs[i]).epsilon(1e-3));
  CHECK(largest_difference(first.values, second.values) <= 1e-3);
  MultilayerPerceptron more = spec;
  more.epochs = 1;
  const FitOptions from{.initial = to_bytes(second)};
  CHECK(largest_difference(onnxruntime->fit(more, data, from).values, backend::Native{}.fit(more, data, from).values) <=
        1e-4);
}

TEST_CASE("a fit that was interrupted goes on with the same bits, and not on another backend") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  const Dataset data = problems::dataset(300, 6, 3, 8);
  const MultilayerPerceptron spec{.hidden = {7}, .batch = 30, .epochs = 6};
  const MlpParameters whole = onnxruntime->fit(spec, data);
  const test::TemporaryDirectory folder;
  FitOptions options;
  options.checkpoint = {.directory = folder.path(), .rounds = 2};
  std::stop_source stop;
  FitOptions interrupted = options;
  interrupted.stop = stop.get_token();
  interrupted.progress = [&](const FitProgress& fit) {
    if (fit.done == 5) stop.request_stop();
  };
  CHECK(test::code_of([&] { (void)onnxruntime->fit(spec, data, interrupted); }) == Errc::canceled);
  CHECK_THAT(test::message_of(Errc::invalid_argument, [&] { (void)backend::Native{}.fit(spec, data, options); }),
             Contains("another backend"));
  CHECK((onnxruntime->fit(spec, data, options) == whole));
}

TEST_CASE("targets and features that cannot be learned are refused as by native") {
  const auto onnxruntime = models::onnxruntime();
  if (!onnxruntime) return;
  DatasetParts parts = problems::parts(20, 3, 0);
  parts.features[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(test::message_of(Errc::invalid_argument,
                              [&] { (void)onnxruntime->fit(LinearRegression{}, Dataset(std::move(parts))); }),
             Contains("row 1") && Contains("NaN"));
  CHECK_THAT(test::message_of(Errc::invalid_argument,
                              [&] { (void)onnxruntime->fit(LogisticRegression{}, problems::dataset(20, 3, 0)); }),
             Contains("expected classes"));
}

TEST_CASE("Trainer takes the backend by name") {
  if (!models::onnxruntime()) return;
  const Dataset data = problems::dataset(200, 4, 2);
  const AnyBackend any = backend::named("onnxruntime");
  CHECK(any.supports(LogisticRegression{}));
  CHECK(any.supports(LogisticRegression{}, 4));
  CHECK_THAT(any.supports(GradientBoostedTrees{}).reasons.at(0), Contains("gradient_boosted_trees"));
  const auto model = Trainer{LogisticRegression{}, "onnxruntime"}.fit(data);
  CHECK(model.info().backend == "onnxruntime");
}
