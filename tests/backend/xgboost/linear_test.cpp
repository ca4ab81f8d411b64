// Linear models by XGBoost's linear booster, beside native's, which finds the minimum itself.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backend/native/problems.hpp"
#include "backend/xgboost/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"
#include "support/errors.hpp"

using namespace scalar;
using Catch::Contains;

static_assert(Trains<backend::XGBoost, LinearRegression>);
static_assert(Trains<backend::XGBoost, LogisticRegression>);

namespace {

/// The largest difference of two margins of any row.
double difference(const LinearParameters& a, const LinearParameters& b, const Dataset& data) {
  const auto margins = [&](const LinearParameters& parameters) {
    std::vector<double> out(static_cast<std::size_t>(data.rows() * parameters.outputs));
    backend::compile(parameters).margins(data.features(), {out.data(), data.rows(), parameters.outputs});
    return out;
  };
  const std::vector<double> of_a = margins(a), of_b = margins(b);
  REQUIRE(of_a.size() == of_b.size());
  double largest = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) largest = std::max(largest, std::abs(of_a[i] - of_b[i]));
  return largest;
}

template <class S>
void check_parity(const S& spec, const Dataset& data, double margin) {
  const LinearParameters native = backend::Native{}.fit(spec, data);
  for (const std::string& path : problems::libraries()) {
    INFO("library \"" << path << "\"");
    const LinearParameters xgboost = backend::XGBoost({.library = path}).fit(spec, data);
    CHECK(xgboost.link == native.link);
    CHECK(difference(native, xgboost, data) < margin);
  }
}

}  // namespace

TEST_CASE("XGBoost's linear regression finds native's minimum, with weights and penalties") {
  for (const double l2 : {0.0, 1.0, 100.0})
    check_parity(LinearRegression{.l2 = l2}, Dataset(problems::parts(500, 6, 0, 3, l2 == 1)), 1e-4);
}

TEST_CASE("XGBoost's linear regression keeps what a target's large mean hides from float32") {
  DatasetParts parts = problems::parts(500, 4, 0, 5);
  for (double& target : parts.targets) target += 1.7e9;
  check_parity(LinearRegression{.l2 = 0.1}, Dataset(parts), 1e-4);
}

TEST_CASE("XGBoost's logistic and softmax regression find native's minimum") {
  for (const int classes : {2, 3, 5})
    for (const double l2 : {1.0, 30.0}) {
      INFO(classes << " classes, l2 " << l2);
      const Dataset data(problems::parts(600, 5, classes, 11, l2 == 1));
      // Probabilities, since softmax knows its intercepts only up to a constant.
      const LinearParameters native = backend::Native{}.fit(LogisticRegression{.l2 = l2}, data);
      for (const std::string& path : problems::libraries()) {
        const LinearParameters xgboost = backend::XGBoost({.library = path}).fit(LogisticRegression{.l2 = l2}, data);
        std::vector<double> a(static_cast<std::size_t>(data.rows() * classes)), b(a.size());
        backend::compile(native).predict(data.features(), {a.data(), data.rows(), classes});
        backend::compile(xgboost).predict(data.features(), {b.data(), data.rows(), classes});
        for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-3));
      }
    }
}

TEST_CASE("XGBoost's linear models begin at the offsets of the rows") {
  for (const int classes : {0, 2}) {
    DatasetParts parts = problems::parts(400, 4, classes, 13);
    for (std::size_t row = 0; row < parts.targets.size(); ++row)
      parts.offsets.push_back(std::sin(static_cast<double>(row)));
    if (classes == 0)
      check_parity(LinearRegression{}, Dataset(parts), 1e-4);
    else
      check_parity(LogisticRegression{}, Dataset(parts), 1e-3);
  }
}

TEST_CASE("XGBoost's linear models end early by validation rows, with the weights of the best round") {
  const Dataset all(problems::parts(400, 6, 2, 17)), train = all.slice(0, 300), rest = all.slice(300, 100);
  for (const std::string& path : problems::libraries()) {
    std::vector<double> values;
    const FitOptions options{.progress = [&](const FitProgress& at) { values.push_back(at.validation); },
                             .validation = {.data = rest}};
    const backend::XGBoost xgboost({.library = path});
    const LinearParameters best = xgboost.fit(LogisticRegression{}, train, options);
    REQUIRE(!values.empty());
    const auto at = std::min_element(values.begin(), values.end());
    const auto rounds = static_cast<int>(at - values.begin()) + 1;
    CHECK(best == xgboost.fit(LogisticRegression{.max_iterations = rounds}, train));
  }
}

TEST_CASE("XGBoost's linear models refuse what they cannot do, by name") {
  for (const std::string& path : problems::libraries()) {
    const backend::XGBoost xgboost({.library = path});
    const Dataset numbers(problems::parts(30, 2, 0)), classes(problems::parts(30, 2, 2));
    const auto message = [&](Errc code, const auto& spec, const Dataset& data, const FitOptions& options) {
      return test::message_of(code, [&] { (void)xgboost.fit(spec, data, options); });
    };
    FitOptions shared, going_on;
    shared.peers = 2;
    going_on.initial = to_bytes(LinearParameters{.features = 2, .outputs = 1, .values = {1, 2, 3}});
    CHECK_THAT(message(Errc::invalid_argument, LinearRegression{}, classes, {}),
               Contains("the target is a class, expected a number"));
    CHECK_THAT(message(Errc::invalid_argument, LogisticRegression{}, numbers, {}),
               Contains("the target is a number, expected classes"));
    CHECK_THAT(message(Errc::unsupported, LinearRegression{}, numbers, shared),
               Contains("not distributed over BSP peers"));
    CHECK_THAT(message(Errc::unsupported, LinearRegression{}, numbers, going_on), Contains("xgboost"));
  }
}
