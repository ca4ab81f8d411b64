#include "scalar/bsp/async/parameter_table.hpp"

#include <atomic>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/bsp/collectives/span_collectives.hpp"
#include "scalar/bsp/runs/offload.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::run_over;

namespace {

constexpr int processes_to_try[] = {1, 2, 3};

/// A gradient whose rounding errors show the order in which things were added.
void gradient_of(std::span<const float> weights, int rank, int step, std::vector<float>& out) {
  Philox random(static_cast<std::uint64_t>(rank * 1000 + step), 7);
  out.resize(weights.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = (0.1f + static_cast<float>(random() % 1000)) * (weights[i] * 0.37f - 1.0f) * 1e-4f;
}

std::uint64_t bits_of(std::span<const float> values) {
  std::uint64_t hash = 0;
  for (const float value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3u;
  }
  return hash;
}

/// Gradient descent as a BSP program writes it.
auto with_all_reduce(std::size_t size, int steps) {
  return [size, steps](Peer& peer) -> Task<std::uint64_t> {
    std::vector<float> weights(size, 0.5f), gradient;
    for (int step = 0; step < steps; ++step) {
      gradient_of(weights, peer.rank(), step, gradient);
      auto reduce = all_reduce(peer, std::span(gradient), std::plus{});
      co_await std::move(reduce);
      for (std::size_t i = 0; i < size; ++i) weights[i] += gradient[i];
    }
    co_return bits_of(weights);
  };
}

/// The same over a table. `sparse` pushes row by row, backwards.
auto with_table(std::size_t rows, std::size_t width, int steps, bool sparse) {
  return [=](Peer& peer) -> Task<std::uint64_t> {
    const std::vector<float> initial(rows * width, 0.5f);
    bsp::StaleClock clock(peer);
    bsp::ParameterTable<float> table(clock, rows, width, {.initial = initial});
    std::vector<float> gradient;
    for (int step = 0; step < steps; ++step) {
      gradient_of(table.values(), peer.rank(), step, gradient);
      if (sparse)
        for (std::size_t row = rows; row-- > 0;) table.push(row, std::span(gradient).subspan(row * width, width));
      else
        table.push_all(gradient);
      co_await clock.tick();
    }
    co_return bits_of(table.values());
  };
}

/// What `rank` adds in its step `step`: a few rows of 16, some of them twice.
struct Delta {
  std::size_t row;
  std::int64_t value;
};
std::vector<Delta> deltas_of(int rank, int step) {
  Philox random(static_cast<std::uint64_t>(rank * 1000 + step), 11);
  std::vector<Delta> all(random() % 5);
  for (Delta& delta : all) delta = {random() % 16, static_cast<std::int64_t>(random() % 1000)};
  return all;
}

/// The table of all ranks' steps before `steps`.
std::vector<std::int64_t> sum_of_steps(int peers, int steps) {
  std::vector<std::int64_t> sums(16);
  for (int rank = 0; rank < peers; ++rank)
    for (int step = 0; step < steps; ++step)
      for (const Delta& delta : deltas_of(rank, step)) sums[delta.row] += delta.value;
  return sums;
}

bool equal(std::span<const std::int64_t> a, const std::vector<std::int64_t>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

TEST_CASE("staleness 0 is the BSP program, bit for bit, for any number of peers and processes") {
  for (const int peers : {1, 2, 3, 4, 7, 12}) {
    const std::vector<std::uint64_t> expected = bsp_test::engine_of(peers).run_all(with_all_reduce(1500, 8));
    for (const int processes : processes_to_try) {
      if (processes > peers) continue;
      INFO(peers << " peers in " << processes << " processes");
      CHECK(run_over(processes, peers, with_table(1, 1500, 8, false)) == expected);
      CHECK(run_over(processes, peers, with_table(1500, 1, 8, false)) == expected);
      CHECK(run_over(processes, peers, with_table(100, 15, 8, true)) == expected);
      CHECK(run_over(processes, peers, with_table(2, 750, 8, true)) == expected);
    }
  }
}

TEST_CASE("the same bits under any schedule") {
  for (const bsp_test::Place& place : bsp_test::places(9)) {
    INFO(place.name);
    bsp::Engine engine(place.options);
    CHECK(engine.run_all(with_table(10, 150, 10, true)) == engine.run_all(with_all_reduce(1500, 10)));
  }
}

TEST_CASE("with a staleness a peer sees a complete prefix, at least as new as promised") {
  for (const int processes : processes_to_try)
    for (const int staleness : {0, 1, 3, 100})
      for (const int peers : {3, 8}) {
        INFO(processes << " processes, staleness " << staleness << ", " << peers << " peers");
        auto body = [&](Peer& peer) -> Task<int> {
          bsp::StaleClock clock(peer, {.staleness = staleness});
          bsp::ParameterTable<std::int64_t> table(clock, 16, 1);
          int wrong = 0;
          for (int step = 0; step < 60; ++step) {
            const std::span<const std::int64_t> before = table.values();
            const int version = static_cast<int>(table.version());
            wrong += version < step - staleness || version > step + staleness + 1;
            wrong += !equal(before, sum_of_steps(peers, version));
            for (const Delta& delta : deltas_of(peer.rank(), step)) table.push(delta.row, delta.value);
            wrong += !equal(before, sum_of_steps(peers, version));  // nothing shows up before the tick
            co_await clock.tick();
          }
          co_return wrong;
        };
        CHECK(run_over(processes, peers, body) == std::vector<int>(static_cast<std::size_t>(peers), 0));
      }
}

TEST_CASE("without a limit every update arrives once") {
  for (const int processes : processes_to_try) {
    INFO(processes << " processes");
    auto body = [](Peer& peer) -> Task<int> {
      bsp::StaleClock clock(peer, {.staleness = bsp::unbounded});
      bsp::ParameterTable<std::int64_t> table(clock, 16, 1);
      int wrong = 0;
      std::uint64_t version = 0;
      for (int step = 0; step < 50; ++step) {
        for (const Delta& delta : deltas_of(peer.rank(), step)) table.push(delta.row, delta.value);
        co_await clock.tick();
        wrong += table.version() < version;
        version = table.version();
      }
      co_await peer.sync();  // all have ticked for the last time, but what they sent may be under way
      const std::vector<std::int64_t> all = sum_of_steps(peer.size(), 50);
      for (int i = 0; i < 100000 && !equal(table.values(), all); ++i) co_await clock.tick();
      wrong += !equal(table.values(), all);
      co_await peer.sync();
      co_return wrong;
    };
    CHECK(run_over(processes, 5, body) == std::vector<int>(5, 0));
  }
}

TEST_CASE("a peer can read its own writes at once") {
  for (const int processes : processes_to_try)
    for (const int staleness : {0, 2, 50}) {
      INFO(processes << " processes, staleness " << staleness);
      auto body = [&](Peer& peer) -> Task<int> {
        bsp::StaleClock clock(peer, {.staleness = staleness});
        bsp::ParameterTable<std::int64_t> table(clock, 16, 1, {.read_my_writes = true});
        int wrong = 0;
        for (int step = 0; step < 40; ++step) {
          for (const Delta& delta : deltas_of(peer.rank(), step)) table.push(delta.row, delta.value);
          if (step % 7 == 3) table.push_all(std::vector<std::int64_t>(16, 0));
          const int version = static_cast<int>(table.version());
          std::vector<std::int64_t> expected = sum_of_steps(peer.size(), version);
          for (int mine = version; mine <= step; ++mine)
            for (const Delta& delta : deltas_of(peer.rank(), mine)) expected[delta.row] += delta.value;
          wrong += !equal(table.values(), expected);
          co_await clock.tick();
        }
        co_return wrong;
      };
      CHECK(run_over(processes, 4, body) == std::vector<int>(4, 0));
    }
}

TEST_CASE("pushes of one step add up in their order, dense and sparse") {
  auto body = [](Peer& peer) -> Task<int> {
    bsp::StaleClock clock(peer);
    bsp::ParameterTable<float> table(clock, 3, 2);
    bsp::ParameterTable<int> other(clock, 4, 1);
    const std::vector<float> ones(6, 1.0f), row{0.25f, 1e-8f};
    table.push(2, row);
    table.push_all(ones);
    table.push(2, row);
    table.push(0, row);
    for (int i = 0; i < 1000; ++i) other.push(3, i);  // more than there are rows
    other.push(1, -1);
    co_await clock.tick();
    // In floats: 1e-8 + 1 is 1.
    const std::vector<float> expected{1.25f, 1.0f, 1.0f, 1.0f, 1.5f, 1.0f};
    int wrong = !std::equal(table.values().begin(), table.values().end(), expected.begin());
    wrong += table.pull(2)[0] != 1.5f || table.pull(2).size() != 2;
    wrong += other.pull(3)[0] != 499500 || other.pull(1)[0] != -1 || other.pull(0)[0] != 0;
    wrong += table.version() != 1 || table.rows() != 3 || table.width() != 2;
    co_await clock.tick();  // without pushes
    wrong += table.version() != 2 || table.pull(2)[0] != 1.5f;
    co_return wrong;
  };
  CHECK(bsp_test::engine_of(1).run(body) == 0);
}

TEST_CASE("spans stay as they are until the next tick, whatever others do") {
  std::atomic<bool> others_done{false};
  const auto wait = [&](auto&) { others_done.wait(false); };
  auto body = [&](Peer& peer) -> Task<int> {
    bsp::StaleClock clock(peer, {.staleness = 20});
    bsp::ParameterTable<std::int64_t> table(clock, 64, 8);
    const std::vector<std::int64_t> ones(512, 1);
    const std::span<const std::int64_t> before = table.values();
    if (peer.rank() == 0) {
      auto task = peer.offload(wait);
      co_await std::move(task);
      const int wrong = std::accumulate(before.begin(), before.end(), std::int64_t{0}) != 0;
      for (int i = 0; i < 20; ++i) co_await clock.tick();
      co_return wrong;
    }
    for (int i = 0; i < 20; ++i) {
      table.push_all(ones);
      co_await clock.tick();
    }
    others_done = true, others_done.notify_all();
    co_return 0;
  };
  CHECK(bsp_test::engine_of(2).run_all(body) == std::vector<int>{0, 0});
}

TEST_CASE("bad use of a table is an error that says what was expected") {
  const auto error_of = [](int peers, auto use) {
    auto body = [use](Peer& peer) -> Task<> {
      bsp::StaleClock clock(peer);
      use(peer, clock);
      co_await clock.tick();
      use(peer, clock);
    };
    try {
      bsp_test::engine_of(peers).run(body);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) { bsp::ParameterTable<int>(clock, 3, 2).pull(3); }) ==
        "bsp::ParameterTable 0 peer 0: row 3, but there are 3");
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) { bsp::ParameterTable<int>(clock, 3, 2).push(0, 1); }) ==
        "bsp::ParameterTable 0 peer 0: a push of 1 elements to a row of 2");
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) { bsp::ParameterTable<int>(clock, 3, 2).push_all({}); }) ==
        "bsp::ParameterTable 0 peer 0: a push of 0 elements to all of 3 x 2");
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) { bsp::ParameterTable<int> table(clock, 3, 2); }) ==
        "bsp::ParameterTable peer 0: a table is made before the clock's first tick; this one has ticked 1 times");
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) {
          bsp::ParameterTable<int> table(clock, std::size_t{1} << 40, std::size_t{1} << 40);
        }).find("there is no memory for") != std::string::npos);
  CHECK(error_of(1, [](Peer&, bsp::StaleClock& clock) {
          bsp::ParameterTable<int> table(clock, 3, 2, {.initial = std::vector<int>(5)});
        }) == "bsp::ParameterTable peer 0: 5 initial values, expected 3 x 2");
  CHECK(error_of(2, [](Peer& peer, bsp::StaleClock& clock) {
          if (clock.now() != 0) return;  // peer 0 may get so far before it is told
          bsp::ParameterTable<int> table(clock, 3, 2 + static_cast<std::size_t>(peer.rank()));
        }).find("on another peer") != std::string::npos);
}

TEST_CASE("tables that differ between processes are found out") {
  for (const int staleness : {0, 1, bsp::unbounded}) {
    auto body = [&](Peer& peer) -> Task<int> {
      bsp::StaleClock clock(peer, {.staleness = staleness});
      bsp::ParameterTable<int> table(clock, 3 + static_cast<std::size_t>(peer.rank()), 1);
      for (int i = 0; i < 5; ++i) {
        table.push(table.rows() - 1, 1);
        co_await clock.tick();
      }
      co_await peer.sync();
      co_await clock.tick();
      co_return 0;
    };
    CHECK_THROWS_WITH(run_over(2, 2, body), Catch::Matchers::Contains("peer 1 has pushed row 3 to a table of 3 x 1"));
  }
}
