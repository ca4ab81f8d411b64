#include "scalar/bsp/async/stale_clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bsp/async/clock_core.hpp"
#include "bsp/everywhere.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/async/parameter_table.hpp"
#include "scalar/bsp/runs/offload.hpp"
#include "scalar/bsp/runs/team.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::run_over;
using Catch::Matchers::Contains;

namespace {

constexpr int processes_to_try[] = {1, 2, 3};

/// Keeps a thread busy for a time that differs from peer to peer and step to step, rarely for long.
void stumble(Philox& random) {
  const unsigned turns = random() % 16 == 0 ? 20000 : static_cast<unsigned>(random() % 400);
  std::atomic<unsigned> sink{0};
  for (unsigned i = 0; i < turns; ++i) sink.fetch_add(i, std::memory_order_relaxed);
}

/// How far each peer has come, seen from outside the engine.
struct Witness {
  explicit Witness(int peers) : steps(static_cast<std::size_t>(peers)) {}
  /// Peer `rank` ends its next step.
  void enter(int rank) { ++steps[static_cast<std::size_t>(rank)]; }
  /// It has gone on: how far it is ahead of the slowest.
  int lead(int rank) const {
    int slowest = steps[static_cast<std::size_t>(rank)];
    for (const std::atomic<int>& step : steps) slowest = std::min(slowest, step.load());
    return steps[static_cast<std::size_t>(rank)] - slowest;
  }
  void leave(int rank) { steps[static_cast<std::size_t>(rank)] = 1 << 30; }
  std::vector<std::atomic<int>> steps;
};

struct Seen {
  int worst_lead = 0;
  std::uint64_t worst = 0;
};

/// Peers of different diligence tick `ticks` times, and look after each whom they have left behind.
auto racing(Witness& witness, int staleness, int ticks) {
  return [&witness, staleness, ticks](Peer& peer) -> Task<Seen> {
    bsp::StaleClock clock(peer, {.staleness = staleness});
    Philox random(static_cast<std::uint64_t>(peer.rank()), 5);
    Seen seen;
    for (int i = 0; i < ticks; ++i) {
      stumble(random);
      witness.enter(peer.rank());
      co_await clock.tick();
      seen.worst_lead = std::max(seen.worst_lead, witness.lead(peer.rank()));
    }
    seen.worst = clock.worst();
    witness.leave(peer.rank());
    co_return seen;
  };
}

}  // namespace

TEST_CASE("nobody is ahead of the slowest by more than the staleness, under any schedule") {
  for (const int peers : {1, 2, 5, 40})
    for (const bsp_test::Place& place : bsp_test::places(peers))
      for (const int staleness : {0, 1, 3}) {
        INFO(place.name << ", " << peers << " peers, staleness " << staleness);
        Witness witness(peers);
        bsp::Engine engine(place.options);
        for (const Seen& seen : engine.run_all(racing(witness, staleness, 40))) {
          CHECK(seen.worst_lead <= staleness);
          CHECK(seen.worst <= static_cast<std::uint64_t>(staleness));
        }
      }
}

TEST_CASE("the staleness is not exceeded between processes either") {
  for (const int processes : {2, 3})
    for (const int staleness : {0, 2}) {
      INFO(processes << " processes, staleness " << staleness);
      Witness witness(7);
      for (const Seen& seen : run_over(processes, 7, racing(witness, staleness, 40))) {
        CHECK(seen.worst_lead <= staleness);
        CHECK(seen.worst <= static_cast<std::uint64_t>(staleness));
      }
    }
}

TEST_CASE("a peer runs ahead as far as it may, and no farther") {
  // Peer 0 does not tick before peer 1 has come as far as it can.
  std::atomic<int> reached{0};
  const auto wait = [&](auto&) {
    for (int now = reached; now < 4; now = reached) reached.wait(now);
  };
  auto body = [&](Peer& peer) -> Task<std::uint64_t> {
    bsp::StaleClock clock(peer, {.staleness = 4});
    int wrong = 0;
    if (peer.rank() == 0) {
      auto task = peer.offload(wait);
      co_await std::move(task);
      wrong = reached != 4 || clock.slowest() != 0;
    }
    for (int i = 0; i < 10; ++i) {
      if (peer.rank() == 1) reached = i, reached.notify_all();
      co_await clock.tick();
    }
    co_return wrong != 0 || clock.now() != 10 ? 100 : clock.worst();
  };
  const std::vector<std::uint64_t> worst = bsp_test::engine_of(2).run_all(body);
  CHECK(*std::max_element(worst.begin(), worst.end()) == 4);
}

TEST_CASE("without a limit nobody waits") {
  for (const int processes : processes_to_try) {
    INFO(processes << " processes");
    std::atomic<int> done{0};
    const auto wait = [&](auto&) {
      for (int now = done; now < 3; now = done) done.wait(now);
    };
    auto body = [&](Peer& peer) -> Task<int> {
      bsp::StaleClock clock(peer, {.staleness = bsp::unbounded});
      if (peer.rank() == 0) {  // the others are done before its first tick
        auto task = peer.offload(wait);
        co_await std::move(task);
      }
      for (int i = 0; i < 200; ++i) co_await clock.tick();
      ++done, done.notify_all();
      co_return static_cast<int>(clock.now());
    };
    CHECK(run_over(processes, 4, body) == std::vector<int>(4, 200));
  }
}

TEST_CASE("who returns, leaves or never comes holds nobody up") {
  for (const int processes : processes_to_try)
    for (const int staleness : {0, 2}) {
      INFO(processes << " processes, staleness " << staleness);
      auto body = [&](Peer& peer) -> Task<int> {
        if (peer.rank() == 4) co_return 0;  // never makes one
        int ticks = 0;
        {
          bsp::StaleClock clock(peer, {.staleness = staleness});
          for (; ticks < 5 * (peer.rank() + 1); ++ticks) co_await clock.tick();
        }
        bsp::StaleClock second(peer, {.staleness = staleness});
        for (int i = 0; i < 3; ++i, ++ticks) co_await second.tick();
        co_return ticks;
      };
      CHECK(run_over(processes, 6, body) == std::vector<int>{8, 13, 18, 23, 0, 33});
    }
}

TEST_CASE("clocks, mailboxes and barriers go together, in teams too") {
  for (const int processes : processes_to_try) {
    INFO(processes << " processes");
    auto body = [](Peer& peer) -> Task<int> {
      auto box = peer.mailbox<int>();
      bsp::StaleClock clock(peer, {.staleness = 1});
      for (int i = 0; i < 5; ++i) co_await clock.tick();
      box.send(peer.right(), peer.rank());
      co_await peer.sync();
      int wrong = box.received().size() != 1;
      auto team = co_await peer.split(peer.rank() % 2);
      {
        bsp::StaleClock ours(*team, {.staleness = 0});
        for (int i = 0; i < 3 + 4 * (peer.rank() % 2); ++i) {
          co_await ours.tick();
          wrong += ours.slowest() != static_cast<std::uint64_t>(i + 1);
        }
      }
      for (int i = 0; i < 5; ++i) co_await clock.tick();
      co_return wrong + static_cast<int>(co_await all_reduce(peer, 1, std::plus{})) - peer.size();
    };
    CHECK(run_over(processes, 6, body) == std::vector<int>(6, 0));
  }
}

TEST_CASE("a failure releases everyone who waits") {
  for (const int failing : {0, 3}) {
    std::atomic<int> aborted{0};
    auto body = [&](Peer& peer) -> Task<> {
      bsp::StaleClock clock(peer);
      try {
        for (int i = 0; i < 10; ++i) {
          if (i == 5 && peer.rank() == failing) throw Error(Errc::invalid_argument, "a bad step", "test");
          co_await clock.tick();
        }
        co_await peer.sync();
      } catch (const bsp::Aborted& error) {
        aborted += std::string(error.what()).find("a bad step") != std::string::npos;
        throw;
      }
    };
    for (const int processes : processes_to_try) {
      INFO(processes << " processes");
      aborted = 0;
      try {
        run_over(processes, 6, [&](Peer& peer) -> Task<int> {
          auto task = body(peer);
          co_await std::move(task);
          co_return 0;
        });
        FAIL("no error");
      } catch (const Error& error) {
        CHECK(std::string(error.what()).find("a bad step") != std::string::npos);
      }
      CHECK(aborted == 5);
    }
  }
}

TEST_CASE("a peer that catches what tick throws is not run for ever") {
  auto body = [](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer);
    if (peer.rank() == 1) throw std::runtime_error("no luck");
    for (;;) try {
        co_await clock.tick();
      } catch (const bsp::Aborted&) {
      }
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(3).run(body), "no luck");
}

TEST_CASE("a lost process releases those who wait for it") {
  auto board = std::make_shared<bsp_test::Switchboard>(2);
  auto transport = std::make_shared<bsp_test::Loopback>(board, 0);
  bsp_test::Loopback other(board, 1);
  std::atomic<bool> has_died{false};
  auto body = [&](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer);
    if (!has_died.exchange(true)) other.die();
    for (;;) co_await clock.tick();
  };
  bsp::EngineOptions options = bsp_test::engine_of(4).options();
  options.transport = transport;
  bsp::Engine engine(options);
  CHECK_THROWS_WITH(engine.run(body), Contains("process 1"));
}

TEST_CASE("frames that are none end the run with an error, whatever is wrong with them") {
  using bsp::detail::ClockHead;
  using bsp::detail::PushHead;
  constexpr std::uint64_t run = (std::uint64_t{1} << 32) + 1;  // the first run of epoch 1
  const std::uint64_t port = bsp::detail::spelling_hash("clock 0 of world " + std::to_string(run));
  struct Frame {
    ClockHead head;
    PushHead push;
    std::uint64_t row = 0;
    double value = 1;
  };
  const Frame good{{{run, 0, port}, sizeof(Frame), 1, 1, 0},
                   {1, 2, 0, bsp::detail::spelling_of<double>(), 1, 1, sizeof(double), 0}};
  const auto error_of = [&](const Frame& frame, std::size_t bytes = sizeof(Frame)) {
    auto board = std::make_shared<bsp_test::Switchboard>(2);
    bsp_test::Loopback other(board, 1);
    const std::span<const std::byte> part = std::as_bytes(std::span(&frame, 1)).first(bytes);
    other.send(0, std::span(&part, 1), nullptr);
    bsp::EngineOptions options = bsp_test::engine_of(4).options();
    options.transport = std::make_shared<bsp_test::Loopback>(board, 0);
    bsp::Engine engine(options);
    auto body = [&](Peer& peer) -> Task<> {
      bsp::StaleClock clock(peer);
      bsp::ParameterTable<double> table(clock, 1, 1);
      co_await clock.tick();
      if (table.values()[0] == 1) throw std::runtime_error("it was good");
      co_await clock.tick();
    };
    try {
      engine.run(body);
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(error_of(good) == "it was good");
  const auto with = [&](auto change) {
    Frame frame = good;
    change(frame);
    return error_of(frame);
  };
  const std::uint64_t huge = std::uint64_t{1} << 63;
  CHECK_THAT(error_of(good, sizeof(ClockHead) - 1), Contains("it has 55 bytes"));
  CHECK_THAT(error_of(good, sizeof(Frame) - 1), Contains("its length is 128, but 127 bytes have come"));
  CHECK_THAT(with([&](Frame& frame) { frame.head.bytes = huge; }), Contains("its length is 9223372036854775808"));
  CHECK_THAT(with([&](Frame& frame) { frame.head.pushes = huge; }), Contains("pushes is 1, expected at most 0"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.rows = huge; }), Contains("rows is 9223372036854775808"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.rows = ~std::uint64_t{0}; }), Contains("rows is"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.value_bytes = ~std::uint64_t{0}; }), Contains("value bytes is"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.value_bytes = 7; }), Contains("7 bytes"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.rank = 0; }), Contains("a push is of peer 0"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.rank = -1; }), Contains("a push is of peer -1"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.clock = 0; }), Contains("at tick 0"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.table = 1; }), Contains("table 1, but here are 1 tables"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.type = 0; }), Contains("elements of another type"));
  CHECK_THAT(with([&](Frame& frame) { frame.push.width = 3; }), Contains("rows of 3 elements"));
  CHECK_THAT(with([&](Frame& frame) { frame.row = 1; }), Contains("row 1"));
  CHECK_THAT(with([&](Frame& frame) { frame.head.staleness = 2; }), Contains("the staleness is 2 there, but 0 here"));
}

TEST_CASE("peers at a barrier and at a clock that wait for each other are told so, across processes by the deadline") {
  auto body = [](Peer& peer) -> Task<int> {
    bsp::StaleClock clock(peer);
    if (peer.rank() == 0) co_await peer.sync();
    co_await clock.tick();
    if (peer.rank() != 0) co_await peer.sync();
    co_return 0;
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(3).run(body), Contains("peers wait for each other for ever: peer 1"));
  bsp::EngineOptions options = bsp_test::engine_of(3).options();
  options.superstep_deadline = std::chrono::milliseconds(50);
  std::atomic<int> ended{0};
  bsp_test::in_processes(2, options, [&](bsp::Engine& engine, int) {
    try {
      engine.run(body);
    } catch (const Error& error) {
      ended += error.code() == Errc::deadline_exceeded;
    }
  });
  CHECK(ended == 2);
}

TEST_CASE("what peers disagree about is said") {
  auto negative = [](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer, {.staleness = -1});
    co_await clock.tick();
  };
  CHECK(bsp_test::error_everywhere(2, negative) == "bsp peer 0: clock: the staleness is -1, expected 0 or more");
  auto different = [](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer, {.staleness = peer.rank()});
    for (int i = 0; i < 10; ++i) co_await clock.tick();
  };
  for (const int processes : {1, 2}) {
    INFO(processes);
    CHECK_THROWS_WITH(run_over(processes, 2,
                               [&](Peer& peer) -> Task<int> {
                                 auto task = different(peer);
                                 co_await std::move(task);
                                 co_return 0;
                               }),
                      Contains("clock: the staleness is"));
  }
  auto mixed = [](Peer& peer) -> Task<> {
    if (peer.rank() == 0) {
      bsp::StaleClock clock(peer);
      co_await clock.tick();
    } else {
      auto box = peer.mailbox<int>();
      co_await peer.sync();
    }
  };
  CHECK_THROWS_WITH(bsp_test::engine_of(2).run(mixed), Contains("Mailbox"));
}
