// Vectors that cross processes over loopback TCP, in the way that the engine chooses and in the other one.
//
//   benchmark_bsp_collectives [--json]
//
// Each row is one collective of one size: what was chosen by the machine that `probe` had measured just before, against
// the algorithm that was not, forced by `EngineOptions::collectives`. In each round both run, one after the other.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench.hpp"
#include "bsp_loopback.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/processes/tcp.hpp"

namespace {

using namespace scalar;
using bsp::Algorithm;
using bsp::Machine;
using bsp::Peer;
using bsp::Task;

constexpr int rounds = 7;
constexpr std::size_t sizes[] = {1 << 10, 8 << 10, 32 << 10, 64 << 10, 128 << 10, 512 << 10, 4 << 20};
constexpr const char* names[] = {"all_reduce", "broadcast"};

/// Seconds of a collective, by peer 0's clock.
double time_of(const bsp::Engine& engine, bool folds, std::size_t bytes, int count) {
  return engine.run([=](Peer& peer) -> Task<double> {
    std::vector<float> values(bytes / sizeof(float), 1.0f);
    double took = 0;
    for (int i = -3; i < count; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      if (folds) co_await all_reduce(peer, std::span(values), [](float a, float b) { return a < b ? b : a; });
      if (!folds) co_await broadcast(peer, std::span(values));
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took / count;
  });
}

/// For each collective and size: what the two algorithms were predicted to take and took, in seconds.
bench::Figures measure(int process, int processes, std::uint16_t port) {
  bsp::EngineOptions options{
      .peers = processes,
      .workers = 1,
      .transport =
          bsp::tcp({.coordinator = "127.0.0.1:" + std::to_string(port), .process = process, .processes = processes})};
  const Machine machine = probe(bsp::Engine(options));
  options.collectives = Algorithm::one_phase;
  const bsp::Engine one(options);
  options.collectives = Algorithm::two_phase;
  const bsp::Engine two(options);
  bench::Figures figures;
  figures.push_back(
      {machine.latency * 1e-9, machine.exchange(64 << 10).count() * 1e-9, machine.exchange(1 << 20).count() * 1e-9});
  for (const bool folds : {true, false})
    for (const std::size_t bytes : sizes) {
      const double first = predict_collective(machine, Algorithm::one_phase, processes, bytes).count() * 1e-9,
                   second = predict_collective(machine, Algorithm::two_phase, processes, bytes).count() * 1e-9;
      const int count = std::clamp(static_cast<int>(0.03 / first), 3, 300);
      const auto took = bench::interleave({{"one phase", [&] { return time_of(one, folds, bytes, count); }},
                                           {"two phases", [&] { return time_of(two, folds, bytes, count); }}},
                                          rounds);
      figures.insert(figures.end(), {{first, second}, took[0], took[1]});
    }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  for (const int processes : {2, 3, 4}) {
    const std::uint16_t port = bench::free_port();
    const bench::Figures figures =
        bench::in_processes(processes, [&](int process) { return measure(process, processes, port); });
    std::fprintf(stderr, "%d processes: l %.1f us, g(64 KiB) %.1f us, g(1 MiB) %.1f us\n", processes,
                 1e6 * figures[0][0], 1e6 * figures[0][1], 1e6 * figures[0][2]);
    for (std::size_t i = 0; i < 2 * std::size(sizes); ++i) {
      std::vector<double> predicted = figures[1 + 3 * i], took[2] = {figures[2 + 3 * i], figures[3 + 3 * i]};
      for (auto* list : {&predicted, &took[0], &took[1]})
        for (double& value : *list) value *= 1e6;
      const std::size_t chosen = predicted[1] < predicted[0] ? 1 : 0;
      const auto text = [&](std::size_t which) {
        return std::string(which == 0 ? "one phase" : "two phases") + ", predicted " +
               std::to_string(static_cast<long>(predicted[which])) + " us";
      };
      rows.push_back({std::string(names[i / std::size(sizes)]) + " of " +
                          std::to_string(sizes[i % std::size(sizes)] >> 10) + " KiB, " + std::to_string(processes) +
                          " processes: " + text(chosen),
                      text(1 - chosen), "us", took[chosen], took[1 - chosen], 0});
    }
  }
  return bench::print(rows, argc, argv);
}
