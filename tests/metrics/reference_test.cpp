// Against scikit-learn: reference.json is written by reference.py.
#include <cmath>
#include <fstream>
#include <iterator>

#include "scalar/core/json.hpp"
#include "scalar/metrics.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

using namespace scalar;

namespace {

std::vector<double> numbers(const json::Value& value) {
  std::vector<double> found;
  for (const json::Value& item : value.as_array()) found.push_back(item.as_double());
  return found;
}

void check(const json::Value& test, const char* metric, double seen) {
  const double expected = test.at(metric).as_double();
  INFO(metric << " of " << test.dump().substr(0, 300));
  CHECK(std::fabs(seen - expected) <= 1e-9 * (std::max)(1.0, std::fabs(expected)));
}

}  // namespace

TEST_CASE("metrics are scikit-learn's") {
  std::ifstream file(test::source_file("tests/metrics/reference.json"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const json::Value reference = json::parse(text, "reference.json");
  std::size_t binary = 0, multiclass = 0, regression = 0;
  for (const json::Value& test : reference.at("cases").as_array()) {
    const auto targets = numbers(test.at("targets")), weights = numbers(test.at("weights"));
    if (test.at("kind").as_string() == "regression") {
      ++regression;
      const auto predicted = numbers(test.at("predicted"));
      check(test, "rmse", metrics::rmse(targets, predicted, weights));
      check(test, "mae", metrics::mae(targets, predicted, weights));
      check(test, "r2", metrics::r2(targets, predicted, weights));
      continue;
    }
    metrics::Confusion counts;
    if (test.at("kind").as_string() == "binary") {
      ++binary;
      const auto scores = numbers(test.at("scores"));
      std::vector<double> predicted, both;
      for (const double score : scores) {
        predicted.push_back(score >= 0.5 ? 1 : 0);
        both.insert(both.end(), {1 - score, score});
      }
      const metrics::Probabilities matrix(both.data(), static_cast<std::int64_t>(scores.size()), 2);
      check(test, "accuracy", metrics::accuracy(targets, predicted, weights));
      check(test, "logloss", metrics::logloss(targets, scores, weights));
      check(test, "logloss", metrics::logloss(targets, matrix, weights));
      check(test, "auc", metrics::auc(targets, scores, weights));
      check(test, "auc", metrics::auc(targets, matrix, weights));
      counts = metrics::confusion(targets, predicted, 2, weights);
    } else {
      ++multiclass;
      const auto probabilities = numbers(test.at("probabilities"));
      const metrics::Probabilities matrix(probabilities.data(), static_cast<std::int64_t>(targets.size()),
                                          test.at("classes").as_int());
      check(test, "accuracy", metrics::accuracy(targets, matrix, weights));
      check(test, "logloss", metrics::logloss(targets, matrix, weights));
      check(test, "auc", metrics::auc(targets, matrix, weights));
      counts = metrics::confusion(targets, matrix, weights);
    }
    const auto expected = numbers(test.at("confusion"));
    REQUIRE(counts.sums.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(counts.sums[i] == Approx(expected[i]).epsilon(1e-12));
  }
  CHECK(binary >= 18);
  CHECK(multiclass >= 9);
  CHECK(regression >= 19);
}
