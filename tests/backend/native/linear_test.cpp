// Ridge and logistic regression: scikit-learn, closed forms, hostile data.
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include "backend/native/linear/logistic_objective.hpp"
#include "backend/native/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

using namespace scalar;

namespace {

template <class T>
std::vector<T> numbers(const json::Value& value) {
  std::vector<T> found;
  for (const json::Value& item : value.as_array()) found.push_back(static_cast<T>(item.as_double()));
  return found;
}

json::Value reference() {
  std::ifstream file(test::source_file("tests/backend/native/reference.json"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return json::parse(text, "reference.json");
}

template <class S>
std::string refusal(const S& spec, DatasetParts parts) {
  try {
    backend::Native{}.fit(spec, Dataset(std::move(parts)));
  } catch (const Error& error) {
    CHECK(error.code() == Errc::invalid_argument);
    return error.what();
  }
  return "accepted";
}

/// The loss and its gradient over all rows.
std::vector<double> logistic_sums(const Dataset& block, std::int64_t outputs, std::span<const double> parameters,
                                  const backend::native::ThreadTeam& team) {
  const auto share = backend::native::share_of(backend::native::rows_of(block), {0, 1}, 1);
  std::vector<double> sums(parameters.size() + 1);
  backend::native::logistic_sums(share, outputs, parameters, team).leaf(0, sums);
  return sums;
}

double objective(const LinearRegression& spec, const Dataset& data, const LinearParameters& p) {
  double sum = 0;
  for (std::int64_t i = 0; i < data.rows(); ++i) {
    double z = p.intercepts()[0];
    for (std::int64_t j = 0; j < data.columns(); ++j)
      z += p.weights()[static_cast<std::size_t>(j)] * static_cast<double>(data.row(i)[static_cast<std::size_t>(j)]);
    sum += data.weight(i) * std::pow(data.target(i) - z, 2);
  }
  for (const double b : p.weights()) sum += spec.l2 * b * b;
  return sum;
}

double objective(const LogisticRegression& spec, const Dataset& data, const LinearParameters& p) {
  const backend::native::ThreadTeam team(Runtime(RuntimeOptions{.threads = 1}), 1);
  const Dataset block = data.contiguous();
  double sum = logistic_sums(block, p.outputs, p.values, team)[0];
  for (const double b : p.weights()) sum += 0.5 * spec.l2 * b * b;
  return sum;
}

}  // namespace

TEST_CASE("coefficients are scikit-learn's") {
  std::size_t ridge = 0, logistic = 0;
  const json::Value cases = reference();
  for (const json::Value& test : cases.at("cases").as_array()) {
    const auto classes = static_cast<int>(test.at("classes").as_int());
    // The oracle learned targets that were float32; their decimals are short.
    const std::vector<float> targets = numbers<float>(test.at("targets"));
    const Dataset data({.features = numbers<float>(test.at("features")),
                        .columns = test.at("columns").as_int(),
                        .targets = {targets.begin(), targets.end()},
                        .weights = numbers<double>(test.at("weights")),
                        .classes = problems::class_names(classes)});
    const double l2 = test.at("l2").as_double();
    const bool is_ridge = test.at("kind").as_string() == "ridge";
    const LinearParameters seen = is_ridge ? backend::Native{}.fit(LinearRegression{.l2 = l2}, data)
                                           : backend::Native{}.fit(LogisticRegression{.l2 = l2}, data);
    ++(is_ridge ? ridge : logistic);
    CHECK(seen.link == (is_ridge ? Link::identity : classes == 2 ? Link::logistic : Link::softmax));
    auto expected = numbers<double>(test.at("coefficients"));
    const auto intercepts = numbers<double>(test.at("intercepts"));
    expected.insert(expected.end(), intercepts.begin(), intercepts.end());
    REQUIRE(seen.values.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(test.at("kind").as_string() << ' ' << data.rows() << 'x' << data.columns() << " l2 " << l2 << " value "
                                       << i);
      CHECK(std::abs(seen.values[i] - expected[i]) <= 1e-6 * (std::max)(1.0, std::abs(expected[i])));
    }
  }
  CHECK(ridge == 5);
  CHECK(logistic == 6);
}

TEST_CASE("a line without noise is found exactly, however far from zero it lies") {
  DatasetParts parts{.columns = 1};
  for (int i = 0; i < 100; ++i) {
    parts.features.push_back(1e6f + static_cast<float>(i));
    parts.targets.push_back(static_cast<float>(3 * i - 7));
  }
  const LinearParameters line = backend::Native{}.fit(LinearRegression{.l2 = 0}, Dataset(std::move(parts)));
  CHECK(line.weights()[0] == Approx(3).epsilon(1e-12));
  CHECK(line.intercepts()[0] == Approx(-7 - 3e6).epsilon(1e-12));
}

TEST_CASE("an intercept alone is the mean, or the logarithm of the odds") {
  DatasetParts parts{.features = std::vector<float>(10, 4.0f), .columns = 1};
  for (int i = 0; i < 10; ++i) parts.targets.push_back(i < 3 ? 1.0f : 0.0f);
  for (const double l2 : {0.0, 1.0}) {
    const LinearParameters mean = backend::Native{}.fit(LinearRegression{.l2 = l2}, Dataset(parts));
    CHECK(mean.weights()[0] == 0);
    CHECK(mean.intercepts()[0] == Approx(0.3).epsilon(1e-6));
    DatasetParts classes = parts;
    classes.classes = {"no", "yes"};
    const LinearParameters odds = backend::Native{}.fit(LogisticRegression{.l2 = l2}, Dataset(std::move(classes)));
    CHECK(std::abs(odds.weights()[0]) < 1e-9);
    CHECK(odds.intercepts()[0] + 4 * odds.weights()[0] == Approx(std::log(0.3 / 0.7)).epsilon(1e-7));
  }
}

TEST_CASE("weights count rows") {
  DatasetParts once = problems::parts(40, 3, 3), repeated{.columns = 3, .classes = once.classes};
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t times = i % 4;
    once.weights.push_back(static_cast<float>(times));
    for (std::size_t t = 0; t < times; ++t) {
      repeated.features.insert(repeated.features.end(), once.features.begin() + static_cast<std::ptrdiff_t>(i * 3),
                               once.features.begin() + static_cast<std::ptrdiff_t>(i * 3 + 3));
      repeated.targets.push_back(once.targets[i]);
    }
  }
  const LogisticRegression spec{.tolerance = 1e-12};
  const auto a = backend::Native{}.fit(spec, Dataset(once)), b = backend::Native{}.fit(spec, Dataset(repeated));
  for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(a.values[i] == Approx(b.values[i]).margin(1e-8));
  once.classes.clear();
  repeated.classes.clear();
  const auto c = backend::Native{}.fit(LinearRegression{}, Dataset(once)),
             d = backend::Native{}.fit(LinearRegression{}, Dataset(repeated));
  for (std::size_t i = 0; i < c.values.size(); ++i) CHECK(c.values[i] == Approx(d.values[i]).margin(1e-12));
}

TEST_CASE("the gradient of the logistic losses is that of finite differences") {
  for (const int classes : {2, 3, 9})
    for (const bool weighted : {false, true}) {
      const Dataset data = problems::dataset(300, 5, classes, 3, weighted);
      const backend::native::ThreadTeam team(Runtime(), 1);
      const std::int64_t outputs = classes == 2 ? 1 : classes;
      std::vector<double> at(static_cast<std::size_t>(outputs * 6));
      Philox random(4);
      for (double& value : at) value = random.uniform() - 0.5;
      const auto sums = logistic_sums(data, outputs, at, team);
      for (std::size_t i = 0; i < at.size(); ++i) {
        constexpr double step = 1e-5;
        auto up = at, down = at;
        up[i] += step, down[i] -= step;
        const double slope =
            (logistic_sums(data, outputs, up, team)[0] - logistic_sums(data, outputs, down, team)[0]) / (2 * step);
        CHECK(sums[1 + i] == Approx(slope).margin(1e-6));
      }
    }
}

TEST_CASE("bits do not depend on the number of threads, nor does the selection of rows matter") {
  const Dataset numbers = problems::dataset(5000, 13, 0), two = problems::dataset(5000, 13, 2),
                many = problems::dataset(5000, 13, 5);
  const backend::Native native;
  const Runtime one(RuntimeOptions{.threads = 1});
  for (const int threads : {2, 3, 7}) {
    const Runtime runtime(RuntimeOptions{.threads = threads});
    CHECK(native.fit(LinearRegression{}, numbers, {}, runtime) == native.fit(LinearRegression{}, numbers, {}, one));
    CHECK(native.fit(LogisticRegression{}, two, {}, runtime) == native.fit(LogisticRegression{}, two, {}, one));
    CHECK(native.fit(LogisticRegression{}, many, {}, runtime) == native.fit(LogisticRegression{}, many, {}, one));
  }
  std::vector<std::int64_t> all(5000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  CHECK(native.fit(LogisticRegression{}, two.take(all)) == native.fit(LogisticRegression{}, two));
}

TEST_CASE("any number of peers finds the same objective") {
  const backend::Native native;
  for (const bool weighted : {false, true}) {
    const Dataset numbers = problems::dataset(100, 4, 0, 1, weighted), two = problems::dataset(100, 4, 2, 1, weighted),
                  many = problems::dataset(100, 4, 4, 1, weighted);
    const auto check = [&](const auto& spec, const Dataset& data) {
      const double alone = objective(spec, data, native.fit(spec, data));
      for (const int peers : {2, 3, 16, 101, 250}) {  // more peers than rows: some have none
        INFO(peers << " peers");
        CHECK(objective(spec, data, native.fit(spec, data, {.peers = peers})) == Approx(alone).epsilon(1e-9));
      }
    };
    check(LinearRegression{}, numbers);
    check(LinearRegression{.l2 = 0}, numbers);
    check(LogisticRegression{}, two);
    check(LogisticRegression{}, many);
  }
}

TEST_CASE("a search for more digits than there are ends") {
  const Dataset data = problems::dataset(2000, 6, 3);
  int iterations = 0;
  FitOptions options;
  options.progress = [&](const FitProgress& progress) { iterations = static_cast<int>(progress.done); };
  const LogisticRegression endless{.max_iterations = 1'000'000, .tolerance = 0};
  const LinearParameters parameters = backend::Native{}.fit(endless, data, options);
  CHECK(iterations < 1000);
  CHECK(objective(endless, data, parameters) ==
        Approx(objective(endless, data, backend::Native{}.fit(LogisticRegression{}, data))).epsilon(1e-12));
}

TEST_CASE("classes that a plane separates do not hang an unregularized fit") {
  DatasetParts parts{.columns = 1, .classes = {"left", "right"}};
  for (int i = -10; i < 10; ++i) {
    parts.features.push_back(static_cast<float>(i) + 0.5f);
    parts.targets.push_back(i < 0 ? 0.0f : 1.0f);
  }
  const auto parameters = backend::Native{}.fit(LogisticRegression{.l2 = 0}, Dataset(std::move(parts)));
  for (const double value : parameters.values) CHECK(std::isfinite(value));
  CHECK(parameters.weights()[0] > 5);
}

TEST_CASE("bad data is refused with its place") {
  DatasetParts parts = problems::parts(20, 3, 2);
  parts.feature_names = {"age", "pay", "height"};
  CHECK(refusal(LogisticRegression{}, {.columns = 3, .classes = {"a", "b"}}) ==
        "logistic_regression: there are no rows to learn from");
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    DatasetParts broken = parts;
    broken.features[3 * 11 + 1] = bad;
    const std::string expected = std::string("feature \"pay\" of row 11 is ") +
                                 (std::isnan(bad) ? "missing (NaN)" : "infinite") + ", expected a finite number";
    CHECK(refusal(LogisticRegression{}, broken) == "logistic_regression: " + expected);
    broken.classes.clear();
    CHECK(refusal(LinearRegression{}, broken) == "linear_regression: " + expected);
  }
  DatasetParts one = parts;
  one.targets.assign(20, 1.0f);
  CHECK(refusal(LogisticRegression{}, one) ==
        "logistic_regression: all 20 rows are of class \"class 1\", expected at least two classes");
  one.classes = {"a"};
  one.targets.assign(20, 0.0f);
  CHECK(refusal(LogisticRegression{}, one) == "logistic_regression: the only class is \"a\", expected at least two");
  CHECK(refusal(LinearRegression{}, parts) == "linear_regression: the target is a class, expected a number");
  parts.classes.clear();
  CHECK(refusal(LogisticRegression{}, parts) == "logistic_regression: the target is a number, expected classes");
  parts.weights.assign(20, 0.0f);
  CHECK(refusal(LinearRegression{}, parts) == "linear_regression: all weights are 0");
  parts.targets.clear();
  parts.weights.clear();
  CHECK(refusal(LinearRegression{}, parts) == "linear_regression: there are no targets to learn from");
  CHECK_THROWS_AS(backend::Native{}.fit(LogisticRegression{.l2 = -1}, problems::dataset(9, 2, 2)), Error);
  CHECK_THROWS_AS(backend::Native{}.fit(LinearRegression{}, problems::dataset(9, 2, 0), {.peers = 0}), Error);
}

TEST_CASE("huge and tiny values are learned") {
  DatasetParts parts = problems::parts(200, 3, 2, 8);
  for (std::size_t i = 0; i < parts.features.size(); i += 3) parts.features[i] *= 1e18f;
  for (std::size_t i = 1; i < parts.features.size(); i += 3) parts.features[i] *= 1e-18f;
  const auto parameters = backend::Native{}.fit(LogisticRegression{}, Dataset(parts));
  for (const double value : parameters.values) CHECK(std::isfinite(value));
  parts.classes.clear();
  for (const double l2 : {0.0, 1.0})
    for (const double value : backend::Native{}.fit(LinearRegression{.l2 = l2}, Dataset(parts)).values)
      CHECK(std::isfinite(value));
}

TEST_CASE("a fit stops when asked, alone and with peers, and progress that throws ends it") {
  const Dataset data = problems::dataset(500, 4, 3);
  for (const int peers : {1, 3}) {
    std::stop_source stop;
    FitOptions options{.peers = peers, .stop = stop.get_token()};
    int calls = 0;
    options.progress = [&](const FitProgress& progress) {
      CHECK(progress.what == "iteration");
      if (++calls == 2) stop.request_stop();
    };
    try {
      backend::Native{}.fit(LogisticRegression{.tolerance = 0}, data, options);
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::canceled);
      CHECK(std::string(error.what()) == "logistic_regression: asked to stop");
    }
    CHECK(calls == 2);
    options = {.peers = peers};
    options.progress = [](const FitProgress&) { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH(backend::Native{}.fit(LogisticRegression{}, data, options), "enough");
  }
}

TEST_CASE("targets and weights whose sums no double holds are refused") {
  DatasetParts parts{.columns = 1};
  for (int i = 0; i < 20; ++i) {
    parts.features.push_back(static_cast<float>(i));
    parts.targets.push_back(i % 2 == 0 ? 1e200 : -1e200);
  }
  const auto message = [](const auto& spec, const DatasetParts& given) {
    try {
      (void)backend::Native{}.fit(spec, Dataset(given), {.peers = 2});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string expected = ": targets, weights or features are too large: their sums are no finite float64";
  CHECK(message(LinearRegression{}, parts) == "linear_regression" + expected);
  CHECK(message(MultilayerPerceptron{.hidden = {2}, .loss = Loss::squared}, parts) ==
        "multilayer_perceptron: the targets are too large for a mean and a deviation in float64");
  parts.classes = {"no", "yes"};
  for (int i = 0; i < 20; ++i) parts.targets[static_cast<std::size_t>(i)] = i % 2, parts.weights.push_back(1e308);
  CHECK(message(LogisticRegression{}, parts) == "logistic_regression" + expected);
}
