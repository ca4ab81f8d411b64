// LightGBM through the adapter against its own C API, and shared by two BSP peers against its own socket network.
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "backend/boosting_start.hpp"
#include "backend/lightgbm/parameters.hpp"
#include "bench.hpp"
#include "lightgbm_rival.hpp"
#include "scalar/backend/lightgbm/lightgbm.hpp"
#include "scalar/backend/prepare_process.hpp"
#include "xgboost_rival.hpp"

using namespace scalar;

int main(int argc, char** argv) {
  backend::prepare_process();
  const backend::lightgbm::Library library("");
  const rival::LightGbm rival(library);
  const backend::LightGbm lightgbm;
  const DatasetParts parts = rival::classes(50'000, 20, 1);
  const Dataset data(parts);
  const GradientBoostedTrees spec{.trees = 100, .depth = 6, .learning_rate = 0.1};
  const double start = backend::boosting_start(spec.loss, data).margins[0];
  const Runtime runtime({.threads = 2}), single({.threads = 1});

  const auto alone = [&] { return bench::seconds([&] { (void)lightgbm.fit(spec, data, {}, single); }); };
  const std::string parameters = backend::lightgbm::parameters(spec, data, 1, 1);
  const auto own = [&] {
    return bench::seconds([&] { (void)rival.learn(parts, 0, data.rows(), parameters, spec.trees, start); });
  };
  const auto peers = [&] { return bench::seconds([&] { (void)lightgbm.fit(spec, data, {.peers = 2}, runtime); }); };
  const std::string shared = backend::lightgbm::parameters(spec, data, 1, 2);
  int port = 23'000;
  const auto sockets = [&] {
    port += 2;
    const std::string machines = "127.0.0.1:" + std::to_string(port) + ",127.0.0.1:" + std::to_string(port + 1);
    return bench::seconds([&] {
      std::vector<std::jthread> threads;
      for (int rank = 0; rank < 2; ++rank)
        threads.emplace_back([&, rank] {
          const backend::lightgbm::LogScope log(library, {});
          library.check(rival.connect(machines.c_str(), port + rank, 60, 2), "connect");
          const std::int64_t half = data.rows() / 2;
          (void)rival.learn(parts, rank * half, (rank + 1) * half, shared, spec.trees, start);
          library.network_free();
        });
    });
  };
  const auto figures =
      bench::interleave({{"adapter", alone}, {"C API", own}, {"peers", peers}, {"sockets", sockets}}, 7);
  return bench::print(
      {{"lightgbm 50k x 20, 100 trees, 1 thread", "LightGBM's C API", "s", figures[0], figures[1], 0.98},
       {"lightgbm 50k x 20, 100 trees, 2 peers", "LightGBM's sockets", "s", figures[2], figures[3], 1}},
      argc, argv);
}
