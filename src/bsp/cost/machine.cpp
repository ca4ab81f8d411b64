#include "scalar/bsp/cost/machine.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "scalar/bsp/engine.hpp"

namespace scalar::inline v0::bsp {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) noexcept {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

/// Multiply-adds per nanosecond.
double rate() noexcept {
  constexpr int count = 1 << 18;
  double a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < count / 8; ++i)
    for (double& x : a) x = x * 0.999999 + 1e-9;
  const double took = since(begin);
  volatile double kept = a[0] + a[7];
  (void)kept;
  return count / (std::max)(took, 1.0);
}

/// The mean time of `repeats` supersteps in which every peer sends `bytes` to its right neighbor, by the peer's clock.
Task<double> ring(Peer& peer, std::size_t bytes, int repeats) {
  auto box = peer.mailbox<std::byte>();
  const std::vector<std::byte> data(bytes);
  double took = 0;
  for (int i = -2; i < repeats; ++i) {  // the first two are not timed: they touch the memory of even and odd supersteps
    const Clock::time_point begin = Clock::now();
    if (bytes != 0) box.send(peer.right(), std::span(data));
    co_await peer.sync();
    // Reading is part of an h-relation's cost.
    volatile std::byte last{};
    for (const Run<std::byte>& run : box.runs())
      for (std::size_t at = 0; at < run.values.size(); at += 64) last = run.values[at];
    (void)last;
    if (i >= 0) took += since(begin);
  }
  co_return took / repeats;
}

Task<Machine> measure(Peer& peer) {
  Machine machine{.peers = peer.size()};
  machine.rate = co_await all_reduce(peer, rate(), [](double a, double b) { return (std::min)(a, b); });
  double least = 0;
  for (int round = 0; round < 5; ++round) {
    const double took = co_await ring(peer, 0, 200);
    least = round == 0 ? took : (std::min)(least, took);
  }
  machine.latency = co_await broadcast(peer, least);
  for (std::size_t i = 0; i < 30; ++i) {
    const std::size_t bytes = (2 + i % 2) << (9 + i / 2);  // 1, 1.5, 2, 3, 4, 6 ... KiB, to 24 MiB
    const int repeats = static_cast<int>(std::clamp<std::size_t>((std::size_t{4} << 20) / bytes, 1, 200));
    double best = 0;
    for (int round = 0; round < 3; ++round) {
      const double took = co_await ring(peer, bytes, repeats);
      best = round == 0 ? took : (std::min)(best, took);
    }
    best = co_await broadcast(peer, best);
    machine.gaps.push_back({bytes, (std::max)(0.0, best - machine.latency)});
  }
  co_return machine;
}

}  // namespace

Nanoseconds Machine::exchange(std::uint64_t bytes) const noexcept {
  if (gaps.empty() || bytes == 0) return {};
  const auto size = static_cast<double>(bytes);
  const auto in_proportion = [&](const Gap& gap) {
    return Nanoseconds(size * (gap.nanoseconds / static_cast<double>(gap.bytes)));
  };
  if (bytes <= gaps.front().bytes) return in_proportion(gaps.front());
  if (bytes >= gaps.back().bytes) return in_proportion(gaps.back());
  std::size_t i = 1;
  while (gaps[i].bytes < bytes) ++i;
  const Gap &low = gaps[i - 1], &high = gaps[i];
  const double part = (size - static_cast<double>(low.bytes)) / static_cast<double>(high.bytes - low.bytes);
  return Nanoseconds(low.nanoseconds + part * (high.nanoseconds - low.nanoseconds));
}

Machine probe(const Engine& engine) {
  const std::vector<Machine> machines = engine.run_all(measure);
  return machines.front();
}

}  // namespace scalar::inline v0::bsp
