#include "scalar/bsp/engine.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::host_threads;
using bsp_test::places;

namespace {

struct Guard {
  std::atomic<int>& alive;
  explicit Guard(std::atomic<int>& count) : alive(count) { ++alive; }
  Guard(const Guard&) = delete;
  ~Guard() { --alive; }
};

Task<> throw_deep(Peer& peer, std::atomic<int>& alive, int who, int depth) {
  const Guard guard(alive);
  if (depth > 0) {
    co_await throw_deep(peer, alive, who, depth - 1);
    co_return;
  }
  co_await peer.sync();
  if (peer.rank() == who) throw std::runtime_error("boom " + std::to_string(who));
  co_await peer.sync();
}

}  // namespace

TEST_CASE("the ring of the documentation", "[tbb]") {
  if (!bsp_test::with_tbb) return;
  bsp::Engine engine{{.peers = 8}};
  double total = engine.run([](bsp::Peer& peer) -> bsp::Task<double> {
    auto ring = peer.mailbox<float>();
    ring.send(peer.right(), 1.0f * peer.rank());
    co_await peer.sync();
    double sum = 0;
    for (float value : ring.received()) sum += value;
    co_return co_await all_reduce(peer, sum, std::plus{});
  });
  CHECK(total == 28);
}

TEST_CASE("peers know their rank, size, neighbors and superstep") {
  auto body = [](Peer& peer) -> Task<std::vector<int>> {
    std::vector<int> seen{peer.rank(), peer.size(), peer.left(), peer.right()};
    for (int step = 0; step < 3; ++step) {
      seen.push_back(static_cast<int>(peer.superstep()));
      co_await peer.sync();
    }
    co_return seen;
  };
  const auto all = engine_of(3).run_all(body);
  CHECK(all[0] == std::vector<int>{0, 3, 2, 1, 0, 1, 2});
  CHECK(all[2] == std::vector<int>{2, 3, 1, 0, 0, 1, 2});
  CHECK(engine_of(1).run(body) == std::vector<int>{0, 1, 0, 0, 0, 1, 2});
}

TEST_CASE("run returns rank 0's value, run_all everyone's in rank order") {
  for (const int peers : {1, 2, 9, 100})
    for (const auto& place : places(peers)) {
      INFO(place.name);
      auto body = [](Peer& peer) -> Task<int> {
        for (int step = 0; step < peer.rank() % 4; ++step) co_await peer.sync();
        co_return 3 * peer.rank() + 1;
      };
      const bsp::Engine engine(place.options);
      CHECK(engine.run(body) == 1);
      const std::vector<int> all = engine.run_all(body);
      REQUIRE(all.size() == static_cast<std::size_t>(peers));
      for (int rank = 0; rank < peers; ++rank) CHECK(all[static_cast<std::size_t>(rank)] == 3 * rank + 1);
    }
}

TEST_CASE("impossible options are refused with the value seen") {
  const auto text = [](bsp::EngineOptions options) -> std::string {
    try {
      bsp::Engine engine(options);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      return error.what();
    }
    return "no error";
  };
  CHECK(text({.peers = 0}) == "bsp::Engine: peers is 0, expected 1 to 1048576");
  CHECK(text({.peers = -3}) == "bsp::Engine: peers is -3, expected 1 to 1048576");
  CHECK(text({.peers = (1 << 20) + 1}) == "bsp::Engine: peers is 1048577, expected 1 to 1048576");
  CHECK(text({.peers = 1, .workers = -1}) == "bsp::Engine: workers is -1, expected 0 or more");
  CHECK(text({.peers = 1, .spin = std::chrono::microseconds(-1)}) ==
        "bsp::Engine: spin is -1, expected 0 to 1000000 microseconds");
}

TEST_CASE("a peer that throws ends every peer, and run throws the original") {
  for (const int peers : {1, 2, 3, 17, 200})
    for (const auto& place : places(peers))
      for (const int who : {0, peers - 1}) {
        INFO(place.name << ", " << peers << " peers, peer " << who << " throws");
        std::atomic<int> alive{0}, told{0}, wrong{0};
        auto body = [&](Peer& peer) -> Task<> {
          const Guard guard(alive);
          try {
            co_await throw_deep(peer, alive, who, 3);
          } catch (const bsp::Aborted& aborted) {
            ++told;
            wrong += aborted.rank() != who || aborted.superstep() != 1 || aborted.code() != Errc::aborted;
            wrong += std::string(aborted.what()) !=
                     "bsp: peer " + std::to_string(who) + " failed in superstep 1: boom " + std::to_string(who);
            throw;
          }
        };
        CHECK_THROWS_WITH(bsp::Engine(place.options).run(body), "boom " + std::to_string(who));
        CHECK(told == peers - 1);
        CHECK(wrong == 0);
        CHECK(alive == 0);
      }
}

TEST_CASE("of several errors in a superstep the lowest rank's is thrown, of several supersteps the first's") {
  for (const int peers : {2, 3, 50})
    for (const auto& place : places(peers)) {
      INFO(place.name);
      auto together = [](Peer& peer) -> Task<> {
        co_await peer.sync();
        if (peer.rank() + 2 >= peer.size()) throw peer.rank();
        co_await peer.sync();
      };
      auto apart = [](Peer& peer) -> Task<> {
        for (int step = 0; step < peer.size() - peer.rank(); ++step) co_await peer.sync();
        throw peer.rank();  // the highest rank is first
      };
      auto after = [](Peer& peer) -> Task<> {
        if (peer.rank() == 1) throw 1;
        try {
          co_await peer.sync();
        } catch (const bsp::Aborted&) {
        }
        throw 1000 + peer.rank();  // a consequence
      };
      const bsp::Engine engine(place.options);
      CHECK_THROWS_AS(engine.run(together), int);
      try {
        engine.run(together);
      } catch (int rank) {
        CHECK(rank == peers - 2);
      }
      try {
        engine.run(apart);
      } catch (int rank) {
        CHECK(rank == peers - 1);
      }
      try {
        engine.run(after);
      } catch (int rank) {
        CHECK(rank == 1);
      }
    }
}

TEST_CASE("an error at every place of a run: each peer, each superstep, before and after the barrier") {
  for (const int workers : {1, 2, 4})
    for (int who = 0; who < 4; ++who)
      for (int step = 0; step < 4; ++step)
        for (const bool collective : {false, true}) {
          std::atomic<int> alive{0};
          auto body = [&](Peer& peer) -> Task<int> {
            const Guard guard(alive);
            auto box = peer.mailbox<std::string>();
            for (int s = 0; s < 4; ++s) {
              box.send(peer.right(), std::string(50, 'm'));
              if (s == step && peer.rank() == who) throw Error(Errc::failed, "here", "place");
              if (collective) co_await all_reduce(peer, 1, std::plus{});
              if (!collective) co_await peer.sync();
            }
            co_return 0;
          };
          const bsp::Engine engine({.peers = 4, .workers = workers, .executor = &host_threads()});
          CHECK_THROWS_WITH(engine.run(body), "place: here");
          CHECK(alive == 0);
        }
}

TEST_CASE("a peer that swallows Aborted is not run again, and nothing hangs") {
  for (const int peers : {1, 2, 5, 64})
    for (const auto& place : places(peers)) {
      INFO(place.name);
      std::atomic<int> alive{0}, swallowed{0};
      auto body = [&](Peer& peer) -> Task<> {
        const Guard guard(alive);
        auto box = peer.mailbox<std::string>();
        if (peer.rank() == 0) throw 7;
        for (;;) {
          try {
            co_await peer.sync();
          } catch (const bsp::Aborted&) {
            ++swallowed;
            box.send(0, std::string(50, 's'));
          }
        }
      };
      CHECK_THROWS_AS(bsp::Engine(place.options).run(body), int);
      CHECK(swallowed == peers - 1);
      CHECK(alive == 0);
    }
}

TEST_CASE("a body that throws when it is called, before it is a coroutine") {
  auto body = [](Peer& peer) -> Task<int> {
    if (peer.rank() == 2) throw std::string("no coroutine");
    auto real = [](Peer& own) -> Task<int> {
      co_await own.sync();
      co_return 1;
    };
    return real(peer);
  };
  CHECK_THROWS_AS(engine_of(4).run(body), std::string);
  CHECK(engine_of(2).run(body) == 1);
}

TEST_CASE("peers return early, at different times, and the others go on") {
  for (const int peers : {1, 2, 7, 64, 300})
    for (const auto& place : places(peers)) {
      INFO(place.name);
      auto body = [](Peer& peer) -> Task<int> {
        const int steps = peer.rank() * 7 % 23;
        for (int step = 0; step < steps; ++step) co_await peer.sync();
        co_return static_cast<int>(peer.superstep());
      };
      const auto all = bsp::Engine(place.options).run_all(body);
      for (int rank = 0; rank < peers; ++rank) CHECK(all[static_cast<std::size_t>(rank)] == rank * 7 % 23);
    }
}

TEST_CASE("an engine inside a peer's plain code, three deep") {
  for (const auto& place : places(3)) {
    INFO(place.name);
    const bsp::Engine engine(place.options);
    auto innermost = [](Peer& peer) -> Task<int> { co_return co_await all_reduce(peer, 1, std::plus{}); };
    auto inner = [&](Peer& peer) -> Task<int> {
      const int below = engine.run(innermost);
      co_return co_await all_reduce(peer, below, std::plus{});
    };
    auto outer = [&](Peer& peer) -> Task<int> {
      int sum = 0;
      for (int step = 0; step < 3; ++step) {
        sum += engine.run(inner);
        co_await peer.sync();
      }
      co_return co_await all_reduce(peer, sum, std::plus{});
    };
    CHECK(engine.run(outer) == 3 * 3 * 9);
  }
}

TEST_CASE("an error of a nested engine is the peer's error") {
  auto inner = [](Peer& peer) -> Task<> {
    co_await peer.sync();
    if (peer.rank() == 1) throw std::string("inside");
    co_await peer.sync();
  };
  auto outer = [&](Peer& peer) -> Task<> {
    co_await peer.sync();
    if (peer.rank() == 2) engine_of(3).run(inner);
    co_await peer.sync();
  };
  CHECK_THROWS_AS(engine_of(4).run(outer), std::string);
}

TEST_CASE("one engine runs from several threads at once") {
  const bsp::Engine engine = engine_of(5);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round) {
        auto body = [&](Peer& peer) -> Task<int> {
          int sum = 0;
          for (int step = 0; step < 10; ++step) sum += co_await all_reduce(peer, t, std::plus{});
          co_return sum;
        };
        wrong += engine.run(body) != 50 * t;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("work is shared: two long peers of a superstep overlap on two workers") {
  // Each peer waits for the other within one superstep: this ends only where both run at the same time. A brief row
  // before it lets the opener expect to be alone.
  for (const int spin : {0, 20}) {
    std::atomic<int> entered{0};
    auto body = [&](Peer& peer) -> Task<bool> {
      for (int step = 0; step < 3; ++step) co_await peer.sync();
      ++entered;
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (entered < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
      co_return entered == 2;
    };
    const bsp::Engine engine(
        {.peers = 2, .workers = 2, .executor = &host_threads(), .spin = std::chrono::microseconds(spin)});
    CHECK(engine.run(body));
  }
}

TEST_CASE("a hundred thousand peers") {
  const int peers = bsp_test::sanitized ? 5'000 : 100'000;
  auto body = [](Peer& peer) -> Task<long> {
    co_await peer.sync();
    co_return co_await all_reduce(peer, static_cast<long>(peer.rank()), std::plus{});
  };
  CHECK(engine_of(peers).run(body) == static_cast<long>(peers) * (peers - 1) / 2);
}
