#include "scalar/bsp/task.hpp"

#include <memory>
#include <string>

#include "bsp/places.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;

namespace {

template <class A>
concept AwaitableByPeers =
    requires(Task<>::promise_type promise, A&& awaited) { promise.await_transform(std::forward<A>(awaited)); };
static_assert(AwaitableByPeers<Task<int>>);
static_assert(AwaitableByPeers<bsp::detail::Barrier>);
static_assert(!AwaitableByPeers<Task<int>&>, "a task is awaited by moving it");
static_assert(!AwaitableByPeers<std::suspend_always>, "a foreign awaitable could resume the peer behind the engine");

Task<int> after_syncs(Peer& peer, int syncs, int value) {
  for (int i = 0; i < syncs; ++i) co_await peer.sync();
  co_return value;
}

Task<int> leaves(Peer& peer, int depth) {
  if (depth == 0) {
    co_await peer.sync();
    co_return 1;
  }
  const int left = co_await leaves(peer, depth - 1);
  const int right = co_await leaves(peer, depth - 1);
  co_return left + right;
}

Task<int> depth_of(int n) {
  if (n == 0) co_return 0;
  co_return 1 + co_await depth_of(n - 1);
}

Task<> throws_after(Peer& peer, int syncs) {
  for (int i = 0; i < syncs; ++i) co_await peer.sync();
  throw std::string("thrown");
}

}  // namespace

TEST_CASE("helper tasks sync, return values and nest") {
  auto body = [](Peer& peer) -> Task<int> {
    const int first = co_await after_syncs(peer, 0, 1);
    const int second = co_await after_syncs(peer, 3, 10);
    const int third = co_await leaves(peer, 4);
    co_return first + second + third + static_cast<int>(peer.superstep());
  };
  CHECK(engine_of(3).run(body) == 1 + 10 + 16 + 3 + 16);
}

TEST_CASE("the depth and the number of awaits cost no stack") {
  auto body = [](Peer&) -> Task<long> {
    long sum = 0;
    for (int i = 0; i < 200'000; ++i) sum += co_await depth_of(0);
    co_return sum + co_await depth_of(bsp_test::sanitized ? 20'000 : 100'000);
  };
  CHECK(engine_of(1).run(body) == (bsp_test::sanitized ? 20'000 : 100'000));
}

TEST_CASE("an exception of a helper arrives at its await and the peer goes on") {
  auto body = [](Peer& peer) -> Task<std::string> {
    std::string got;
    for (const int syncs : {0, 2}) {
      try {
        co_await throws_after(peer, syncs);
      } catch (const std::string& text) {
        got += text;
      }
      co_await peer.sync();
    }
    co_return got + std::to_string(peer.superstep());
  };
  CHECK(engine_of(2).run(body) == "thrownthrown4");
}

TEST_CASE("tasks return what only moves, and void") {
  auto body = [](Peer& peer) -> Task<std::unique_ptr<int>> {
    co_await peer.sync();
    co_return std::make_unique<int>(peer.rank() + 41);
  };
  CHECK(*engine_of(2).run_all(body)[1] == 42);
  int ran = 0;
  auto nothing = [&](Peer& peer) -> Task<> {
    co_await peer.sync();
    ++ran;
  };
  engine_of(1).run(nothing);
  CHECK(ran == 1);
}

TEST_CASE("a named task is awaited by moving it, once") {
  auto body = [](Peer& peer) -> Task<int> {
    Task<int> later = after_syncs(peer, 1, 7);
    const int value = co_await std::move(later);
    try {
      co_await std::move(later);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      CHECK(std::string(error.what()) == "bsp: a Task that was moved from or has been awaited before was awaited");
      co_return value;
    }
    co_return -1;
  };
  CHECK(engine_of(1).run(body) == 7);
}

TEST_CASE("a body that hands out a spent task is refused") {
  auto body = [](Peer& peer) -> Task<int> { return Task<int>(after_syncs(peer, 0, 1)); };
  CHECK(engine_of(2).run(body) == 1);
  auto moved = [](Peer& peer) -> Task<int> {
    Task<int> task = after_syncs(peer, 0, 1);
    const Task<int> thief = std::move(task);
    return task;
  };
  CHECK_THROWS_AS(engine_of(2).run(moved), Error);
}

TEST_CASE("a coroutine cannot await the barrier of another peer") {
  auto body = [](Peer& outer) -> Task<> {
    auto inner = [&](Peer&) -> Task<> { co_await outer.sync(); };
    engine_of(2).run(inner);
    co_await outer.sync();
  };
  CHECK_THROWS_WITH(engine_of(1).run(body),
                    "bsp: a coroutine awaited the barrier of a peer that it does not belong to");
}

TEST_CASE("a task that is never awaited is destroyed with its arguments") {
  auto alive = std::make_shared<int>(1);
  auto holds = [](std::shared_ptr<int>) -> Task<> { co_return; };
  auto body = [&](Peer& peer) -> Task<> {
    const Task<> ignored = holds(alive);
    co_await peer.sync();
  };
  engine_of(4).run(body);
  CHECK(alive.use_count() == 1);
}
