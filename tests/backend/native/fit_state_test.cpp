// Fits that are interrupted and go on.
#include "backend/native/fit_state.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/native/fits.hpp"
#include "bsp/tcp/job.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;

namespace {

/// The fit, which is interrupted after so many rounds, by an exception; the rounds it has reported.
std::vector<std::int64_t> interrupted(const std::string& kind, FitOptions options, int after) {
  std::vector<std::int64_t> rounds;
  options.progress = [&](const FitProgress& progress) {
    if (progress.is_round) rounds.push_back(progress.done);
    if (static_cast<int>(rounds.size()) == after) throw std::runtime_error("the power is gone");
  };
  CHECK_THROWS_WITH(fits::learned_in_rounds(kind, options), "the power is gone");
  return rounds;
}

FitOptions options_in(const test::TemporaryDirectory& directory) {
  return {.shards = 4, .checkpoint = {.directory = directory.path(), .rounds = 2}};
}

std::string ended(const std::string& kind, FitOptions options, std::vector<std::int64_t>& rounds, int threads = 1) {
  options.progress = [&](const FitProgress& progress) {
    if (progress.is_round) rounds.push_back(progress.done);
  };
  return fits::learned_in_rounds(kind, options, threads);
}

}  // namespace

TEST_CASE("a fit that was interrupted goes on, with any number of peers, and learns the same bits") {
  for (const std::string kind : fits::kinds_in_rounds) {
    INFO(kind);
    std::vector<std::int64_t> all;
    const std::string whole = ended(kind, {.shards = 4}, all);
    const test::TemporaryDirectory directory;
    FitOptions options = options_in(directory);
    interrupted(kind, options, 3);
    options.peers = 3;
    // The rounds before the checkpoint are reported again, so this one is interrupted in round 7.
    CHECK(interrupted(kind, options, 7) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
    CHECK_FALSE(std::filesystem::is_empty(directory.path()));
    options.peers = 2;
    std::vector<std::int64_t> rounds;
    CHECK(ended(kind, options, rounds, 2) == whole);
    CHECK(rounds == all);
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}

TEST_CASE("patience and the best round survive an interruption") {
  for (const std::string kind : fits::kinds_in_rounds) {
    INFO(kind);
    const ValidationOptions validation{.patience = 2, .least_gain = 0.02};
    const std::string whole = fits::learned_in_rounds(kind, {.shards = 4, .validation = validation});
    const test::TemporaryDirectory directory;
    FitOptions options = options_in(directory);
    options.validation = validation;
    options.checkpoint.rounds = 1;
    interrupted(kind, options, 2);
    interrupted(kind, options, 3);
    CHECK(fits::learned_in_rounds(kind, options) == whole);
  }
}

TEST_CASE("a checkpoint of another fit is refused, and what differs is named") {
  const test::TemporaryDirectory directory;
  FitOptions options = options_in(directory);
  const auto data = problems::dataset(60, 3, 2);
  const LogisticRegression spec{.l2 = 0.1, .tolerance = 1e-12};
  int rounds = 0;
  options.progress = [&](const FitProgress&) {
    if (++rounds == 3) throw std::runtime_error("the power is gone");
  };
  CHECK_THROWS_WITH(fits::learned(spec, data, options), "the power is gone");
  const auto said = [&](const auto& other, const Dataset& rows, const FitOptions& changed) {
    return test::message_of(Errc::invalid_argument, [&] { fits::learned(other, rows, changed); });
  };
  options.progress = {};
  const auto refusal = [&](const std::string& spec_name, const std::string& what) {
    return spec_name + ": the checkpoint in " + directory.path() + " is of a fit with " + what +
           "; finish that fit, or name another directory";
  };
  CHECK(said(LogisticRegression{.l2 = 0.2}, data, options) == refusal("logistic_regression", "another spec"));
  CHECK(said(GradientBoostedTrees{}, data, options) == refusal("gradient_boosted_trees", "another spec"));
  CHECK(said(MultilayerPerceptron{}, data, options) == refusal("multilayer_perceptron", "another spec"));
  CHECK(said(spec, problems::dataset(61, 3, 2), options) ==
        refusal("logistic_regression", "60 rows of 3 features, here are 61 of 3"));
  CHECK(said(spec, problems::dataset(60, 3, 2, 2), options) ==
        refusal("logistic_regression", "other values or names in its data"));
  FitOptions other = options;
  other.validation.data = data;
  CHECK(said(spec, data, other) == refusal("logistic_regression", "other options (validation or initial)"));
  other = options;
  other.shards = 5;
  CHECK_THAT(said(spec, data, other), Catch::Contains("4 shards"));
  // The checkpoint is still there.
  CHECK(fits::learned(spec, data, options) == fits::learned(spec, data, {.shards = 4}));
}

TEST_CASE("processes that were killed go on from their checkpoint, bit for bit") {
  for (const std::string kind : fits::kinds_in_rounds) {
    for (const int processes : {1, 2}) {
      INFO(kind << ", " << processes << " processes");
      const std::string whole = fits::learned_in_rounds(kind, {.shards = 4});
      const test::TemporaryDirectory directory;
      bsp_tcp_test::Options options{{"peers", "3"}, {"shards", "4"}, {"checkpoint", directory.path()}};
      {
        bsp_tcp_test::Options killed = options;
        killed["killed_after"] = "5";
        bsp_tcp_test::Job job(kind, processes, killed);
        CHECK(job[0].result() == "end");
        if (processes > 1) CHECK_THAT(job[1].result(), Catch::StartsWith("error "));
      }
      CHECK_FALSE(std::filesystem::is_empty(directory.path()));
      bsp_tcp_test::Job job(kind, processes, options);
      for (int process = 0; process < processes; ++process) CHECK(job[process].result() == "ok " + whole);
    }
  }
}
