#include "scalar/bsp/engine_options.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <stop_token>
#include <string>
#include <thread>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

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
    CHECK(error.code == Errc::canceled);
    CHECK(error.text == "bsp: a stop was requested");
    CHECK(told == 5);
    CHECK(seen(bsp::Engine(place.options), endless).code == Errc::canceled);  // requested before it began
  }
}

TEST_CASE("a stop in one process ends the run in all, also while they wait for it") {
  std::stop_source stop;
  std::atomic<int> canceled{0};
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
          while (canceled == 0) std::this_thread::yield();
        }
        co_await peer.sync();
      });
      canceled += error.code == Errc::canceled;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(canceled == 2);
}

TEST_CASE("a superstep beyond its deadline ends the run") {
  for (auto& place : bsp_test::places(3)) {
    INFO(place.name);
    const auto time = std::make_shared<test::ManualClock>();
    place.options.superstep_deadline = std::chrono::milliseconds(30);
    const bsp::Engine engine(place.options, Runtime({.threads = 4, .clock = time}));
    const Seen error = seen(engine, [&](Peer& peer) -> Task<> {
      for (int step = 0; step < 4; ++step) {
        if (step == 2 && peer.rank() == 1) time->advance(std::chrono::milliseconds(60));
        co_await peer.sync();
      }
    });
    CHECK(error.code == Errc::deadline_exceeded);
    CHECK(error.text.find("bsp superstep 2: the superstep has taken 60 ms, expected at most 30; ") == 0);
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

namespace {

/// Goes round for ever in a team of two; `each(step)` is called in every superstep.
template <class Each>
Task<> round_in_teams(Peer& peer, Each each) {
  bsp::Team team = co_await peer.split(peer.rank() / 2);
  for (int step = 0;; ++step) {
    each(step);
    co_await team->sync();
  }
}

template <class Each>
Task<> tick_for_ever(Peer& peer, int staleness, Each each) {
  bsp::StaleClock clock(peer, {.staleness = staleness});
  for (int step = 0;; ++step) {
    each(step);
    co_await clock.tick();
  }
}

}  // namespace

TEST_CASE("a stop ends a run whose peers never come to its barrier: in teams, and at clocks") {
  for (auto& place : bsp_test::places(4)) {
    for (const int staleness : {-1, 0, 3, bsp::unbounded}) {
      INFO(place.name << ", staleness " << staleness);
      std::stop_source stop;
      place.options.stop = stop.get_token();
      std::atomic<int> told{0};
      const Seen error = seen(bsp::Engine(place.options), [&](Peer& peer) -> Task<> {
        auto each = [&stop](int step) {
          if (step == 50) stop.request_stop();  // whoever comes there: not all need have begun
        };
        try {
          if (staleness < 0) co_await round_in_teams(peer, each);
          if (staleness >= 0) co_await tick_for_ever(peer, staleness, each);
        } catch (const bsp::Aborted&) {
          ++told;
          throw;
        }
      });
      CHECK(error.code == Errc::canceled);
      CHECK(error.text == "bsp: a stop was requested");
      CHECK(told == 4);
    }
  }
}

TEST_CASE("a superstep in teams or at clocks beyond its deadline ends the run and names who is late") {
  for (auto& place : bsp_test::places(4)) {
    for (const int staleness : {-1, 0, bsp::unbounded}) {
      INFO(place.name << ", staleness " << staleness);
      const auto time = std::make_shared<test::ManualClock>();
      place.options.superstep_deadline = std::chrono::seconds(1);
      const bsp::Engine engine(place.options, Runtime({.threads = 4, .clock = time}));
      std::atomic<int> slow{-1};
      const Seen error = seen(engine, [&](Peer& peer) -> Task<> {
        auto each = [&](int step) {
          int nobody = -1;
          if (step == 10 && slow.compare_exchange_strong(nobody, peer.rank())) time->advance(std::chrono::seconds(2));
        };
        if (staleness < 0) co_await round_in_teams(peer, each);
        if (staleness >= 0) co_await tick_for_ever(peer, staleness, each);
      });
      CHECK(error.code == Errc::deadline_exceeded);
      CHECK(error.text.find(": the superstep has taken 2000 ms, expected at most 1000; late: ") != std::string::npos);
      const std::string name = "peer " + std::to_string(slow) + " (";
      const std::size_t named = error.text.find(name);
      REQUIRE(named != std::string::npos);
      CHECK(error.text.find("2000 ms", named) != std::string::npos);
      // Others who compute while the clock is moved have taken as long; alone, nobody has.
      if (place.options.workers == 1) CHECK(error.text.find("late: " + name) != std::string::npos);
    }
  }
}

TEST_CASE("a deadline names the peer that came last, and one that is on a thread of its own") {
  const auto time = std::make_shared<test::ManualClock>();
  const bsp::Engine engine({.peers = 3, .workers = 1, .superstep_deadline = std::chrono::seconds(1)},
                           Runtime({.clock = time}));
  Seen error = seen(engine, [&](Peer& peer) -> Task<> {
    co_await peer.sync();
    if (peer.rank() == 1) time->advance(std::chrono::milliseconds(1500));
    co_await peer.sync();
  });
  CHECK(error.code == Errc::deadline_exceeded);
  CHECK(error.text ==
        "bsp superstep 1: the superstep has taken 1500 ms, expected at most 1000; longest: peer 1 (1500 ms of work)");

  std::latch others_told(2);
  error = seen(engine, [&](Peer& peer) -> Task<> {
    bsp::Team team = co_await peer.split(peer.rank() == 1 ? -1 : 0);
    auto on_a_thread = [&](bsp::BlockingPeer&) {
      time->advance(std::chrono::seconds(3));
      others_told.wait();
    };
    if (peer.rank() == 1) co_await peer.offload(on_a_thread);
    try {
      while (team) co_await team->sync();
    } catch (const bsp::Aborted&) {
      others_told.count_down();
      throw;
    }
  });
  CHECK(error.code == Errc::deadline_exceeded);
  INFO(error.text);
  CHECK(error.text.find("peer 1 (on a thread of its own, 3000 ms)") != std::string::npos);
}

TEST_CASE("what is below 0 is refused") {
  CHECK_THROWS_AS(bsp::Engine({.superstep_deadline = std::chrono::milliseconds(-1)}), Error);
}
