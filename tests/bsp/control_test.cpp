#include "scalar/bsp/engine_options.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

struct Seen {
  Errc code = Errc::ok;
  std::string text{};
};
template <class Body>
Seen seen(const bsp::Engine& engine, Body body) {
  try {
    engine.run(body);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

void spend(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

TEST_CASE("a stop ends a run that would not end, at a barrier, with the peers told") {
  for (auto& place : bsp_test::places(5)) {
    INFO(place.name);
    std::stop_source stop;
    place.options.stop = stop.get_token();
    std::atomic<int> told{0};
    auto endless = [&](Peer& peer) -> Task<> {
      try {
        for (int step = 0;; ++step) {
          if (step == 100 && peer.rank() == 3) stop.request_stop();
          co_await peer.sync();
        }
      } catch (const bsp::Aborted& aborted) {
        told += aborted.superstep() == 100;
        throw;
      }
    };
    const Seen error = seen(bsp::Engine(place.options), endless);
    CHECK(error.code == Errc::cancelled);
    CHECK(error.text == "bsp: a stop was requested");
    CHECK(told == 5);
    CHECK(seen(bsp::Engine(place.options), endless).code == Errc::cancelled);  // requested before it began
  }
}

TEST_CASE("a stop in one process ends the run in all, also while they wait for it") {
  std::stop_source stop;
  std::atomic<int> cancelled{0};
  auto board = std::make_shared<bsp_test::Switchboard>(2);
  std::vector<std::thread> threads;
  for (int process = 0; process < 2; ++process)
    threads.emplace_back([&, process] {
      bsp::EngineOptions options{.peers = 2, .workers = 1};
      options.transport = std::make_shared<bsp_test::Loopback>(board, process);
      if (process == 0) options.stop = stop.get_token();
      const Seen error = seen(bsp::Engine(options), [&](Peer& peer) -> Task<> {
        for (int step = 0; step < 3; ++step) co_await peer.sync();
        if (peer.rank() == 1) {  // keeps the other waiting until it has given up
          stop.request_stop();
          while (cancelled == 0) std::this_thread::yield();
        }
        co_await peer.sync();
      });
      cancelled += error.code == Errc::cancelled;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(cancelled == 2);
}

TEST_CASE("a superstep beyond its deadline ends the run") {
  for (auto& place : bsp_test::places(3)) {
    INFO(place.name);
    place.options.superstep_deadline = std::chrono::milliseconds(30);
    const Seen error = seen(bsp::Engine(place.options), [](Peer& peer) -> Task<> {
      for (int step = 0; step < 4; ++step) {
        if (step == 2 && peer.rank() == 1) spend(std::chrono::milliseconds(60));
        co_await peer.sync();
      }
    });
    CHECK(error.code == Errc::deadline_exceeded);
    CHECK(error.text.find("bsp superstep 2: the superstep has taken ") == 0);
    CHECK(error.text.find(" ms, expected at most 30") != std::string::npos);
  }
}

TEST_CASE("a process that does not come is not waited for beyond the deadline") {
  std::atomic<int> exceeded{0};
  auto board = std::make_shared<bsp_test::Switchboard>(2);
  std::vector<std::thread> threads;
  for (int process = 0; process < 2; ++process)
    threads.emplace_back([&, process] {
      bsp::EngineOptions options{.peers = 2, .workers = 1};
      options.transport = std::make_shared<bsp_test::Loopback>(board, process);
      if (process == 0) options.superstep_deadline = std::chrono::milliseconds(30);
      const Seen error = seen(bsp::Engine(options), [&](Peer& peer) -> Task<> {
        if (peer.rank() == 1)
          while (exceeded == 0) std::this_thread::yield();
        co_await peer.sync();
      });
      exceeded += error.code == Errc::deadline_exceeded;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(exceeded == 2);
}

TEST_CASE("what is below 0 is refused") {
  CHECK_THROWS_AS(bsp::Engine({.superstep_deadline = std::chrono::milliseconds(-1)}), Error);
}
