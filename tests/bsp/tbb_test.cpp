// The engine among a host's TBB tasks. Not for the thread sanitizer: Debian's TBB is not instrumented.
#include "scalar/bsp.hpp"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <functional>
#include <thread>

#include "bsp/places.hpp"
#include "scalar/core/parallel.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

#if !defined(__SANITIZE_THREAD__)
namespace {

auto program = [](Peer& peer) -> Task<int> {
  auto box = peer.mailbox<int>();
  int sum = 0;
  for (int step = 0; step < 20; ++step) {
    box.send(peer.right(), 1);
    co_await peer.sync();
    for (const int value : box.received()) sum += value;
  }
  co_return co_await all_reduce(peer, sum, std::plus{});
};

}  // namespace

TEST_CASE("engines within TBB tasks, several at once", "[tbb]") {
  const tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
  std::atomic<int> wrong{0};
  const Runtime runtime({.threads = 4});
  tbb::parallel_for(0, 16, [&](int i) {
    const bsp::Engine engine({.peers = 1 + i, .workers = 2}, runtime);
    wrong += engine.run(program) != 20 * (1 + i);
  });
  CHECK(wrong == 0);
}

TEST_CASE("parallel loops inside peers, with the Runtime's and with TBB's arena", "[tbb]") {
  const tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
  const Runtime runtime({.threads = 4});
  for (const int peers : {1, 2, 7, 40}) {
    auto body = [&](Peer& peer) -> Task<long> {
      std::atomic<long> sum{0};
      for (int step = 0; step < 10; ++step) {
        parallel_for(runtime, 100, 1, [&](std::int64_t begin, std::int64_t) { sum += begin; });
        co_await peer.sync();
        tbb::parallel_for(0, 100, [&](int i) { sum += i; });
        co_await peer.sync();
      }
      co_return co_await all_reduce(peer, sum.load(), std::plus{});
    };
    CHECK(bsp::Engine({.peers = peers, .workers = 4}, runtime).run(body) == 20L * 4950 * peers);
  }
}

TEST_CASE("two host threads share a Runtime of one or two threads", "[tbb]") {
  for (const int threads : {1, 2}) {
    const Runtime runtime({.threads = threads});
    std::atomic<int> wrong{0};
    const auto work = [&] {
      for (int round = 0; round < 10; ++round)
        wrong += bsp::Engine({.peers = 9, .workers = 4}, runtime).run(program) != 180;
    };
    std::thread a(work), b(work);
    a.join(), b.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a host that cancels its own task group does not lose the engine inside", "[tbb]") {
  std::atomic<int> results{0};
  try {
    tbb::parallel_for(0, 8, [&](int i) {
      if (i == 3) throw i;
      results += bsp::Engine({.peers = 5, .workers = 2}).run(program) == 100 ? 0 : 1;
    });
  } catch (int) {
  }
  CHECK(results == 0);
}
#else
TEST_CASE("TBB is not checked under the thread sanitizer", "[tbb]") {
  WARN("skipped: TBB is not instrumented for the thread sanitizer");
}
#endif
