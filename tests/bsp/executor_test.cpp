#include "scalar/bsp/executor.hpp"

#include <functional>
#include <vector>

#include "bsp/places.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

/// A host that collects helpers and runs them when the test says so, or never.
class Drawer final : public bsp::Executor {
 public:
  void post(bsp::Helper helper) override {
    const std::lock_guard lock(mutex);
    helpers.push_back(std::move(helper));
  }
  std::mutex mutex;
  std::vector<bsp::Helper> helpers;
};

class Inline final : public bsp::Executor {
 public:
  void post(bsp::Helper helper) override {
    ++posted;
    helper();
  }
  std::atomic<int> posted{0};
};

class Refusing final : public bsp::Executor {
 public:
  void post(bsp::Helper) override { throw std::bad_alloc(); }
};

auto program = [](Peer& peer) -> Task<int> {
  int sum = 0;
  for (int step = 0; step < 30; ++step) sum += co_await all_reduce(peer, 1, std::plus{});
  co_return sum;
};

}  // namespace

TEST_CASE("a run ends although the host never starts a helper, and late helpers find nothing") {
  Drawer drawer;
  {
    const bsp::Engine engine({.peers = 6, .workers = 3, .executor = &drawer});
    CHECK(engine.run(program) == 180);
    CHECK(engine.run(program) == 180);
  }
  CHECK(!drawer.helpers.empty());
  CHECK(drawer.helpers.size() <= 4);  // no more than are missing, for each run
  for (const bsp::Helper& helper : drawer.helpers) helper();
}

TEST_CASE("a host that runs helpers at once, or has no thread to give") {
  Inline at_once;
  CHECK(bsp::Engine({.peers = 6, .workers = 3, .executor = &at_once}).run(program) == 180);
  CHECK(at_once.posted > 0);
  Refusing refusing;
  CHECK(bsp::Engine({.peers = 6, .workers = 3, .executor = &refusing}).run(program) == 180);
}

TEST_CASE("engines on the only thread of a host do not wait for helpers that cannot start") {
  std::atomic<int> results{0};
  {
    bsp_test::HostThreads one(1);
    const bsp::Engine engine({.peers = 4, .workers = 4, .executor = &one});
    auto outer = [&](Peer& peer) -> Task<int> {
      const int inner = engine.run(program);
      co_return co_await all_reduce(peer, inner, std::plus{});
    };
    std::thread a([&] { results += engine.run(outer); }), b([&] { results += engine.run(outer); });
    a.join(), b.join();
  }
  CHECK(results == 2 * 4 * 120);
}

TEST_CASE("one worker needs no executor") {
  Refusing refusing;
  CHECK(bsp::Engine({.peers = 6, .workers = 1, .executor = &refusing}).run(program) == 180);
}
