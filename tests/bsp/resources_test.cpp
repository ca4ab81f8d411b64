#include "bsp/engine/resources.hpp"

#include <sched.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Affinity;
using bsp::Peer;
using bsp::Task;
using bsp::detail::ActiveEngines;

namespace {

std::vector<int> usable_cores() {
  cpu_set_t set;
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;  // peers ask too, so nothing is checked here
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

}  // namespace

TEST_CASE("workers stay on the cores that were listed, and threads are given back as they were") {
  const std::vector<int> before = usable_cores();
  for (const int core : before) {
    bsp::EngineOptions options{.peers = 6, .workers = 2, .executor = &bsp_test::host_threads()};
    options.resources = {.affinity = Affinity::list, .cores = {core}};
    auto body = [](Peer& peer) -> Task<int> {
      int elsewhere = 0;
      for (int step = 0; step < 50; ++step) {
        elsewhere += static_cast<int>(usable_cores().size()) != 1;
        co_await peer.sync();
      }
      co_return co_await all_reduce(peer, elsewhere + 1000 * ::sched_getcpu(), std::plus{});
    };
    CHECK(bsp::Engine(options).run(body) == 6 * 1000 * core);
  }
  CHECK(usable_cores() == before);
}

TEST_CASE("compact fills cores in order, scatter spreads") {
  const std::vector<int> usable = usable_cores();
  const auto compact = bsp::detail::cores_of({.affinity = Affinity::compact}, 1);
  CHECK(compact == std::vector<int>{usable.front()});
  const int workers = static_cast<int>(usable.size());
  CHECK(bsp::detail::cores_of({.affinity = Affinity::scatter}, workers) == usable);
  CHECK(bsp::detail::cores_of({.affinity = Affinity::compact}, workers) == usable);
  CHECK(bsp::detail::cores_of({.affinity = Affinity::none}, 3).empty());
  for (const int core : bsp::detail::cores_of({.affinity = Affinity::scatter}, 1)) CHECK(core == usable.front());
}

TEST_CASE("impossible resources are told") {
  const auto text_of = [](const bsp::ResourceOptions& resources) {
    try {
      bsp::Engine({.resources = resources});
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  CHECK(text_of({.affinity = Affinity::list}) ==
        "bsp::Engine: resources.cores is empty, expected the cores for Affinity::list");
  CHECK(text_of({.affinity = Affinity::list, .cores = {100'000}}) ==
        "bsp::Engine: resources.cores names core 100000, which this process may not use");
  CHECK(text_of({.weight = 0}) == "bsp::Engine: resources.weight is 0, expected more than 0");
}

TEST_CASE("engines share the threads by weight, as they come and go") {
  ActiveEngines engines;
  ActiveEngines::Share first(engines, 8, 1);
  CHECK(first.allowed() == 8);
  {
    ActiveEngines::Share second(engines, 8, 3);
    CHECK(first.allowed() == 2);
    CHECK(second.allowed() == 6);
    ActiveEngines::Share third(engines, 8, 0.001);
    CHECK(third.allowed() == 1);
  }
  CHECK(first.allowed() == 8);
}

TEST_CASE("engines of unlike weight at once all come to their end") {
  const Runtime runtime{RuntimeOptions{.threads = 4}};
  std::vector<std::thread> placement;
  std::vector<int> sums(3);
  for (std::size_t i = 0; i < sums.size(); ++i)
    placement.emplace_back([&, i] {
      bsp::EngineOptions options{.peers = 16, .executor = &bsp_test::host_threads()};
      options.resources.weight = 1.0 + static_cast<double>(i);
      sums[i] = bsp::Engine(options, runtime).run([](Peer& peer) -> Task<int> {
        int sum = 0;
        for (int step = 0; step < 200; ++step) sum = co_await all_reduce(peer, 1, std::plus{});
        co_return sum;
      });
    });
  for (std::thread& host : placement) host.join();
  CHECK(sums == std::vector<int>(3, 16));
}
