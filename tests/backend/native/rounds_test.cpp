#include "scalar/backend/rounds.hpp"

#include <limits>
#include <vector>

#include "backend/native/problems.hpp"
#include "support/catch.hpp"

using namespace scalar;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Course {
  std::int64_t best = 0, rounds = 0;
};

/// What becomes of a fit whose rounds have these validation values.
Course course(const std::vector<double>& values, ValidationOptions validation) {
  validation.data = problems::dataset(4, 1, 2);
  const FitOptions options{.validation = validation};
  backend::Rounds rounds(options);
  std::int64_t round = 0;
  for (const double value : values) {
    ++round;
    const bool goes_on = rounds.report({"round", round, 100, 0, value});
    CHECK(rounds.is_best() == (rounds.best() == round));
    CHECK(goes_on == !rounds.is_over());
    if (!goes_on) break;
  }
  return {rounds.best(), round};
}

void check(const Course& seen, std::int64_t best, std::int64_t rounds) {
  CHECK(seen.best == best);
  CHECK(seen.rounds == rounds);
}

}  // namespace

TEST_CASE("the best round is the one with the least loss; patience counts the rounds after it") {
  check(course({3, 2, 1, 2, 1, 4}, {}), 3, 6);
  check(course({3, 2, 1, 2, 1, 0}, {.patience = 2}), 3, 5);
  check(course({3, 2, 1, 2, 0.5, 4, 4, 4}, {.patience = 2}), 5, 7);
  check(course({1, 2}, {.patience = 1}), 1, 2);
}

TEST_CASE("a gain must be more than the least gain") {
  check(course({3, 2.9, 2.8, 2.5, 2.4}, {.least_gain = 0.25}), 4, 5);
  check(course({3, 2.9, 2.8, 2.5}, {.patience = 2, .least_gain = 0.25}), 1, 3);
}

TEST_CASE("of the area under the curve, more is better") {
  check(course({0.5, 0.7, 0.6}, {.metric = ValidationMetric::roc_auc}), 2, 3);
  check(course({0.5, 0.7, 0.6}, {.metric = ValidationMetric::error}), 1, 3);
}

TEST_CASE("a value that is no number is no gain, but any number is a gain over it") {
  check(course({none, none, 5, none, 6}, {}), 3, 5);
  check(course({none, none, none}, {.patience = 2}), 1, 3);
}

TEST_CASE("without validation rows the last round counts, and every round is passed on") {
  std::vector<FitProgress> seen;
  const FitOptions options{.progress = [&](const FitProgress& progress) { seen.push_back(progress); }};
  backend::Rounds rounds(options);
  CHECK(rounds.best() == 0);
  CHECK(rounds.report({"epoch", 1, 2, 0.5}));
  CHECK(rounds.report({"epoch", 2, 2, 0.7}));
  CHECK(rounds.best() == 2);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].is_round);
  CHECK(seen[1].objective == 0.7);
  CHECK(backend::Rounds(options, false).report({"epoch", 1, 2, 0.5}));
  CHECK(seen.size() == 2);
}
