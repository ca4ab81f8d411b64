#include "scalar/bsp/collectives/span_collectives.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/bsp/runs/team.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Algorithm;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr Algorithm both[] = {Algorithm::one_phase, Algorithm::two_phase};
std::string name(Algorithm algorithm) { return algorithm == Algorithm::one_phase ? "one phase" : "two phases"; }

/// Sums of these show the order of additions.
float rough(int rank, std::size_t i) {
  return 1.0f / static_cast<float>(1 + (static_cast<std::size_t>(rank) * 7919 + i * 104729) % 1009);
}
/// Neither commutative nor associative.
struct Weave {
  float operator()(float a, float b) const noexcept { return a * 0.75f - b; }
};

/// The fold over the tree that the documentation describes.
template <class Op>
float tree_fold(int first, int count, std::size_t i, Op op) {
  if (count == 1) return rough(first, i);
  int left = 1;
  while (left * 2 < count) left *= 2;
  return op(tree_fold(first, left, i, op), tree_fold(first + left, count - left, i, op));
}
template <class Op>
std::vector<float> expected_fold(int peers, std::size_t size, Op op) {
  std::vector<float> all(size);
  for (std::size_t i = 0; i < size; ++i) all[i] = tree_fold(0, peers, i, op);
  return all;
}
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// Runs `body` in `processes` threads that play processes, whose engines `change(options, process)` may change.
template <class Body, class Change>
auto run_changed(int processes, int peers, Body body, Change change) {
  using Values = decltype(std::declval<bsp::Engine&>().run_all(body));
  std::vector<Values> parts(static_cast<std::size_t>(processes));
  bsp_test::in_processes(processes, {.peers = peers, .workers = 1}, [&](bsp::Engine& engine, int process) {
    bsp::EngineOptions options = engine.options();
    change(options, process);
    parts[static_cast<std::size_t>(process)] = bsp::Engine(options).run_all(body);
  });
  Values all;
  for (Values& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
template <class Body>
auto run_with(Algorithm algorithm, int processes, int peers, Body body) {
  return run_changed(processes, peers, body,
                     [&](bsp::EngineOptions& options, int) { options.collectives = algorithm; });
}

/// How many supersteps an all_reduce of `size` bytes takes: which way it went.
auto supersteps_of(std::size_t size) {
  return [size](Peer& peer) -> Task<std::uint64_t> {
    std::vector<unsigned char> values(size, 1);
    co_await all_reduce(peer, std::span(values), std::plus{});
    co_return peer.superstep();
  };
}

}  // namespace

TEST_CASE("vectors cross 1 to 4 processes in one phase and in two, 1 to 17 peers, with the same bits") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{40}, std::size_t{1500}})
    for (int peers = 1; peers <= 17; ++peers) {
      const std::vector<float> sums = expected_fold(peers, size, std::plus{}),
                               woven = expected_fold(peers, size, Weave{});
      for (int processes = 2; processes <= (std::min)(peers, 4); ++processes)
        for (const Algorithm algorithm : both) {
          INFO(size << " elements, " << peers << " peers in " << processes << ", " << name(algorithm));
          auto body = [&](Peer& peer) -> Task<int> {
            std::vector<float> own(size), values;
            for (std::size_t i = 0; i < size; ++i) own[i] = rough(peer.rank(), i);
            int wrong = 0;
            values = own;
            co_await all_reduce(peer, std::span(values), std::plus{});
            wrong += !same_bits(values, sums);
            for (int root = 0; root < peer.size(); root += 3) {
              values = own;
              co_await reduce(peer, std::span(values), Weave{}, root);
              wrong += !same_bits(values, peer.rank() == root ? woven : own);
              const int from = peer.size() - 1 - root;
              values = own;
              co_await broadcast(peer, std::span(values), from);
              for (std::size_t i = 0; i < size; ++i) wrong += values[i] != rough(from, i);
            }
            const auto rounds = static_cast<std::uint64_t>((peer.size() + 2) / 3);
            wrong += peer.superstep() != (1 + 2 * rounds) * (algorithm == Algorithm::one_phase ? 3u : 4u);
            co_return wrong;
          };
          for (const int wrong : run_with(algorithm, processes, peers, body)) CHECK(wrong == 0);
        }
    }
}

TEST_CASE("parts of the peers cross too, with some processes left out and unlike shares") {
  for (const Algorithm algorithm : both) {
    INFO(name(algorithm));
    // 11 peers in 3 processes have 3, 4 and 4: those from 2 to 8 have 1, 4 and 2 of the first color; 0, 1, 9 and 10 are
    // in the first and last process only.
    auto body = [](Peer& peer) -> Task<int> {
      const bool inner = peer.rank() >= 2 && peer.rank() <= 8;
      auto team = co_await peer.split(inner ? 0 : 1);
      Peer& self = *team;
      std::vector<float> values(700), kept(700);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = kept[i] = rough(self.rank(), i);
      co_await all_reduce(self, std::span(values), Weave{});
      int wrong = !same_bits(values, expected_fold(self.size(), values.size(), Weave{}));
      for (int root = 0; root < self.size(); ++root) {
        values = kept;
        co_await reduce(self, std::span(values), std::plus{}, root);
        wrong +=
            !same_bits(values, self.rank() == root ? expected_fold(self.size(), values.size(), std::plus{}) : kept);
        values = kept;
        co_await broadcast(self, std::span(values), root);
        wrong += values[699] != rough(root, 699) || values[0] != rough(root, 0);
      }
      co_return wrong;
    };
    for (const int wrong : run_with(algorithm, 3, 11, body)) CHECK(wrong == 0);
  }
}

TEST_CASE("between processes the size decides, by the machine that is given or a typical one") {
  const bsp::Machine slow_barriers{.latency = 1e9, .gaps = {{1, 1}}}, free_barriers{.latency = 0, .gaps = {{1, 1}}};
  const auto with = [](const bsp::Machine& machine) {
    return [&machine](bsp::EngineOptions& options, int) { options.machine = machine; };
  };
  for (const int processes : {3, 4})
    for (const std::size_t size : {std::size_t{64}, std::size_t{1} << 20}) {
      INFO(processes << " processes, " << size << " bytes");
      const auto all = [](int count, std::uint64_t value) {
        return std::vector<std::uint64_t>(static_cast<std::size_t>(count), value);
      };
      CHECK(run_changed(processes, processes, supersteps_of(size), with({})) == all(processes, size == 64 ? 3 : 4));
      CHECK(run_changed(processes, processes, supersteps_of(size), with(slow_barriers)) == all(processes, 3));
      CHECK(run_changed(processes, processes, supersteps_of(size), with(free_barriers)) == all(processes, 4));
    }
  // 5 peers in 2 processes: the second one has two branches of the tree, so that even between two it pays to
  // divide.
  CHECK(run_changed(2, 5, supersteps_of(1 << 20), with({})) == std::vector<std::uint64_t>(5, 4));
  CHECK(run_changed(2, 4, supersteps_of(1 << 20), with({})) == std::vector<std::uint64_t>(4, 3));
}

TEST_CASE("processes with unlike options go the way of rank 0's") {
  const auto unlike = [](bsp::EngineOptions& options, int process) {
    if (process == 0) options.collectives = Algorithm::two_phase;
    if (process == 1) options.collectives = Algorithm::one_phase;
    if (process == 2) options.machine = {.latency = 1e9, .gaps = {{1, 1}}};
  };
  CHECK(run_changed(3, 7, supersteps_of(1000), unlike) == std::vector<std::uint64_t>(7, 4));
  const auto other = [](bsp::EngineOptions& options, int process) {
    options.machine = {.latency = process == 0 ? 1e9 : 0.0, .gaps = {{1, 1}}};
  };
  CHECK(run_changed(3, 7, supersteps_of(1 << 20), other) == std::vector<std::uint64_t>(7, 3));
}

TEST_CASE("in one process the choice changes nothing") {
  for (const Algorithm algorithm : {Algorithm::automatic, Algorithm::one_phase, Algorithm::two_phase}) {
    const bsp::Engine engine(
        {.peers = 5, .workers = 2, .executor = &bsp_test::host_threads(), .collectives = algorithm});
    CHECK(engine.run_all(supersteps_of(3000)) == std::vector<std::uint64_t>(5, 2));
  }
}

TEST_CASE("an operation that throws in another process ends the run everywhere, whichever way vectors cross") {
  for (const Algorithm algorithm : both)
    for (const bool at_root : {false, true}) {
      INFO(name(algorithm) << (at_root ? ", reduce" : ", all_reduce"));
      auto body = [at_root](Peer& peer) -> Task<int> {
        std::vector<float> values(9000, 1.0f);
        if (peer.rank() == 3) values.back() = -1;
        const auto op = [](float a, float b) { return a < 0 || b < 0 ? throw Error(Errc::parse, "negative") : a + b; };
        if (at_root)
          co_await reduce(peer, std::span(values), op, 1);
        else
          co_await all_reduce(peer, std::span(values), op);
        co_return 0;
      };
      std::atomic<int> told{0};
      bsp_test::in_processes(2, {.peers = 6, .workers = 1}, [&](bsp::Engine& engine, int) {
        bsp::EngineOptions options = engine.options();
        options.collectives = algorithm;
        try {
          bsp::Engine(options).run(body);
        } catch (const Error& error) {
          told += error.code() == Errc::parse;
        }
      });
      CHECK(told == 2);
    }
}

TEST_CASE("how many branches of the tree a process has") {
  using bsp::Placement;
  using bsp::detail::each_node_within;
  using bsp::detail::most_nodes;
  CHECK(most_nodes(Placement::even(16, 4, 0)) == 1);
  CHECK(most_nodes(Placement::even(4, 4, 0)) == 1);
  CHECK(most_nodes(Placement({0, 2, 5}, 0)) == 2);  // 2, 3 together and 4
  CHECK(most_nodes(Placement({0, 3, 3, 8}, 1)) == 2);
  for (int peers = 1; peers <= 40; ++peers)
    for (int processes = 1; processes <= peers; ++processes) {
      const Placement placement = Placement::even(peers, processes, 0);
      std::size_t most = 0;
      for (int process = 0; process < processes; ++process) {
        std::size_t nodes = 0;
        int next = placement.first(process);  // they cover its ranks, each once
        each_node_within({0, peers}, placement.first(process), placement.count(process),
                         [&](bsp::detail::TreeNode node) {
                           CHECK(node.first == next);
                           next += node.count, ++nodes;
                         });
        CHECK(next == placement.first(process) + placement.count(process));
        most = (std::max)(most, nodes);
      }
      CHECK(static_cast<std::size_t>(most_nodes(placement)) == most);
    }
}
