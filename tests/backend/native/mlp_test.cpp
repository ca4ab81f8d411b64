// Networks: a plain network in double that finite differences vouch for, threads, peers, hostile data.
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/native/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

using namespace scalar;

namespace {

/// The network of the specification, written for reading: double, one row at a time.
class PlainNetwork {
 public:
  PlainNetwork(const MultilayerPerceptron& spec, std::int64_t inputs, std::int64_t outputs) : spec_(spec) {
    sizes.push_back(inputs);
    for (const int units : spec.hidden) sizes.push_back(units);
    sizes.push_back(outputs);
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
      Philox random(spec.seed, l);
      const double range = std::sqrt(6.0 / static_cast<double>(sizes[l] + sizes[l + 1]));
      for (std::int64_t i = 0; i < sizes[l] * sizes[l + 1]; ++i)
        values.push_back(static_cast<double>(static_cast<float>((2 * random.uniform() - 1) * range)));
      values.insert(values.end(), static_cast<std::size_t>(sizes[l + 1]), 0.0);
    }
  }

  double loss(const Dataset& data, const std::vector<std::int64_t>& rows) const {
    double sum = 0;
    for (const std::int64_t row : rows) {
      const std::vector<double> z = forward(data, row).back();
      sum += data.weight(row) * loss_of(z, target_of(data, row));
    }
    double squares = 0;
    for_weights([&](std::size_t at) { squares += values[at] * values[at]; });
    const auto n = static_cast<double>(rows.size());
    return sum / n + spec_.l2 / (2 * n) * squares;
  }

  std::vector<double> gradient(const Dataset& data, const std::vector<std::int64_t>& rows) const {
    std::vector<double> g(values.size());
    const auto n = static_cast<double>(rows.size());
    for (const std::int64_t row : rows) {
      const auto layers = forward(data, row);
      std::vector<double> error = error_of(layers.back(), target_of(data, row));
      for (double& e : error) e *= data.weight(row) / n;
      for (std::size_t l = sizes.size() - 1; l-- > 0;) {
        std::vector<double> below(static_cast<std::size_t>(sizes[l]));
        for (std::size_t k = 0; k < error.size(); ++k) {
          for (std::size_t j = 0; j < below.size(); ++j) {
            g[offset(l) + k * below.size() + j] += error[k] * layers[l][j];
            below[j] += error[k] * values[offset(l) + k * below.size() + j];
          }
          g[offset(l) + error.size() * below.size() + k] += error[k];
        }
        for (std::size_t j = 0; j < below.size(); ++j) below[j] *= slope(layers[l][j]);
        error = below;
      }
    }
    for_weights([&](std::size_t at) { g[at] += spec_.l2 / n * values[at]; });
    return g;
  }

  void train(const Dataset& data) {
    if (spec_.loss == Loss::squared) standardize(data);
    std::vector<double> first(values.size()), second(values.size());
    std::vector<std::int64_t> order(static_cast<std::size_t>(data.rows()));
    double t = 0;
    for (int epoch = 0; epoch < spec_.epochs; ++epoch) {
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
      Philox random(spec_.seed, (std::uint64_t{1} << 32) + static_cast<std::uint64_t>(epoch));
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
      for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(spec_.batch)) {
        const std::size_t end = (std::min)(at + static_cast<std::size_t>(spec_.batch), order.size());
        const auto g = gradient(
            data, {order.begin() + static_cast<std::ptrdiff_t>(at), order.begin() + static_cast<std::ptrdiff_t>(end)});
        ++t;
        for (std::size_t i = 0; i < g.size(); ++i) {
          if (spec_.optimizer == Optimizer::sgd) {
            first[i] = spec_.momentum * first[i] - spec_.learning_rate * g[i];
            values[i] += first[i];
          } else {
            first[i] = 0.9 * first[i] + 0.1 * g[i];
            second[i] = 0.999 * second[i] + 0.001 * g[i] * g[i];
            values[i] -= spec_.learning_rate * (first[i] / (1 - std::pow(0.9, t))) /
                         (std::sqrt(second[i] / (1 - std::pow(0.999, t))) + 1e-8);
          }
        }
      }
    }
  }

  std::vector<std::int64_t> sizes;
  std::vector<double> values;
  double mean = 0, deviation = 1;  // of the targets

 private:
  void standardize(const Dataset& data) {
    double weight = 0, sum = 0, squares = 0;
    for (std::int64_t i = 0; i < data.rows(); ++i) weight += data.weight(i), sum += data.weight(i) * data.target(i);
    mean = sum / weight;
    for (std::int64_t i = 0; i < data.rows(); ++i) squares += data.weight(i) * std::pow(data.target(i) - mean, 2);
    deviation = std::sqrt(squares / weight);
  }
  double target_of(const Dataset& data, std::int64_t row) const { return (data.target(row) - mean) / deviation; }
  std::size_t offset(std::size_t layer) const {
    std::size_t at = 0;
    for (std::size_t l = 0; l < layer; ++l) at += static_cast<std::size_t>((sizes[l] + 1) * sizes[l + 1]);
    return at;
  }
  template <class Visit>
  void for_weights(Visit visit) const {
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l)
      for (std::size_t i = 0; i < static_cast<std::size_t>(sizes[l] * sizes[l + 1]); ++i) visit(offset(l) + i);
  }
  std::vector<std::vector<double>> forward(const Dataset& data, std::int64_t row) const {
    const auto x = data.row(row);
    std::vector<std::vector<double>> layers{{x.begin(), x.end()}};
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
      const std::vector<double>& in = layers.back();
      std::vector<double> out(static_cast<std::size_t>(sizes[l + 1]));
      for (std::size_t k = 0; k < out.size(); ++k) {
        out[k] = values[offset(l) + in.size() * out.size() + k];
        for (std::size_t j = 0; j < in.size(); ++j) out[k] += values[offset(l) + k * in.size() + j] * in[j];
        if (l + 2 < sizes.size())
          out[k] = spec_.activation == Activation::relu   ? (std::max)(out[k], 0.0)
                   : spec_.activation == Activation::tanh ? std::tanh(out[k])
                                                          : 1 / (1 + std::exp(-out[k]));
      }
      layers.push_back(out);
    }
    return layers;
  }
  double slope(double y) const {
    return spec_.activation == Activation::relu   ? (y > 0 ? 1 : 0)
           : spec_.activation == Activation::tanh ? 1 - y * y
                                                  : y * (1 - y);
  }
  double loss_of(const std::vector<double>& z, double target) const {
    if (spec_.loss == Loss::squared) return 0.5 * (z[0] - target) * (z[0] - target);
    if (spec_.loss == Loss::logistic) return std::log1p(std::exp(target > 0 ? -z[0] : z[0]));
    double sum = 0;
    for (const double value : z) sum += std::exp(value);
    return std::log(sum) - z[static_cast<std::size_t>(target)];
  }
  std::vector<double> error_of(const std::vector<double>& z, double target) const {
    if (spec_.loss == Loss::squared) return {z[0] - target};
    if (spec_.loss == Loss::logistic) return {1 / (1 + std::exp(-z[0])) - target};
    std::vector<double> error(z.size());
    double sum = 0;
    for (const double value : z) sum += std::exp(value);
    for (std::size_t k = 0; k < z.size(); ++k) error[k] = std::exp(z[k]) / sum;
    error[static_cast<std::size_t>(target)] -= 1;
    return error;
  }
  const MultilayerPerceptron& spec_;
};

int classes_for(Loss loss) { return loss == Loss::squared ? 0 : loss == Loss::logistic ? 2 : 3; }
int outputs_for(Loss loss) { return loss == Loss::softmax ? 3 : 1; }

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = (std::max)(most, std::abs(static_cast<double>(a[i]) - b[i]));
  return most;
}

double error_between(const MlpParameters& a, const MlpParameters& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    most = (std::max)(most, static_cast<double>(std::abs(a.values[i] - b.values[i])));
  return most;
}

}  // namespace

TEST_CASE("the plain network's gradient is that of finite differences") {
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
    for (const Activation activation : {Activation::relu, Activation::tanh, Activation::logistic}) {
      const MultilayerPerceptron spec{.hidden = {4, 3}, .activation = activation, .loss = loss, .l2 = 0.3};
      const Dataset data = problems::dataset(6, 5, classes_for(loss), 2, true);
      PlainNetwork network(spec, 5, outputs_for(loss));
      Philox random(11);  // moved off the start, where biases are zero and units without input sit on the kink of relu
      for (double& value : network.values) value += 0.2 * random.uniform() - 0.1;
      const std::vector<std::int64_t> rows{0, 2, 3, 5};
      const auto g = network.gradient(data, rows);
      for (std::size_t i = 0; i < g.size(); ++i) {
        constexpr double step = 1e-6;
        PlainNetwork up = network, down = network;
        up.values[i] += step, down.values[i] -= step;
        CHECK(g[i] == Approx((up.loss(data, rows) - down.loss(data, rows)) / (2 * step)).margin(1e-7));
      }
    }
}

TEST_CASE("a fit follows the plain network's trajectory") {
  const std::vector<std::vector<int>> shapes{{}, {5}, {20, 17}, {130}};
  for (const auto& hidden : shapes)
    for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
      for (const Activation activation : {Activation::relu, Activation::tanh, Activation::logistic})
        for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
          const MultilayerPerceptron spec{.hidden = hidden,
                                          .activation = activation,
                                          .loss = loss,
                                          .optimizer = optimizer,
                                          .learning_rate = optimizer == Optimizer::sgd ? 0.05 : 0.01,
                                          .l2 = 0.02,
                                          .batch = 7,
                                          .epochs = 3,
                                          .seed = 42};
          const Dataset data = problems::dataset(24, 19, classes_for(loss), 5, hidden.size() == 1);
          PlainNetwork plain(spec, 19, outputs_for(loss));
          plain.train(data);
          const MlpParameters seen = backend::Native{}.fit(spec, data);
          CHECK(seen.sizes == plain.sizes);
          CHECK(seen.target_offset == Approx(plain.mean).epsilon(1e-14));
          CHECK(seen.target_scale == Approx(plain.deviation).epsilon(1e-14));
          CHECK(seen.activation == activation);
          CHECK(seen.link == link_of(loss));
          INFO("hidden layers " << hidden.size() << " loss " << static_cast<int>(loss) << " activation "
                                << static_cast<int>(activation) << " optimizer " << static_cast<int>(optimizer));
          // Adam divides by the root of squares near zero, which magnifies the rounding of a float gradient.
          CHECK(largest_difference(seen.values, plain.values) < (optimizer == Optimizer::sgd ? 1e-5 : 2e-3));
        }
}

TEST_CASE("the bits of a network do not depend on the number of threads") {
  const Dataset data = problems::dataset(700, 50, 4);
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    const MultilayerPerceptron spec{.hidden = {33, 20}, .optimizer = optimizer, .batch = 64, .epochs = 3};
    const MlpParameters one = backend::Native{}.fit(spec, data, {}, Runtime(RuntimeOptions{.threads = 1}));
    for (const int threads : {2, 3, 5})
      CHECK(backend::Native{}.fit(spec, data, {}, Runtime(RuntimeOptions{.threads = threads})) == one);
  }
}

TEST_CASE("any number of peers follows the same trajectory") {
  const Dataset data = problems::dataset(90, 12, 3, 1, true);
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    const MultilayerPerceptron spec{.hidden = {18}, .optimizer = optimizer, .batch = 20, .epochs = 2};
    std::vector<double> alone, shared;
    FitOptions options;
    options.progress = [&](const FitProgress& progress) { alone.push_back(progress.objective); };
    const MlpParameters one = backend::Native{}.fit(spec, data, options);
    for (const int peers : {2, 3, 7, 40}) {  // more peers than rows in a minibatch: some have none
      shared.clear();
      options.peers = peers;
      options.progress = [&](const FitProgress& progress) { shared.push_back(progress.objective); };
      const MlpParameters many = backend::Native{}.fit(spec, data, options);
      INFO(peers << " peers");
      CHECK(error_between(one, many) < 1e-4);
      REQUIRE(shared.size() == alone.size());
      for (std::size_t i = 0; i < alone.size(); ++i) CHECK(shared[i] == Approx(alone[i]).epsilon(1e-5));
      CHECK(backend::Native{}.fit(spec, data, {.peers = peers}, Runtime(RuntimeOptions{.threads = 3})) ==
            backend::Native{}.fit(spec, data, {.peers = peers}, Runtime(RuntimeOptions{.threads = 1})));
    }
  }
}

TEST_CASE("a minibatch larger than the data is the data") {
  const Dataset data = problems::dataset(30, 4, 2);
  const MultilayerPerceptron whole{.hidden = {6}, .loss = Loss::logistic, .batch = 30, .epochs = 4};
  MultilayerPerceptron beyond = whole;
  beyond.batch = 1'000'000'000;
  CHECK(backend::Native{}.fit(beyond, data) == backend::Native{}.fit(whole, data));
}

#if defined(__SSE__)
TEST_CASE("the caller's treatment of denormal numbers is as before") {
  const unsigned before = _mm_getcsr();
  backend::Native{}.fit(MultilayerPerceptron{.hidden = {6}, .epochs = 2}, problems::dataset(30, 4, 2));
  CHECK((_mm_getcsr() & 0x8040u) == (before & 0x8040u));
}
#endif

TEST_CASE("a network refuses what it cannot learn") {
  const auto refusal = [](const MultilayerPerceptron& spec, const DatasetParts& parts, Errc code) -> std::string {
    for (const int peers : {1, 2}) {
      try {
        backend::Native{}.fit(spec, Dataset(parts), {.peers = peers});
        return "accepted";
      } catch (const Error& error) {
        CHECK(error.code() == code);
        if (peers == 2) return error.what();
      }
    }
    return "";
  };
  const MultilayerPerceptron spec{.hidden = {3}, .epochs = 2};
  DatasetParts parts = problems::parts(20, 3, 3);
  CHECK(refusal(spec, {.columns = 3, .classes = {"a", "b"}}, Errc::invalid_argument) ==
        "multilayer_perceptron: there are no rows to learn from");
  DatasetParts broken = parts;
  broken.features[10] = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal(spec, broken, Errc::invalid_argument) ==
        "multilayer_perceptron: feature \"f1\" of row 3 is missing (NaN), expected a finite number");
  broken = parts;
  broken.targets.assign(20, 2.0f);
  CHECK(refusal(spec, broken, Errc::invalid_argument) ==
        "multilayer_perceptron: all 20 rows are of class \"class 2\", expected at least two classes");
  CHECK(refusal({.hidden = {3}, .loss = Loss::logistic}, parts, Errc::invalid_argument) ==
        "multilayer_perceptron: there are 3 classes, expected 2 for the logistic loss");
  CHECK(refusal({.hidden = {3}, .loss = Loss::squared}, parts, Errc::invalid_argument) ==
        "multilayer_perceptron: the target is a class, expected a number for the squared loss");
  CHECK(refusal({.hidden = {3}, .batch = 0}, parts, Errc::out_of_range).find("batch") != std::string::npos);
  CHECK(refusal({.hidden = {0}}, parts, Errc::out_of_range).find("hidden") != std::string::npos);
  parts.classes.clear();
  for (float& value : parts.features) value *= 1e15f;
  CHECK(refusal({.hidden = {}, .loss = Loss::squared, .optimizer = Optimizer::sgd, .learning_rate = 1e3}, parts,
                Errc::failed)
            .find("the weights are not finite after epoch") != std::string::npos);
}

TEST_CASE("a network stops when asked, within an epoch, alone and with peers") {
  const Dataset data = problems::dataset(400, 4, 3);
  for (const int peers : {1, 3}) {
    std::stop_source stop;
    int epochs = 0;
    FitOptions options{.peers = peers, .stop = stop.get_token()};
    options.progress = [&](const FitProgress& progress) {
      CHECK(progress.what == "epoch");
      CHECK(progress.total == 1000);
      if (++epochs == 3) stop.request_stop();
    };
    try {
      backend::Native{}.fit(MultilayerPerceptron{.hidden = {5}, .epochs = 1000}, data, options);
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
    }
    CHECK(epochs == 3);
  }
}

TEST_CASE("epochs that are left open are 500 steps, and at least 20") {
  const auto epochs = [](std::int64_t rows, int batch) {
    std::int64_t total = 0;
    const FitOptions options{.progress = [&](const FitProgress& at) { total = at.total; }};
    backend::Native{}.fit(MultilayerPerceptron{.hidden = {2}, .batch = batch}, problems::dataset(rows, 3, 3), options);
    return total;
  };
  CHECK(epochs(100, 128) == 500);
  CHECK(epochs(100, 40) == 167);  // of 3 steps each
  CHECK(epochs(1000, 10) == 20);  // of 100
}
