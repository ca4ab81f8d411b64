// Supersteps of the BSP engine against what its user would pick instead, on two cores: std::barrier, MPI, LPF,
// Bulk. SCALAR_RIVAL_MPI, SCALAR_RIVAL_LPF and SCALAR_RIVAL_BULK are commands that take the name of what to measure
// (rivals/mpi.cpp, rivals/lpf.c, rivals/bulk.cpp).
#include <barrier>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

/// Nanoseconds of an empty superstep.
double empty_sync(int peers, int workers, int count) {
  const bsp::Engine engine({.peers = peers, .workers = workers});
  return 1e9 / count * engine.run([count](Peer& peer) -> Task<double> {
    for (int i = 0; i < count / 10; ++i) co_await peer.sync();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) co_await peer.sync();
    co_return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  });
}

double std_barrier(int threads, int count) {
  std::barrier barrier(threads);
  const auto work = [&] {
    for (int i = 0; i < count; ++i) barrier.arrive_and_wait();
  };
  return 1e9 / count * bench::seconds([&] {
           std::vector<std::jthread> others;
           for (int i = 1; i < threads; ++i) others.emplace_back(work);
           work();
         });
}

/// The longest of many, in milliseconds.
class Longest {
 public:
  void lap() {
    const auto now = std::chrono::steady_clock::now();
    longest_ = (std::max)(longest_, now - last_);
    last_ = now;
  }
  double milliseconds() const { return std::chrono::duration<double, std::milli>(longest_).count(); }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration longest_{0};
};

double longest_sync(int peers, int count) {
  return bsp::Engine({.peers = peers, .workers = 2}).run([count](Peer& peer) -> Task<double> {
    co_await peer.sync();
    Longest longest;
    for (int i = 0; i < count; ++i) {
      co_await peer.sync();
      longest.lap();
    }
    co_return longest.milliseconds();
  });
}

double longest_barrier(int threads, int count) {
  std::barrier barrier(threads);
  const auto work = [&](Longest* longest) {
    for (int i = 0; i < count; ++i) {
      barrier.arrive_and_wait();
      if (longest != nullptr) longest->lap();
    }
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work, nullptr);
  Longest longest;
  work(&longest);
  return longest.milliseconds();
}

[[gnu::noinline]] double compute(int count) {
  double x = count;
  for (int i = 0; i < count; ++i) x = x * 0.999999 + 1e-6;
  asm volatile("" : "+m"(x));  // so that it is computed
  return x;
}

constexpr int computing = 8, long_steps = 20, long_count = 600'000;

double long_supersteps(int workers) {
  return bench::seconds([&] {
    bsp::Engine({.peers = computing, .workers = workers}).run([](Peer& peer) -> Task<double> {
      double sum = 0;
      for (int step = 0; step < long_steps; ++step) {
        sum += compute(long_count + peer.rank());
        co_await peer.sync();
      }
      co_return sum;
    });
  });
}

double long_loop() {
  return bench::seconds([] {
    for (int step = 0; step < long_steps; ++step)
      for (int rank = 0; rank < computing; ++rank) compute(long_count + rank);
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  const auto two = [] { return empty_sync(2, 2, 100'000); };
  rows.push_back(bench::row("empty sync, 2 peers on 2 workers", "std::barrier", "ns", 1 / 0.5, two,
                            [] { return std_barrier(2, 20'000); }));
  rows.push_back(bench::row("empty sync, 2 peers on 2 workers", "LPF pthread sync, spinning", "ns", 1 / 0.25, two,
                            bench::program("SCALAR_RIVAL_LPF", "sync")));
  rows.push_back(bench::row("empty sync, 2 peers on 2 workers", "Bulk sync", "ns", 1 / 0.12, two,
                            bench::program("SCALAR_RIVAL_BULK", "sync")));
  rows.push_back(bench::row("empty sync, 2 peers on 2 workers", "Bulk sync, its spinning barrier", "ns", 0, two,
                            bench::program("SCALAR_RIVAL_BULK", "spin")));
  rows.push_back(bench::row("empty sync, 2 peers on 2 workers", "MPI_Barrier, 2 ranks", "ns", 1 / 0.35, two,
                            bench::program("SCALAR_RIVAL_MPI", "sync")));
  for (const int peers : {4, 8})
    rows.push_back(bench::row(
        "empty sync, " + std::to_string(peers) + " peers on 2 workers",
        "std::barrier, " + std::to_string(peers) + " threads", "ns", 1 / 1.2,
        [peers] { return empty_sync(peers, 2, 50'000); }, [peers] { return std_barrier(peers, 5'000); }));
  for (const int peers : {2, 4, 8}) {
    const std::string what = "the longest of 10,000 empty syncs, " + std::to_string(peers) + " peers on 2 workers";
    const auto ours = [peers] { return longest_sync(peers, 10'000); };
    rows.push_back(bench::limit(what, "ms", 20, ours));
    rows.push_back(bench::row(what, "std::barrier, " + std::to_string(peers) + " threads", "ms", 1 / 1.2, ours,
                              [peers] { return longest_barrier(peers, 10'000); }));
  }
  rows.push_back(
      bench::limit("a peer in an empty sync of 1,024", "ns", 12, [] { return empty_sync(1024, 2, 500) / 1024; }));
  const auto computed = [] { return long_supersteps(2); };
  rows.push_back(bench::row("8 peers compute for 1 ms a superstep, 2 workers", "the same on 1 worker", "s", 1.9,
                            computed, [] { return long_supersteps(1); }));
  rows.push_back(bench::row("8 peers compute for 1 ms a superstep, 2 workers", "plain loop, 1 thread", "s", 1.9,
                            computed, long_loop));
  return bench::print(rows, argc, argv);
}
