// What a BSP program pays for being watched and for being able to go on after a loss, and how well the cost model
// foretells it: traces (T1), checkpoints (R1), probe and the predictions made with it (K1).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using Time = std::chrono::steady_clock;

namespace {

/// Nanoseconds.
double between(Time::time_point begin, Time::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

constexpr int state_steps = 100;

[[gnu::noinline]] void pass_over(std::vector<float>& state, int passes) {
  for (int pass = 0; pass < passes; ++pass) {
    for (float& x : state)  // enough for each that it does not matter in which cache it lies
      for (int i = 0; i < 16; ++i) x = x * 0.999f + 0.001f;
    asm volatile("" ::"r"(state.data()) : "memory");  // so that every pass is made
  }
}

/// 20 ms of work on this machine.
void compute(std::vector<float>& state) {
  static const int passes = [] {
    std::vector<float> some(1 << 19, 1.0f);
    constexpr int tried = 10;
    std::vector<double> took;
    for (int round = 0; round < 5; ++round) took.push_back(bench::seconds([&] { pass_over(some, tried); }));
    return std::max(1, static_cast<int>(tried * 0.020 / *std::min_element(took.begin(), took.end())));
  }();
  pass_over(state, passes);
}

/// Seconds of a program with 4 MiB of state, half of it in each of two peers, written down at every tenth of its
/// supersteps or not at all.
double with_checkpoints(bool writes) {
  const std::string directory = std::filesystem::temp_directory_path() / "scalar-benchmark-checkpoints";
  bsp::EngineOptions options{.peers = 2, .workers = 2};
  if (writes) options.checkpoints = {.directory = directory, .every = 10};
  const double took = bench::seconds([&] {
    bsp::Engine(options).run([](Peer& peer) -> Task<> {
      std::vector<float> state(1 << 19, 1.0f);
      int step = 0;
      peer.persist(step, state);
      for (; step < state_steps; ++step) {
        compute(state);
        co_await peer.checkpoint();
      }
    });
  });
  std::filesystem::remove_all(directory);
  return took;
}

/// The work of both peers.
double without_engine() {
  std::vector<float> states[2] = {std::vector<float>(1 << 19, 1.0f), std::vector<float>(1 << 19, 1.0f)};
  return bench::seconds([&] {
    for (int step = 0; step < state_steps; ++step)
      for (auto& state : states) compute(state);
  });
}

[[gnu::noinline]] void send_round(bsp::Mailbox<std::uint64_t>& box, int rank, int peers, int count) {
  for (int i = 0; i < count; ++i) box.send((rank + i) % peers, static_cast<std::uint64_t>(i));
}
[[gnu::noinline]] std::uint64_t sum_of(bsp::Mailbox<std::uint64_t>& box) {
  std::uint64_t sum = 0;
  for (const auto& run : box.runs())
    for (const std::uint64_t value : run.values) sum += value;
  return sum;
}

/// CPU microseconds of a superstep in which the peers send 64,000 messages.
double with_trace(int peers, bool traces) {
  bsp::EngineOptions options{.peers = peers, .workers = 2};
  if (traces) options.trace = std::make_shared<bsp::Trace>();
  constexpr int steps = 1000;
  const double begin = bench::cpu_seconds();
  bsp::Engine(options).run([](Peer& peer) -> Task<std::uint64_t> {
    const int count = 64'000 / peer.size();
    auto box = peer.mailbox<std::uint64_t>();
    std::uint64_t sum = 0;
    for (int step = 0; step < steps; ++step) {
      send_round(box, peer.rank(), peer.size(), count);
      co_await peer.sync();
      sum += sum_of(box);
    }
    co_return sum;
  });
  return (bench::cpu_seconds() - begin) * 1e6 / steps;
}

// The cost model. Supersteps of every size from 1 KiB to 64 MiB, most of them between those that probe measures; each
// other one computes as well.

constexpr int of_each = 12, unmeasured = 2;  // supersteps of a size; the first touch of its memory

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t bytes = 1 << 10; bytes <= std::size_t{64} << 20; bytes *= 2) all.push_back(bytes);
  for (std::size_t bytes = 5 << 8; bytes <= std::size_t{40} << 20; bytes *= 2) all.push_back(bytes);
  for (std::size_t bytes = 7 << 8; bytes <= std::size_t{56} << 20; bytes *= 2) all.push_back(bytes);
  return all;
}

/// Keeps a core busy for about so long.
[[gnu::noinline]] double compute(std::size_t bytes) {
  double x = 1;
  asm volatile("" : "+m"(x));  // else it is known to stay 1
  for (std::size_t i = 0; i < bytes / 64; ++i) x = x * 0.999999 + 1e-6;
  asm volatile("" : "+m"(x));
  return x;
}

[[gnu::noinline]] void read(bsp::Mailbox<std::byte>& box) {
  volatile std::byte last{};
  for (const auto& run : box.runs())
    for (std::size_t at = 0; at < run.values.size(); at += 64) last = run.values[at];
  (void)last;
}

struct Measured {
  std::size_t bytes = 0;
  double work = 0, time = 0;  // nanoseconds
};

Task<std::vector<Measured>> supersteps(Peer& peer) {
  auto box = peer.mailbox<std::byte>();
  std::vector<Measured> measured;
  for (const std::size_t bytes : sizes()) {
    const std::vector<std::byte> data(bytes);
    for (int step = 0; step < of_each; ++step) {
      const Time::time_point begin = Time::now();
      if (step % 2 == 1) compute(bytes);
      const Time::time_point computed = Time::now();
      box.send(peer.right(), std::span(data));
      co_await peer.sync();
      read(box);
      if (step >= unmeasured) measured.push_back({bytes, between(begin, computed), between(begin, Time::now())});
    }
  }
  co_return measured;
}

/// The error in percent that 90 % of predictions do not exceed.
double most_of(std::vector<double> errors) {
  std::sort(errors.begin(), errors.end());
  return 100 * errors.at(errors.size() * 9 / 10);
}
double error(double predicted, double time) { return std::abs(predicted / time - 1); }

/// By `Machine::predict`, given the time that the program computed.
double model_error() {
  const bsp::Engine engine({.peers = 2, .workers = 2});
  const bsp::Machine machine = bsp::probe(engine);
  std::vector<double> errors;
  for (const Measured& step : engine.run(supersteps))
    errors.push_back(error(machine.predict(bsp::Nanoseconds(step.work), step.bytes).count(), step.time));
  return most_of(std::move(errors));
}

/// What a Trace says of the same supersteps.
double trace_error() {
  const auto trace =
      std::make_shared<bsp::Trace>(bsp::TraceOptions{.machine = bsp::probe(bsp::Engine({.peers = 2, .workers = 2}))});
  bsp::Engine({.peers = 2, .workers = 2, .trace = trace}).run(supersteps);
  std::vector<double> errors;
  for (const bsp::SuperstepRecord& record : trace->records())
    if (record.h != 0 && record.superstep % of_each >= unmeasured)
      errors.push_back(error(record.predicted.count(), bsp::Nanoseconds(record.time).count()));
  return most_of(std::move(errors));
}

}  // namespace

int main(int argc, char** argv) {
  (void)without_engine();  // so that the work has its size
  std::vector<bench::Row> rows;
  const std::string written = "100 supersteps of 20 ms, 4 MiB of state written every 10";
  const auto writing = [] { return with_checkpoints(true); };
  rows.push_back(
      bench::row(written, "nothing written", "s", 1 / 1.08, writing, [] { return with_checkpoints(false); }));
  rows.push_back(bench::row(written, "plain loop, 1 thread, nothing written", "s", 0, writing, without_engine));
  for (const int peers : {8, 64})
    rows.push_back(bench::row(
        "64,000 messages between " + std::to_string(peers) + " peers, traced, CPU", "not traced", "us", 1 / 1.05,
        [peers] { return with_trace(peers, true); }, [peers] { return with_trace(peers, false); }));
  rows.push_back(bench::limit("probe, 2 peers", "ms", 500, [] {
    const bsp::Engine engine({.peers = 2, .workers = 2});
    return 1e3 * bench::seconds([&] { (void)bsp::probe(engine); });
  }));
  rows.push_back(bench::limit("error of 90 % of predictions, 1 KiB to 64 MiB", "%", 25, model_error));
  rows.push_back(bench::limit("the same, by a Trace", "%", 25, trace_error));
  return bench::print(rows, argc, argv);
}
