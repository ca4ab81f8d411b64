#include "scalar/bsp/runs/offload.hpp"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::BlockingPeer;
using bsp::Peer;
using bsp::Task;
using bsp_test::places;

namespace {

Task<int> blocking_ring(Peer& peer) {
  auto blocking = [](BlockingPeer& blocked) {
    const std::thread::id thread = std::this_thread::get_id();
    int sum = 0;
    for (int step = 0; step < 20; ++step) {
      blocked.sync();
      sum += all_reduce(blocked, blocked.rank(), std::plus{});
      sum += blocked.run([&](Peer& self) -> Task<int> {
        auto box = self.mailbox<int>();
        box.send(self.right(), self.rank());
        co_await self.sync();
        co_return box.received(self.left())[0];
      });
      if (std::this_thread::get_id() != thread) return -1;
    }
    return sum;
  };
  co_return co_await peer.offload(blocking);
}

}  // namespace

TEST_CASE("code that blocks shares barriers with peers that do not") {
  for (const int peers : {1, 5})
    for (const auto& place : places(peers)) {
      INFO(place.name);
      const std::vector<int> sums = bsp::Engine(place.options).run_all(blocking_ring);
      for (int rank = 0; rank < peers; ++rank)
        CHECK(sums[static_cast<std::size_t>(rank)] == 20 * (peers * (peers - 1) / 2 + (rank + peers - 1) % peers));
    }
  auto mixed = [](Peer& peer) -> Task<int> {
    if (peer.rank() != 1) co_return co_await all_reduce(peer, 1, std::plus{});
    auto blocking = [](BlockingPeer& blocked) { return all_reduce(blocked, 1, std::plus{}); };
    co_return co_await peer.offload(blocking);
  };
  for (const auto& place : places(3)) CHECK(bsp::Engine(place.options).run(mixed) == 3);
}

TEST_CASE("code that blocks takes part across processes") {
  bsp_test::in_processes(2, {.peers = 4, .workers = 2, .executor = &bsp_test::host_threads()},
                         [](bsp::Engine& engine, int process) {
                           int rank = 2 * process;
                           const std::vector<int> sums = engine.run_all(blocking_ring);
                           const std::lock_guard lock(bsp_test::checks());
                           for (const int sum : sums) {
                             CHECK(sum == 20 * (6 + (rank + 3) % 4));
                             ++rank;
                           }
                         });
}

TEST_CASE("an error passes in either direction") {
  for (const auto& place : places(3)) {
    INFO(place.name);
    auto thrown_on_the_thread = [](Peer& peer) -> Task<> {
      auto blocking = [&](BlockingPeer& blocked) {
        blocked.sync();
        if (blocked.rank() == 1) throw std::string("one");
        blocked.sync();
      };
      co_await peer.offload(blocking);
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(thrown_on_the_thread), std::string);

    std::atomic<int> told{0};
    auto thrown_elsewhere = [&](Peer& peer) -> Task<> {
      co_await peer.sync();
      if (peer.rank() == 1) throw std::string("one");
      auto blocking = [&](BlockingPeer& blocked) {
        for (;;) try {  // does not give up by itself
            blocked.sync();
          } catch (const bsp::Aborted&) {
            if (++told > 10) throw;
          }
      };
      co_await peer.offload(blocking);
    };
    CHECK_THROWS_AS(bsp::Engine(place.options).run(thrown_elsewhere), std::string);
    CHECK(told >= 2);
  }
}
