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
#endif
