// A steady superstep allocates nothing: every operator new of the process is counted.
#include "scalar/bsp.hpp"

#include <cstdlib>
#include <functional>
#include <new>

#include "bsp/places.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(bytes != 0 ? bytes : 1)
                     : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

Task<double> helper(Peer& peer, double value) { co_return co_await peer.all_reduce(value, std::plus{}); }

Task<> helper_with_mailbox(Peer& peer) {
  auto box = peer.mailbox<long>();
  box.send(peer.left(), 1);
  co_await peer.sync();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

TEST_CASE("the counter counts") {
  const long before = allocations;
  int* volatile kept = new int(1);  // volatile: an optimiser may leave out a pair of new and delete
  delete kept;
  CHECK(allocations - before == 1);
}

TEST_CASE("steady supersteps allocate nothing") {
  for (const int peers : {1, 2, 8, 64})
    for (const int workers : {1, 2}) {
      INFO(peers << " peers, " << workers << " workers");
      auto body = [](Peer& peer) -> Task<long> {
        auto numbers = peer.mailbox<long>();
        auto pairs = peer.mailbox<std::pair<int, double>>();
        std::vector<double> gradient(500, 1.0);
        long first = 0, last = 0;
        for (int step = 0; step < 60; ++step) {
          if (step == 20) first = allocations;
          for (int k = 0; k < 100; ++k) numbers.send((peer.rank() + k) % peer.size(), k);
          pairs.send(peer.right(), {1, 2.0});
          co_await peer.sync();
          double sum = 0;
          for (const long value : numbers.received()) sum += static_cast<double>(value);
          sum = co_await helper(peer, sum);
          co_await helper_with_mailbox(peer);
          co_await peer.all_reduce(std::span(gradient), [](double a, double) { return a; });
          co_await peer.broadcast(sum, peer.size() - 1);
          last = allocations;
        }
        co_return last - first;
      };
      const bsp::Engine engine({.peers = peers, .workers = workers, .executor = &bsp_test::host_threads()});
      for (const long count : engine.run_all(body)) CHECK(count == 0);
    }
}

namespace {

void send_to_keys(bsp::Combining<unsigned, double>& box, int step) {
  for (unsigned i = 0; i < (step % 2 == 0 ? 2000u : 20u); ++i) box.send(i * 7 % 500, 1.0);
}

}  // namespace

TEST_CASE("steady supersteps of combined messages, puts and exchanges allocate nothing") {
  using bsp::CombinePolicy;
  for (const CombinePolicy policy : {CombinePolicy::automatic, CombinePolicy::dense, CombinePolicy::hash,
                                     CombinePolicy::sorted, CombinePolicy::plain}) {
    INFO(name(policy));
    auto body = [&](Peer& peer) -> Task<long> {
      bsp::Combining<unsigned, double> keys(peer, {.keys = 500, .policy = policy});
      bsp::Shared<int> shared(peer, 100);
      const auto peers = static_cast<std::size_t>(peer.size());
      std::vector<int> values(64 * peers), received(64 * peers), gathered(peers);
      std::vector<std::size_t> cuts(peers + 1), received_cuts;
      for (std::size_t i = 0; i <= peers; ++i) cuts[i] = 64 * i;
      long first = 0, last = 0;
      for (int step = 0; step < 60; ++step) {
        if (step == 30) first = allocations;
        send_to_keys(keys, step);
        co_await peer.sync();
        double sum = 0;
        keys.receive([&](unsigned, double value) { sum += value; });
        int out = 0;
        shared.put(peer.right(), 3, std::span<const int>(values).first(50));
        shared.get(peer.left(), 7, out);
        co_await shared.sync();
        co_await bsp::all_to_all_v(peer, values, cuts, received, received_cuts);
        co_await bsp::scan(peer, std::span(values), std::plus{});
        co_await bsp::all_gather(peer, out, gathered);
        last = allocations;
      }
      co_return last - first;
    };
    const bsp::Engine engine({.peers = 4, .workers = 2, .executor = &bsp_test::host_threads()});
    for (const long count : engine.run_all(body)) CHECK(count == 0);
  }
}
#endif
