// Fits that BSP peers share by LightGBM's data-parallel learner, in one process and in several.
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "backend/lightgbm/fits.hpp"
#include "backend/lightgbm/problems.hpp"
#include "bsp/loopback.hpp"
#include "bsp/tcp/job.hpp"

using namespace scalar;

namespace {

using lightgbm_fits::learned;

/// What each of so many "processes" ends with: the hash of its forest, or its error.
std::vector<std::string> in_each(int processes,
                                 const std::function<std::string(int, const std::shared_ptr<bsp::Transport>&)>& fit) {
  const auto board = std::make_shared<bsp_test::Switchboard>(processes);
  std::vector<std::string> ends(static_cast<std::size_t>(processes));
  std::vector<std::thread> threads;
  for (int process = 0; process < processes; ++process)
    threads.emplace_back([&, process] {
      std::string& end = ends[static_cast<std::size_t>(process)];
      try {
        end = fit(process, std::make_shared<bsp_test::Loopback>(board, process));
      } catch (const std::exception& error) {
        end = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return ends;
}

}  // namespace

TEST_CASE("peers learn the same bits in every run, and what one learns up to rounding") {
  if (problems::lightgbm_library() == nullptr) return;
  for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax}) {
    DatasetParts parts = problems::whole_numbers(loss, true, 21);
    for (std::size_t row = 0; row < parts.targets.size(); ++row) parts.weights.push_back(0.5 + (row % 3));
    const Dataset data(parts);
    const GradientBoostedTrees spec{.trees = 6, .depth = 3, .loss = loss};  // no nodes so small that splits are tied
    const auto alone = problems::margins(backend::LightGbm().fit(spec, data), data);
    for (const int peers : {2, 3, 5}) {
      INFO("loss " << int(loss) << ", " << peers << " peers");
      const Forest forest = backend::LightGbm().fit(spec, data, {.peers = peers});
      CHECK((backend::LightGbm().fit(spec, data, {.peers = peers}) == forest));
      const auto shared = problems::margins(forest, data);
      double worst = 0;
      for (std::size_t i = 0; i < alone.size(); ++i) worst = std::max(worst, std::abs(alone[i] - shared[i]));
      CHECK(worst < 1e-4);
    }
  }
}

TEST_CASE("bins are chosen by all rows, so sorted rows are learned as well as mixed ones") {
  if (problems::lightgbm_library() == nullptr) return;
  DatasetParts parts{.columns = 1};
  for (int row = 0; row < 3000; ++row) {
    parts.features.push_back(static_cast<float>(row));
    parts.targets.push_back(row > 1777 ? 1 : 0);
  }
  const Dataset data(std::move(parts));
  const GradientBoostedTrees spec{.trees = 1, .depth = 1, .learning_rate = 1, .loss = Loss::squared, .l2 = 0};
  CHECK((backend::LightGbm().fit(spec, data, {.peers = 3}).value == backend::LightGbm().fit(spec, data).value));
}

TEST_CASE("every process learns the model of as many peers in one process") {
  if (problems::lightgbm_library() == nullptr) return;
  const Dataset data(problems::whole_numbers(Loss::softmax, true, 4));
  const GradientBoostedTrees spec{.trees = 3, .depth = 4, .loss = Loss::softmax};
  for (const int peers : {2, 4}) {
    const std::string one = learned(spec, data, {.peers = peers});
    const auto ends = in_each(2, [&](int, const std::shared_ptr<bsp::Transport>& transport) {
      return learned(spec, data, {.peers = peers, .transport = transport});
    });
    CHECK(ends == std::vector<std::string>(2, one));
  }
}

TEST_CASE("two processes over TCP learn the model of as many peers in one") {
  if (problems::lightgbm_library() == nullptr) return;
  for (const int peers : {2, 3}) {
    const std::string one = learned({.peers = peers});
    bsp_tcp_test::Job job("fit", 2, {{"peers", std::to_string(peers)}});
    CHECK(job[0].result() == "ok " + one);
    CHECK(job[1].result() == "ok " + one);
  }
}

TEST_CASE("a peer that fails or is asked to stop ends all with the same error, and the next fit succeeds") {
  if (problems::lightgbm_library() == nullptr) return;
  const Dataset data(problems::whole_numbers(Loss::logistic, false, 5));
  const GradientBoostedTrees spec{.trees = 50, .depth = 4};
  const std::string well = learned(spec, data, {.peers = 3});
  // Fails at the end of the first round, in the middle of the rows, and before anything.
  for (const std::string what : {"tree", "bin"}) {
    const FitOptions options{.peers = 3, .progress = [&](const FitProgress& progress) {
                               if (progress.what == what) throw std::runtime_error("enough");
                             }};
    CHECK_THROWS_WITH(backend::LightGbm().fit(spec, data, options), "enough");
    CHECK(learned(spec, data, {.peers = 3}) == well);
  }
  // Process 1 is asked to stop while all are learning.
  std::stop_source source;
  const auto ends = in_each(2, [&](int process, const std::shared_ptr<bsp::Transport>& transport) {
    FitOptions options{.peers = 4, .transport = transport};
    if (process == 1) options.stop = source.get_token();
    if (process == 0)
      options.progress = [&](const FitProgress& progress) {
        if (progress.what == "tree" && progress.done == 3) source.request_stop();
      };
    return learned(spec, data, options);
  });
  CHECK(ends[0] == ends[1]);
  CHECK_THAT(ends[0], Catch::Contains("asked to stop after"));
  CHECK(learned(spec, data, {.peers = 3}) == well);
}

TEST_CASE("fits that run at the same time do not disturb each other") {
  if (problems::lightgbm_library() == nullptr) return;
  const Dataset data(problems::whole_numbers(Loss::logistic, true, 6));
  const GradientBoostedTrees spec{.trees = 10, .depth = 4};
  const std::string alone = learned(spec, data, {}), shared = learned(spec, data, {.peers = 2});
  std::vector<std::string> ends(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ends.size(); ++i)
    threads.emplace_back([&, i] { ends[i] = learned(spec, data, {.peers = i % 2 == 0 ? 1 : 2}); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < ends.size(); ++i) CHECK(ends[i] == (i % 2 == 0 ? alone : shared));
}
