// Fits that processes share: every process gets the model of one process alone, or the same error.
#include <atomic>
#include <exception>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "backend/native/fits.hpp"
#include "bsp/loopback.hpp"
#include "bsp/tcp/job.hpp"
#include "scalar/backend/backend.hpp"
#include "support/catch.hpp"

using namespace scalar;
using Transport = std::shared_ptr<bsp::Transport>;

namespace {

/// What each of so many "processes" ends with: what `fit(process, transport)` returns, or its error.
std::vector<std::string> in_each(int processes, const std::function<std::string(int, const Transport&)>& fit) {
  const auto board = std::make_shared<bsp_test::Switchboard>(processes);
  std::vector<std::string> ends(static_cast<std::size_t>(processes));
  std::vector<std::thread> threads;
  for (int process = 0; process < processes; ++process)
    threads.emplace_back([&, process] {
      std::string& end = ends[static_cast<std::size_t>(process)];
      try {
        end = fit(process, std::make_shared<bsp_test::Loopback>(board, process));
      } catch (const Error& error) {
        end = std::string(name(error.code())) + ' ' + error.what();
      } catch (const std::exception& error) {
        end = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return ends;
}

std::vector<std::string> all_say(int processes, const std::string& text) {
  return std::vector<std::string>(static_cast<std::size_t>(processes), text);
}

Dataset changed(const std::function<void(DatasetParts&)>& change) {
  DatasetParts parts = problems::parts(60, 3, 0);
  change(parts);
  return Dataset(std::move(parts));
}

}  // namespace

TEST_CASE("every process learns the model of one process alone, bit for bit") {
  for (const std::string kind : fits::kinds) {
    const std::string alone = fits::learned(kind, {.shards = 8});
    for (const int processes : {1, 2, 3})
      for (const int peers : {processes, 5, 8})
        for (const int threads : {1, 2}) {
          INFO(kind << ", " << peers << " peers in " << processes << " processes of " << threads << " threads");
          const auto ends = in_each(processes, [&](int, const Transport& transport) {
            return fits::learned(kind, {.peers = peers, .shards = 8, .transport = transport}, threads);
          });
          CHECK(ends == all_say(processes, alone));
        }
  }
}

TEST_CASE("processes of one transport share one fit after the other, an error between them") {
  std::vector<std::string> expected;
  for (const std::string kind : fits::kinds) expected.push_back(fits::learned(kind, {.shards = 4}));
  in_each(2, [&](int process, const Transport& transport) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const FitOptions options{.peers = 4, .shards = 4, .transport = transport};
      const std::string learned = fits::learned(fits::kinds[i], options);
      std::string error = "none";
      try {
        fits::learned(LinearRegression{}, problems::dataset(50, 2, process == 0 ? 0 : 2), options);
      } catch (const Error& thrown) {
        error = thrown.what();
      }
      const std::lock_guard lock(bsp_test::checks());
      CHECK(learned == expected[i]);
      CHECK(error == "linear_regression: the target is a class, expected a number");
    }
    return "";
  });
}

TEST_CASE("processes that do not fit the same are told so, all of them") {
  const Dataset data = problems::dataset(60, 3, 0);
  const auto said = [&](const std::function<std::string(const FitOptions&)>& other) {
    return in_each(3, [&](int process, const Transport& transport) {
      const FitOptions options{.peers = 3, .shards = 6, .transport = transport};
      return process == 2 ? other(options) : fits::learned(LinearRegression{}, data, options);
    });
  };
  const auto with = [](const Dataset& other) {
    return [&other](const FitOptions& options) { return fits::learned(LinearRegression{}, other, options); };
  };
  const std::string start = "invalid_argument linear_regression: process 2 and process 0 share a fit, but ";
  CHECK(said([&](const FitOptions& options) { return fits::learned(LinearRegression{.l2 = 2}, data, options); }) ==
        all_say(3, start + "not the same spec; here it is " + to_json(LinearRegression{.l2 = 2})));
  CHECK(said([&](const FitOptions& options) {
          return fits::learned(GradientBoostedTrees{.loss = Loss::squared}, data, options);
        }) == all_say(3,
                      "invalid_argument gradient_boosted_trees: process 2 and process 0 share a fit, but not the same "
                      "spec; here it is " +
                          to_json(GradientBoostedTrees{.loss = Loss::squared})));
  CHECK(said([&](FitOptions options) {
          options.shards = 7;
          return fits::learned(LinearRegression{}, data, options);
        }) == all_say(3, start + "the one has 7 shards and the other 6"));
  CHECK(said(with(problems::dataset(61, 3, 0))) == all_say(3, start + "the one has 61 rows and the other 60"));
  CHECK(said(with(problems::dataset(60, 4, 0))) == all_say(3, start + "the one has 4 features and the other 3"));
  const auto other_values = all_say(3, start + "their data have other values or names");
  CHECK(said(with(changed([](DatasetParts& parts) { parts.features[17] += 1; }))) == other_values);
  CHECK(said(with(changed([](DatasetParts& parts) { parts.targets[17] += 1; }))) == other_values);
  CHECK(said(with(changed([](DatasetParts& parts) { parts.weights.assign(60, 1.0f); }))) == other_values);
  CHECK(said(with(changed([](DatasetParts& parts) { parts.feature_names = {"a", "b", "c"}; }))) == other_values);
  CHECK(said(with(changed([](DatasetParts&) {}))) ==
        all_say(3, fits::learned(LinearRegression{}, data, {.shards = 6})));
}

TEST_CASE("processes with other numbers of peers, or with none, end with errors") {
  const Dataset data = problems::dataset(60, 3, 0);
  const auto ends = in_each(2, [&](int process, const Transport& transport) {
    return fits::learned(LinearRegression{}, data, {.peers = 4 + 2 * process, .transport = transport});
  });
  CHECK_THAT(ends[0], Catch::Contains("it is of a run of 6 peers, but here are 4"));
  CHECK_THAT(ends[1], Catch::Contains("it is of a run of 4 peers, but here are 6"));
  CHECK(in_each(3,
                [&](int, const Transport& transport) {
                  return fits::learned(LinearRegression{}, data, {.peers = 2, .transport = transport});
                }) == all_say(3,
                              "invalid_argument bsp::Engine: there are 2 peers for 3 processes, expected at least one "
                              "for each"));
}

TEST_CASE("what one process throws reaches all") {
  const Dataset data = problems::dataset(60, 3, 0);
  const Dataset broken =
      changed([](DatasetParts& parts) { parts.features[7] = std::numeric_limits<float>::quiet_NaN(); });
  for (const int at : {0, 1, 2})
    CHECK(in_each(3,
                  [&](int process, const Transport& transport) {
                    return fits::learned(LinearRegression{}, process == at ? broken : data,
                                         {.peers = 6, .transport = transport});
                  }) ==
          all_say(3,
                  "invalid_argument linear_regression: feature \"f1\" of row 2 is missing (NaN), expected a "
                  "finite number"));
  // In the midst of it: progress is told to process 0, and any process may be asked to stop.
  const auto classes = problems::dataset(60, 3, 2);
  const auto ends = in_each(2, [&](int process, const Transport& transport) {
    FitOptions options{.peers = 4, .transport = transport};
    options.progress = [&](const FitProgress& progress) {
      if (process != 0) throw std::runtime_error("it is not for me");
      if (progress.done == 2) throw Error(Errc::failed, "enough");
    };
    return fits::learned(GradientBoostedTrees{}, classes, options);
  });
  CHECK(ends == all_say(2, "failed enough"));
  std::stop_source source;
  const auto stopped = in_each(2, [&](int process, const Transport& transport) {
    FitOptions options{.peers = 4, .transport = transport};
    if (process == 1) options.stop = source.get_token();
    options.progress = [&](const FitProgress& progress) {
      if (progress.done == 2) source.request_stop();
    };
    return fits::learned(MultilayerPerceptron{.epochs = 1'000'000'000}, classes, options);
  });
  CHECK(stopped == all_say(2, "canceled multilayer_perceptron: asked to stop"));
}

TEST_CASE("processes that are lost end the fit of the others") {
  const Dataset data = problems::dataset(60, 3, 2);
  const auto ends = in_each(2, [&](int process, const Transport& transport) {
    FitOptions options{.peers = 2, .transport = transport};
    options.progress = [&](const FitProgress&) {
      static_cast<bsp_test::Loopback&>(*transport).die();
      throw std::runtime_error("dead");
    };
    return fits::learned(GradientBoostedTrees{.trees = 1000}, data, options) + std::to_string(process);
  });
  CHECK(ends[0] == "dead");
  CHECK_THAT(ends[1], Catch::Contains("process 0") && Catch::Contains("lost"));
}

TEST_CASE("two processes over TCP learn the model of one") {
  for (const std::string kind : fits::kinds) {
    INFO(kind);
    const std::string alone = fits::learned(kind, {.shards = 6});
    bsp_tcp_test::Job job(kind, 2, {{"peers", "3"}, {"shards", "6"}});
    CHECK(job[0].result() == "ok " + alone);
    CHECK(job[1].result() == "ok " + alone);
  }
}

TEST_CASE("TCP processes that were told other shards say so") {
  bsp_tcp_test::Job job("linear", 0);
  job.start("linear", 0, 2, {{"peers", "2"}, {"shards", "2"}});
  job.start("linear", 1, 2, {{"peers", "2"}, {"shards", "4"}});
  for (int process = 0; process < 2; ++process)
    CHECK(job[process].result() ==
          "error invalid_argument linear_regression: process 1 and process 0 share a fit, but the one has 4 shards and "
          "the other 2");
}
