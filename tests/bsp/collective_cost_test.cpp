#include "scalar/bsp/cost/collective_cost.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Algorithm;
using bsp::choose_collective;
using bsp::Machine;

namespace {

Machine linear(double l, double per_byte) {
  return {.peers = 2, .rate = 1, .latency = l, .gaps = {{1, per_byte}, {1 << 20, per_byte * (1 << 20)}}};
}

/// Longer relations take more, but no more a byte than shorter ones.
Machine random_machine(Philox& random) {
  const auto unit = [&] { return static_cast<double>(random() % 1000) / 1000; };
  Machine machine{.peers = 2, .rate = 1, .latency = std::pow(10, 1 + 5 * unit())};
  double per_byte = std::pow(10, -2 + 3 * unit());
  for (std::uint64_t bytes = 64; bytes <= 1 << 20; bytes *= 8) {
    machine.gaps.push_back({bytes, static_cast<double>(bytes) * per_byte});
    per_byte *= 0.2 + 0.8 * unit();  // from an eighth on the time of eight times as much is no less
  }
  return machine;
}

/// The textbook algorithms, by h-relations: the time of each without the two supersteps that all have.
struct Textbook {
  const Machine& machine;
  int processes;
  std::uint64_t bytes;

  double step(double h) const { return machine.exchange(static_cast<std::uint64_t>(h)).count() + machine.latency; }
  double n() const { return static_cast<double>(bytes); }
  double p() const { return processes; }
  int log2() const {
    int steps = 0;
    while (1 << steps < processes) ++steps;
    return steps;
  }
  /// In every superstep each who has the vector sends it to `k` others.
  double tree(int k) const {
    double took = 0;
    for (long holders = 1; holders < processes; holders *= k + 1) took += step(k * n());
    return took;
  }
  double recursive_doubling() const { return log2() * step(n()); }
  /// Of chunks, to the right: once round to fold and once to collect.
  double ring() const { return 2 * (p() - 1) * step(std::ceil(n() / p())); }
  double ring_collect() const { return step(n() * (p() - 1) / p()) + (p() - 1) * step(std::ceil(n() / p())); }
  /// Along a hypercube: halves, quarters, ..., and back.
  double halving_and_doubling() const {
    double took = 0, part = n();
    for (int i = 0; i < log2(); ++i) part = std::ceil(part / 2), took += 2 * step(part);
    return took;
  }
};

}  // namespace

TEST_CASE("the choice is the lesser of the two sums of h-relations and barriers") {
  Philox random(3, 0);
  for (int trial = 0; trial < 3000; ++trial) {
    const Machine machine = random_machine(random);
    const int processes = 2 + static_cast<int>(random() % 40), parts = 1 + static_cast<int>(random() % 5);
    const std::uint64_t bytes = random() % (std::uint64_t{1} << (1 + random() % 26));
    const auto all = static_cast<std::uint64_t>(processes), k = static_cast<std::uint64_t>(parts);
    const std::uint64_t foreign = bytes - bytes / all;
    const double one = machine.exchange((all - 1) * k * bytes).count() + 3 * machine.latency;
    const double two = machine.exchange(k * foreign).count() + machine.exchange(foreign).count() + 4 * machine.latency;
    INFO(processes << " processes, " << parts << " parts, " << bytes << " bytes: " << one << " or " << two);
    const bsp::Choice choice = choose_collective(machine, processes, bytes, parts);
    CHECK(choice.time.count() == Approx((std::min)(one, two)));
    CHECK(choice.algorithm == (two < one ? Algorithm::two_phase : Algorithm::one_phase));
    CHECK(predict_collective(machine, Algorithm::one_phase, processes, bytes, parts).count() == Approx(one));
    CHECK(predict_collective(machine, Algorithm::two_phase, processes, bytes, parts).count() == Approx(two));
    CHECK(predict_collective(machine, Algorithm::automatic, processes, bytes, parts).count() == choice.time.count());
  }
}

TEST_CASE("with a constant gap the crossover lies at l / g * P / ((P - 1) (P - 2)) bytes") {
  const Machine machine = linear(30'000, 0.5);
  for (int processes = 3; processes <= 17; ++processes) {
    std::uint64_t low = 0, high = 1 << 24;
    while (low + 1 < high) {  // the first size for which two phases are chosen
      const std::uint64_t middle = (low + high) / 2;
      (choose_collective(machine, processes, middle).algorithm == Algorithm::one_phase ? low : high) = middle;
    }
    const double p = processes;
    INFO(processes);
    CHECK(static_cast<double>(high) == Approx(30'000 / 0.5 * p / ((p - 1) * (p - 2))).epsilon(0.001));
  }
  // Between two processes one vector each crosses either way, and so one phase always wins; two of each cross twice.
  for (std::uint64_t bytes = 0; bytes < std::uint64_t{1} << 40; bytes = bytes * 3 + 1)
    CHECK(choose_collective(machine, 2, bytes).algorithm == Algorithm::one_phase);
  CHECK(choose_collective(machine, 2, 100'000, 2).algorithm == Algorithm::one_phase);
  CHECK(choose_collective(machine, 2, 130'000, 2).algorithm == Algorithm::two_phase);
}

TEST_CASE("no tree, ring, recursive doubling or hypercube is ever predicted to take less") {
  Philox random(4, 0);
  for (int trial = 0; trial < 400; ++trial) {
    const Machine machine = random_machine(random);
    for (int processes = 2; processes <= 65; ++processes) {
      const std::uint64_t bytes = random() % (std::uint64_t{1} << (1 + random() % 26));
      const Textbook textbook{machine, processes, bytes};
      // Chunks are whole bytes.
      const double ours =
          (choose_collective(machine, processes, bytes).time.count() - 2 * machine.latency) * (1 - 1e-9) -
          machine.exchange(static_cast<std::uint64_t>(processes)).count();
      INFO(processes << " processes, " << bytes << " bytes, latency " << machine.latency);
      for (int k = 1; k < processes; ++k) REQUIRE(textbook.tree(k) >= ours);
      REQUIRE(textbook.recursive_doubling() >= ours);
      REQUIRE(textbook.ring() >= ours);
      REQUIRE(textbook.ring_collect() >= ours);
      REQUIRE(textbook.halving_and_doubling() >= ours);
    }
  }
}

TEST_CASE("impossible questions have answers") {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK(choose_collective({}, 5, most).algorithm == Algorithm::two_phase);  // products do not wrap
  CHECK(choose_collective({}, 1 << 20, most / 2, 1 << 20).algorithm == Algorithm::two_phase);
  for (const int processes : {-3, 0, 1}) {
    CHECK(choose_collective({}, processes, 1000).algorithm == Algorithm::one_phase);
    CHECK(choose_collective({}, processes, 1000).time.count() == 2 * bsp::typical_machine().latency);
  }
  CHECK(choose_collective({}, 4, 100, -7).time.count() == choose_collective({}, 4, 100).time.count());
  CHECK(choose_collective({}, 4, 1 << 20).time.count() ==
        choose_collective(bsp::typical_machine(), 4, 1 << 20).time.count());
  CHECK(choose_collective({}, 4, 0).time.count() == 3 * bsp::typical_machine().latency);
}

TEST_CASE("an engine refuses a machine that cannot be") {
  const auto message = [](const bsp::EngineOptions& options) -> std::string {
    try {
      bsp::Engine engine(options);
      return "no error";
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      return error.what();
    }
  };
  CHECK(message({.machine = linear(-1, 1)}) == "bsp::Engine: machine.latency is -1, expected 0 or more nanoseconds");
  CHECK(message({.machine = {.latency = std::nan(""), .gaps = {{1, 1}}}}) ==
        "bsp::Engine: machine.latency is nan, expected 0 or more nanoseconds");
  CHECK(message({.machine = {.gaps = {{1, 1}, {2, -3}}}}) ==
        "bsp::Engine: machine.gaps[1].nanoseconds is -3, expected 0 or more nanoseconds");
  CHECK(message({.machine = {.gaps = {{0, 1}}}}) == "bsp::Engine: machine.gaps[0].bytes is 0, expected more than 0");
  CHECK(message({.machine = {.gaps = {{9, 1}, {8, 1}}}}) ==
        "bsp::Engine: machine.gaps[1].bytes is 8, expected more than 9");
  CHECK(message({.collectives = static_cast<Algorithm>(7)}) == "bsp::Engine: collectives is 7, expected an Algorithm");
  CHECK(message({.collectives = Algorithm::two_phase, .machine = linear(1, 1)}) == "no error");
}
