#include "scalar/bsp/runs/team.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::places;

namespace {

/// Teams by rank % teams, each going its own number of supersteps; then all meet again.
Task<int> in_teams(Peer& peer, int teams) {
  const int color = peer.rank() % teams;
  int wrong = 0;
  {
    bsp::Team team = co_await peer.split(color);
    auto ring = team->mailbox<int>();
    for (int step = 0; step <= 3 * color; ++step) {
      ring.send(team->right(), peer.rank());
      co_await team->sync();
      for (const int from : ring.received()) wrong += from % teams != color;
      wrong += ring.received().size() != 1;
    }
    const int members = (peer.size() - color + teams - 1) / teams;
    wrong += team->size() != members || team->rank() != peer.rank() / teams;
    const int sum = co_await all_reduce(*team, peer.rank(), std::plus{});
    wrong += sum != members * color + teams * members * (members - 1) / 2;
    std::vector<double> values(100, 1.0);
    co_await all_reduce(*team, std::span(values), std::plus{});
    wrong += values[99] != members;
  }
  const int everyone = co_await all_reduce(peer, 1, std::plus{});
  co_return wrong + (everyone != peer.size());
}

bsp::EngineOptions options_of(int peers) {
  return {.peers = peers, .workers = 2, .executor = &bsp_test::host_threads()};
}

}  // namespace

TEST_CASE("teams have barriers, mailboxes and collectives of their own") {
  for (const int peers : {1, 2, 7, 40})
    for (const int teams : {1, 2, 3})
      for (const auto& place : places(peers)) {
        INFO(place.name << ", " << peers << " peers, " << teams << " teams");
        for (const int wrong : bsp::Engine(place.options).run_all([&](Peer& peer) { return in_teams(peer, teams); }))
          CHECK(wrong == 0);
      }
}

TEST_CASE("teams span processes") {
  for (const int processes : {2, 3})
    for (const int teams : {1, 2, 3, 5})
      bsp_test::in_processes(processes, options_of(9), [&](bsp::Engine& engine, int) {
        for (int run = 0; run < 3; ++run) {
          const std::vector<int> all = engine.run_all([&](Peer& peer) { return in_teams(peer, teams); });
          const std::lock_guard lock(bsp_test::checks());
          for (const int wrong : all) CHECK(wrong == 0);
        }
      });
}

// A frame is read from the memory in which its messages lie, perhaps long after it was sent: to a process whose peers
// have left too. Wrong use of that memory is seen by the thread sanitizer.
TEST_CASE("who stays in a team goes on when a process's peers have left it") {
  auto body = [](Peer& peer) -> Task<int> {
    int wrong = 0;
    {
      bsp::Team team = co_await peer.split(0);
      auto box = team->mailbox<int>();
      const int stays = peer.rank() / 2;  // supersteps: those of the first process leave first
      for (int step = 0; step < 4 + 3 * stays; ++step) {
        for (int to = 0; to < team->size(); ++to)
          for (int k = 0; k < 20; ++k) box.send(to, 1000 * step + peer.rank());
        co_await team->sync();
        int seen = 0;
        for (const int text : box.received()) wrong += text / 1000 != step, ++seen;
        int present = 0;
        for (int other = 0; other < team->size(); ++other) present += step < 4 + 3 * (other / 2);
        wrong += seen != 20 * present;
      }
    }
    const int everyone = co_await all_reduce(peer, 1, std::plus{});
    co_return wrong + (everyone != peer.size());
  };
  for (int repeat = 0; repeat < 5; ++repeat)
    bsp_test::in_processes(3, options_of(6), [&](bsp::Engine& engine, int) {
      const std::vector<int> all = engine.run_all(body);
      const std::lock_guard lock(bsp_test::checks());
      for (const int wrong : all) CHECK(wrong == 0);
    });
}

TEST_CASE("teams are split again, and a negative color takes no part") {
  auto body = [](Peer& peer) -> Task<int> {
    bsp::Team half = co_await peer.split(peer.rank() < peer.size() / 2 ? 0 : 1);
    bsp::Team quarter = co_await half->split(half->rank() < half->size() / 2 ? 4 : 9);
    int sum = co_await all_reduce(*quarter, peer.rank(), std::plus{});
    bsp::Team some = co_await half->split(half->rank() == 0 ? -1 : 0);
    if (some) sum += 100 * co_await all_reduce(*some, 1, std::plus{});
    if (static_cast<bool>(some) == (half->rank() == 0)) sum = -1;
    co_return sum;
  };
  const std::vector<int> expected{1, 301, 305, 305, 9, 309, 313, 313};
  for (const auto& place : places(8)) CHECK(bsp::Engine(place.options).run_all(body) == expected);
  bsp_test::in_processes(3, options_of(8), [&](bsp::Engine& engine, int process) {
    const auto first = expected.begin() + 8 * process / 3, last = expected.begin() + 8 * (process + 1) / 3;
    const std::vector<int> all = engine.run_all(body);
    const std::lock_guard lock(bsp_test::checks());
    CHECK(all == std::vector<int>(first, last));
  });
}

TEST_CASE("a peer that leaves its team early is not waited for, and a thousand teams leave nothing behind") {
  auto body = [](Peer& peer) -> Task<int> {
    int steps = 0;
    for (int round = 0; round < 300; ++round) {
      bsp::Team team = co_await peer.split((peer.rank() + round) % 3);
      for (int step = 0; step < team->rank(); ++step) co_await team->sync(), ++steps;
    }
    co_return steps;
  };
  for (const auto& place : places(6)) {
    INFO(place.name);
    int steps = 0;
    for (const int own : bsp::Engine(place.options).run_all(body)) steps += own;
    CHECK(steps == 300 * 3);
  }
}

TEST_CASE("an error in one team ends the run for all, naming the peer of the whole run") {
  for (const auto& place : places(6)) {
    INFO(place.name);
    std::atomic<int> told{0};
    auto body = [&](Peer& peer) -> Task<> {
      bsp::Team team = co_await peer.split(peer.rank() % 2);
      try {
        for (int step = 0; step < 5; ++step) {
          if (peer.rank() == 3 && step == 2) throw std::string("three");
          co_await team->sync();
        }
        team = {};
        co_await peer.sync();
      } catch (const bsp::Aborted& aborted) {
        told += aborted.rank() == 3 && aborted.superstep() == 1;
        throw;
      }
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(body), std::string);
    CHECK(told == 5);
  }
}

TEST_CASE("who swallows the error of a team does not hold up anyone") {
  for (const auto& place : places(4)) {
    INFO(place.name);
    auto body = [&](Peer& peer) -> Task<> {
      bsp::Team team = co_await peer.split(0);
      for (int step = 0;; ++step) try {
          if (peer.rank() == 1 && step == 2) throw Error(Errc::parse, "one");
          co_await team->sync();
        } catch (const bsp::Aborted&) {
        }
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(body), Error);
  }
}

TEST_CASE("teams at different collectives end the run with a sentence") {
  auto body = [](Peer& peer) -> Task<> {
    bsp::Team team = co_await peer.split(peer.rank() / 2);
    if (peer.rank() == 3) co_await all_reduce(*team, 1, std::plus{});
    co_await team->sync();
  };
  std::string text;
  try {
    bsp_test::engine_of(4).run(body);
  } catch (const Error& error) {
    text = error.what();
  }
  CHECK(text == "bsp superstep 0: peers are at different collectives: peer 2 is in sync, peer 3 is in all_reduce");
}

TEST_CASE("peers that wait for each other for ever are told so") {
  auto at_two_barriers = [](Peer& peer) -> Task<> {
    bsp::Team team = co_await peer.split(0);
    if (peer.rank() == 0) {
      co_await peer.sync();  // the others are at the team's
    } else {
      co_await team->sync();
    }
  };
  auto in_two_teams = [](Peer& peer) -> Task<> {
    bsp::Team team = co_await peer.split(0);
    bsp::Team other = co_await peer.split(0);
    if (peer.rank() == 1) {
      co_await other->sync();
    } else {
      co_await team->sync();
    }
  };
  for (const int peers : {2, 5})
    for (const auto& place : places(peers))
      for (int repeat = 0; repeat < 20; ++repeat) {
        INFO(place.name << ", " << peers << " peers");
        const auto message = [&](auto& body) {
          try {
            bsp::Engine(place.options).run(body);
          } catch (const Error& error) {
            return std::string(error.code() == Errc::invalid_argument ? "" : "of another kind: ") + error.what();
          }
          return std::string();
        };
        CHECK(message(at_two_barriers) ==
              "bsp superstep 1: peers wait for each other for ever: peer 1 is at the barrier of a team or at a clock, "
              "peer 0 is at the run's barrier");
        CHECK(message(in_two_teams) ==
              "bsp superstep 2: peers wait for each other for ever: peer 0 is at the barrier of a team or at a clock");
      }
}

TEST_CASE("across processes a deadline ends what waits for ever") {
  std::atomic<int> ended{0};
  bsp::EngineOptions options = options_of(4);
  options.superstep_deadline = std::chrono::milliseconds(100);
  bsp_test::in_processes(2, options, [&](bsp::Engine& engine, int) {
    try {
      engine.run([](Peer& peer) -> Task<> {
        bsp::Team team = co_await peer.split(0);
        if (peer.rank() == 0) {
          co_await peer.sync();
        } else {
          co_await team->sync();
        }
      });
    } catch (const Error& error) {
      ended += error.code() == Errc::deadline_exceeded;
    }
  });
  CHECK(ended == 2);
}
