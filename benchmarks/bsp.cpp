// The BSP engine against what its user would pick instead, on two cores: std::barrier, MPI, LPF, vectors written by
// hand, memcpy. Rivals that are programs print one number, in the unit of the row: SCALAR_RIVAL_MPI and
// SCALAR_RIVAL_LPF are commands that take the name of what to measure (see rivals/mpi.cpp, rivals/lpf.c).
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int rounds = 7;

double cpu_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What a rival's program says for `what`; empty when there is none.
std::function<double()> program(const char* variable, const std::string& what) {
  const char* command = std::getenv(variable);
  if (command == nullptr || *command == '\0') return {};
  return [line = std::string(command) + " " + what] {
    std::FILE* pipe = ::popen(line.c_str(), "r");
    double figure = 0;
    if (pipe == nullptr || std::fscanf(pipe, "%lf", &figure) != 1)
      std::fprintf(stderr, "no figure from: %s\n", line.c_str());
    if (pipe != nullptr) ::pclose(pipe);
    return figure;
  };
}

bench::Row row(std::string what, std::string rival, std::string unit, double goal, const std::function<double()>& ours,
               const std::function<double()>& theirs) {
  std::vector<bench::Contender> contenders{{"ours", ours}};
  if (theirs) contenders.push_back({"theirs", theirs});
  auto figures = bench::interleave(contenders, rounds);
  return {std::move(what),
          std::move(rival),
          std::move(unit),
          figures[0],
          theirs ? figures[1] : std::vector<double>(),
          goal};
}

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

[[gnu::noinline]] double compute(int count) {
  double x = count;
  for (int i = 0; i < count; ++i) x = x * 0.999999 + 1e-6;
  asm volatile("" : "+m"(x));  // so that it is computed
  return x;
}

double long_supersteps(int workers) {
  return bench::seconds([&] {
    bsp::Engine({.peers = 8, .workers = workers}).run([](Peer& peer) -> Task<double> {
      double sum = 0;
      for (int step = 0; step < 10; ++step) {
        sum += compute(400'000 + peer.rank());
        co_await peer.sync();
      }
      co_return sum;
    });
  });
}

struct Message {
  std::uint64_t key;
  double value;
};

[[gnu::noinline]] void send_all(bsp::Mailbox<Message>& box, int peers, int count, unsigned seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    box.send(static_cast<int>((static_cast<std::uint64_t>(seed) * static_cast<unsigned>(peers)) >> 32),
             {static_cast<std::uint64_t>(i), 1.0});
  }
}
[[gnu::noinline]] double sum_of(bsp::Mailbox<Message>& box) {
  double sum = 0;
  for (const auto& run : box.runs())
    for (const Message& message : run.values) sum += message.value;
  return sum;
}

/// CPU nanoseconds a message: sent to random peers, received, added up.
double messages(int peers, int each, int steps) {
  const bsp::Engine engine({.peers = peers, .workers = 2});
  double begin = 0, end = 0;
  engine.run([&](Peer& peer) -> Task<> {
    auto box = peer.mailbox<Message>();
    double sum = 0;
    for (int step = 0; step < steps + 3; ++step) {
      if (step == 3 && peer.rank() == 0) begin = cpu_seconds();
      send_all(box, peer.size(), each, static_cast<unsigned>(peer.rank() * 977 + step));
      co_await peer.sync();
      sum += sum_of(box);
    }
    if (peer.rank() == 0) end = cpu_seconds();
    if (sum < 0) throw 1;
  });
  return (end - begin) * 1e9 / (static_cast<double>(each) * peers * steps);
}

/// The same, as one writes it by hand: vectors by source and destination, two threads, std::barrier.
double vectors(int peers, int each, int steps) {
  const auto n = static_cast<std::size_t>(peers);
  std::vector<std::vector<Message>> boxes[2];
  for (auto& parity : boxes) parity.resize(n * n);
  std::barrier barrier(2);
  double begin = 0, end = 0, sums[2] = {};
  const auto send = [&](std::size_t source, auto& out, unsigned seed) {
    for (int i = 0; i < each; ++i) {
      seed = seed * 1664525u + 1013904223u;
      out[source * n + ((static_cast<std::uint64_t>(seed) * n) >> 32)].push_back({static_cast<std::uint64_t>(i), 1.0});
    }
  };
  const auto work = [&](std::size_t thread) {
    double sum = 0;
    for (int step = 0; step < steps + 3; ++step) {
      if (step == 3 && thread == 0) begin = cpu_seconds();
      auto& out = boxes[step & 1];
      for (std::size_t source = thread; source < n; source += 2) {
        for (std::size_t to = 0; to < n; ++to) out[source * n + to].clear();
        send(source, out, static_cast<unsigned>(source * 977 + static_cast<std::size_t>(step)));
      }
      barrier.arrive_and_wait();
      for (std::size_t to = thread; to < n; to += 2)
        for (std::size_t source = 0; source < n; ++source)
          for (const Message& message : out[source * n + to]) sum += message.value;
    }
    barrier.arrive_and_wait();
    if (thread == 0) end = cpu_seconds();
    sums[thread] = sum;
  };
  {
    std::jthread other([&] { work(1); });
    work(0);
  }
  if (sums[0] < 0) throw 1;
  return (end - begin) * 1e9 / (static_cast<double>(each) * peers * steps);
}

constexpr std::size_t large = std::size_t{16} << 20;

/// Microseconds to hand 16 MiB to a peer: a vector that is moved.
double hand_over(int steps) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([steps](Peer& peer) -> Task<double> {
    auto box = peer.mailbox<std::vector<char>>();
    std::vector<char> data(large, 1);
    double took = 0;
    for (int i = -1; i < steps; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      box.send(peer.right(), std::move(data));
      co_await peer.sync();
      data = std::move(box.received(peer.right())[0]);
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e6 / steps;
  });
}
double copy_by_memcpy(int steps) {
  std::vector<char> from(large, 1), to(large, 2);
  return bench::seconds([&] {
           for (int i = 0; i < steps; ++i) {
             std::memcpy(to.data(), from.data(), large);
             asm volatile("" ::"r"(to.data()) : "memory");
           }
         }) *
         1e6 / steps;
}
/// Microseconds to send 16 MiB as a span, which copies it once.
double copy_by_span(int steps) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([steps](Peer& peer) -> Task<double> {
    auto box = peer.mailbox<char>();
    const std::vector<char> data(peer.rank() == 0 ? large : 0, 1);
    double took = 0;
    for (int i = -3; i < steps; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      box.send(peer.right(), std::span(data));
      co_await peer.sync();
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e6 / steps;
  });
}

/// Milliseconds to all-reduce 25 million floats between two peers.
double all_reduce_floats(int steps) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([steps](Peer& peer) -> Task<double> {
    std::vector<float> values(25'000'000, 1.0f);
    double took = 0;
    for (int i = -1; i < steps; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      co_await peer.all_reduce(std::span(values), [](float a, float b) { return a < b ? b : a; });
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e3 / steps;
  });
}

/// Seconds of a program with 8 MiB of state in each of two peers, written down every 10 of its supersteps or not at
/// all.
double with_checkpoints(bool writes) {
  const std::string directory = std::filesystem::temp_directory_path() / "scalar-benchmark-checkpoints";
  bsp::EngineOptions options{.peers = 2, .workers = 2};
  if (writes) options.checkpoints = {.directory = directory, .every = 10};
  const double took = bench::seconds([&] {
    bsp::Engine(options).run([](Peer& peer) -> Task<> {
      std::vector<float> state(1 << 19, 1.0f);
      int step = 0;
      peer.persist(step, state);
      for (; step < 30; ++step) {
        for (int pass = 0; pass < 200; ++pass)
          for (float& x : state) x = x * 0.999f + 0.001f;
        co_await peer.checkpoint();
      }
    });
  });
  std::filesystem::remove_all(directory);
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  rows.push_back(row(
      "empty sync, 2 peers on 2 workers", "std::barrier", "ns", 1 / 0.5, [] { return empty_sync(2, 2, 100'000); },
      [] { return std_barrier(2, 20'000); }));
  rows.push_back(row(
      "empty sync, 2 peers on 2 workers", "LPF pthread sync", "ns", 1 / 0.25, [] { return empty_sync(2, 2, 100'000); },
      program("SCALAR_RIVAL_LPF", "sync")));
  rows.push_back(row(
      "empty sync, 2 peers on 2 workers", "MPI_Barrier, 2 ranks", "ns", 1 / 0.35,
      [] { return empty_sync(2, 2, 100'000); }, program("SCALAR_RIVAL_MPI", "sync")));
  rows.push_back(row(
      "empty sync, 8 peers on 2 workers", "std::barrier, 8 threads", "ns", 1 / 1.2,
      [] { return empty_sync(8, 2, 50'000); }, [] { return std_barrier(8, 2'000); }));
  rows.push_back(row(
      "a peer in an empty sync of 1,024 (limit 12 ns)", "the limit", "ns", 1,
      [] { return empty_sync(1024, 2, 500) / 1024; }, [] { return 12.0; }));
  rows.push_back(row(
      "8 peers compute for 1 ms a superstep", "the same on 1 worker", "s", 1.9, [] { return long_supersteps(2); },
      [] { return long_supersteps(1); }));
  for (const auto& [peers, each, goal] : {std::tuple{2, 1'000'000, 1.1}, {64, 30'000, 1.1}, {1024, 4'000, 1.3}})
    rows.push_back(row(
        "16 B messages to random peers, " + std::to_string(peers) + " peers, CPU", "vectors by hand", "ns", 1 / goal,
        [=] { return messages(peers, each, 5); }, [=] { return vectors(peers, each, 5); }));
  rows.push_back(row(
      "16 MiB handed over", "memcpy", "us", 1 / 0.02, [] { return hand_over(50); }, [] { return copy_by_memcpy(20); }));
  rows.push_back(row(
      "16 MiB sent as a span", "memcpy", "us", 0.8, [] { return copy_by_span(20); },
      [] { return copy_by_memcpy(20); }));
  rows.push_back(row(
      "all_reduce of 25 million floats, 2 peers", "MPI_Allreduce, 2 ranks", "ms", 1 / 0.8,
      [] { return all_reduce_floats(3); }, program("SCALAR_RIVAL_MPI", "allreduce")));
  rows.push_back(row(
      "30 supersteps of 20 ms, 4 MiB of state written every 10", "nothing written", "s", 1 / 1.08,
      [] { return with_checkpoints(true); }, [] { return with_checkpoints(false); }));
  return bench::print(rows, argc, argv);
}
