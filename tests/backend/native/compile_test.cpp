// Prediction: links, any number of rows and threads, no allocations.
#include <cmath>
#include <limits>

#include "backend/native/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace scalar;
using test::allocations;

namespace {

std::vector<double> predict(const CompiledModel& model, const Dataset& data, std::int64_t first, std::int64_t count) {
  std::vector<double> out(static_cast<std::size_t>(count * model.outputs()));
  model.predict(data.features().slice(first, count), {out.data(), count, model.outputs()});
  return out;
}

LinearParameters linear(Link link, std::int64_t outputs, std::int64_t features) {
  LinearParameters parameters{.features = features, .outputs = outputs, .link = link};
  Philox random(3);
  for (std::int64_t i = 0; i < outputs * (features + 1); ++i) parameters.values.push_back(random.uniform() - 0.5);
  return parameters;
}

MlpParameters network(Link link, std::vector<std::int64_t> sizes, Activation activation = Activation::relu) {
  MlpParameters parameters{.sizes = std::move(sizes), .activation = activation, .link = link};
  Philox random(3);
  const std::size_t count = parameters.offset(parameters.layers());
  for (std::size_t i = 0; i < count; ++i) parameters.values.push_back(static_cast<float>(random.uniform() - 0.5));
  return parameters;
}

/// Every way to cut the rows gives the same bits.
void check_cuts(const CompiledModel& model, const Dataset& data) {
  const std::vector<double> whole = predict(model, data, 0, data.rows());
  for (const std::int64_t count : {1, 2, 5, 64, 65, 100}) {
    std::vector<double> pieces;
    for (std::int64_t first = 0; first < data.rows(); first += count) {
      const auto piece = predict(model, data, first, (std::min)(count, data.rows() - first));
      pieces.insert(pieces.end(), piece.begin(), piece.end());
    }
    CHECK(pieces == whole);
  }
}

}  // namespace

TEST_CASE("linear margins are plain sums in double") {
  const Dataset data = problems::dataset(300, 9, 0);
  const LinearParameters parameters = linear(Link::softmax, 3, 9);
  const CompiledModel model = backend::compile(parameters);
  CHECK(model.features() == 9);
  CHECK(model.margins() == 3);
  CHECK(model.outputs() == 3);
  std::vector<double> margins(900), probabilities = predict(model, data, 0, 300);
  model.margins(data.features(), {margins.data(), 300, 3});
  for (std::int64_t i = 0; i < 300; ++i) {
    double total = 0, expected = 0;
    for (std::int64_t k = 0; k < 3; ++k) {
      double sum = parameters.intercepts()[static_cast<std::size_t>(k)];
      for (std::int64_t j = 0; j < 9; ++j)
        sum += parameters.weights()[static_cast<std::size_t>(k * 9 + j)] *
               static_cast<double>(data.row(i)[static_cast<std::size_t>(j)]);
      CHECK(std::abs(margins[static_cast<std::size_t>(i * 3 + k)] - sum) < 1e-14);
      total += probabilities[static_cast<std::size_t>(i * 3 + k)];
      expected += std::exp(sum);
    }
    CHECK(total == Approx(1).epsilon(1e-15));
    CHECK(probabilities[static_cast<std::size_t>(i * 3)] ==
          Approx(std::exp(margins[static_cast<std::size_t>(i * 3)]) / expected).epsilon(1e-14));
  }
  check_cuts(model, data);
}

TEST_CASE("links keep their digits at both ends") {
  LinearParameters parameters{.features = 1, .outputs = 1, .link = Link::logistic, .values = {1, 0}};
  const CompiledModel two = backend::compile(parameters);
  CHECK(two.outputs() == 2);
  for (const float margin : {0.0f, 3.0f, -3.0f, 40.0f, -40.0f, 700.0f, -800.0f, 1e30f}) {
    double out[2];
    two.predict({&margin, 1, 1}, {out, 1, 2});
    const long double m = margin, p = 1 / (1 + std::exp(-m)), q = 1 / (1 + std::exp(m));
    CHECK(out[1] == Approx(static_cast<double>(p)).epsilon(1e-15).margin(1e-320));
    CHECK(out[0] == Approx(static_cast<double>(q)).epsilon(1e-15).margin(1e-320));
  }
  parameters = {.features = 1, .outputs = 2, .link = Link::softmax, .values = {1, -1, 0, 0}};
  const float far = 1e5f;
  double out[2];
  backend::compile(parameters).predict({&far, 1, 1}, {out, 1, 2});
  CHECK(out[0] == 1);
  CHECK(out[1] == 0);
  parameters = {.features = 1, .outputs = 1, .link = Link::identity, .values = {2, 1}};
  backend::compile(parameters).predict({&far, 1, 1}, {out, 1, 1});
  CHECK(out[0] == 2e5 + 1);
}

TEST_CASE("a network predicts what a plain loop does") {
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::logistic}) {
    const MlpParameters parameters = network(Link::identity, {7, 21, 18, 3}, activation);
    const Dataset data = problems::dataset(200, 7, 0);
    const CompiledModel model = backend::compile(parameters);
    CHECK(model.features() == 7);
    CHECK(model.outputs() == 3);
    const auto seen = predict(model, data, 0, 200);
    for (std::int64_t i = 0; i < 200; ++i) {
      std::vector<double> in(data.row(i).begin(), data.row(i).end());
      for (std::size_t l = 0; l < 3; ++l) {
        std::vector<double> out(static_cast<std::size_t>(parameters.sizes[l + 1]));
        for (std::size_t k = 0; k < out.size(); ++k) {
          const float* from = parameters.values.data() + parameters.offset(l);
          double sum = static_cast<double>(from[in.size() * out.size() + k]);
          for (std::size_t j = 0; j < in.size(); ++j) sum += static_cast<double>(from[k * in.size() + j]) * in[j];
          out[k] = l == 2                           ? sum
                   : activation == Activation::relu ? (std::max)(sum, 0.0)
                   : activation == Activation::tanh ? std::tanh(sum)
                                                    : 1 / (1 + std::exp(-sum));
        }
        in = out;
      }
      for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(seen[static_cast<std::size_t>(i) * 3 + k] - in[k]) < 2e-5);
    }
    check_cuts(model, data);
  }
}

TEST_CASE("the bits of a network's predictions depend neither on the rows beside nor on threads") {
  const MlpParameters parameters = network(Link::softmax, {50, 40, 10});
  const Dataset data = problems::dataset(1000, 50, 0);
  const CompiledModel model = backend::compile(parameters);
  check_cuts(model, data);
  for (const int threads : {1, 3})
    CHECK(predict(backend::compile(parameters, Runtime(RuntimeOptions{.threads = threads})), data, 0, 1000) ==
          predict(model, data, 0, 1000));
}

TEST_CASE("rows that lie apart in memory are found") {
  const Dataset data = problems::dataset(100, 8, 0);
  const FloatMatrix part(data.features().data, 100, 4, 8);  // the first four columns
  std::vector<float> packed;
  for (std::int64_t i = 0; i < 100; ++i) packed.insert(packed.end(), part.row(i).begin(), part.row(i).end());
  for (const CompiledModel& model :
       {backend::compile(network(Link::softmax, {4, 9, 3})), backend::compile(linear(Link::softmax, 3, 4))}) {
    std::vector<double> apart(300), together(300);
    model.predict(part, {apart.data(), 100, 3});
    model.predict({packed.data(), 100, 4}, {together.data(), 100, 3});
    CHECK(apart == together);
  }
}

TEST_CASE("nothing is allocated for up to 64 rows once warm") {
  const Dataset data = problems::dataset(64, 30, 0);
  for (const CompiledModel& model :
       {backend::compile(network(Link::softmax, {30, 300, 10})), backend::compile(linear(Link::logistic, 1, 30))}) {
    std::vector<double> out(static_cast<std::size_t>(64 * model.outputs()));
    for (const std::int64_t rows : {64, 1, 33}) {
      model.predict(data.features().slice(0, rows), {out.data(), rows, model.outputs()});
      const std::int64_t before = allocations.load();
      model.predict(data.features().slice(0, rows), {out.data(), rows, model.outputs()});
      CHECK(allocations.load() == before);
    }
  }
}

TEST_CASE("a missing feature is a missing prediction, not a guess") {
  const float nan[2] = {std::numeric_limits<float>::quiet_NaN(), 1};
  for (const CompiledModel& model :
       {backend::compile(network(Link::softmax, {2, 5, 3})), backend::compile(linear(Link::softmax, 3, 2))}) {
    double out[3];
    model.predict({nan, 1, 2}, {out, 1, 3});
    for (const double value : out) CHECK(std::isnan(value));
  }
}

TEST_CASE("parameters that do not fit are refused") {
  LinearParameters short_of_one = linear(Link::softmax, 3, 4);
  short_of_one.values.pop_back();
  CHECK_THROWS_WITH(backend::compile(short_of_one), "linear parameters: 14 values do not make 3 outputs of 4 features");
  CHECK_THROWS_WITH(backend::compile(MlpParameters{}), "network parameters: there are no layers");
  MlpParameters torn = network(Link::softmax, {4, 9, 3});
  torn.values.pop_back();
  CHECK_THROWS_WITH(backend::compile(torn), "network parameters: there are 74 values, expected 75");
}
