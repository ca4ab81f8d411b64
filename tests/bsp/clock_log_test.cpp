#include "scalar/bsp/async/clock_log.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/async/parameter_table.hpp"
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/bsp/runs/offload.hpp"
#include "scalar/bsp/runs/team.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using bsp::ClockLog;
using bsp::Peer;
using bsp::Task;
using Catch::Matchers::Contains;

namespace {

constexpr int peers = 4, steps = 24;

/// Lets a test decide how far peers may come: who is held waits until it is told to go on.
class Gates {
 public:
  explicit Gates(std::vector<int> open) : open_(open.begin(), open.end()) {}
  void wait(int rank, int step) {
    std::atomic<int>& open = open_[static_cast<std::size_t>(rank)];
    for (int now = open; now < step; now = open) open.wait(now);
  }
  void open(int rank, int step) {
    open_[static_cast<std::size_t>(rank)] = step;
    open_[static_cast<std::size_t>(rank)].notify_all();
  }

 private:
  std::vector<std::atomic<int>> open_;
};

/// Descends along a made gradient, in which rounding shows the order of additions and the age of the weights, and tells
/// all that it has seen.
struct Descent {
  bsp::StaleClockOptions options;
  bool read_my_writes = false;
  Gates* gates = nullptr;  ///< of the runs that are recorded: peer 0 is a step behind peer 1 where it may be
  int throw_at = -1;       ///< the step at which peer 2 throws
  int sync_at = -1;        ///< the step at which peer 2 waits at a barrier to which nobody comes

  Task<std::uint64_t> operator()(Peer& peer) const {
    bsp::StaleClock clock(peer, options);
    bsp::ParameterTable<float> weights(clock, 3, 16, {.read_my_writes = read_my_writes});
    bsp::ParameterTable<double> bias(clock, 1, 1);
    Hasher seen;
    std::vector<float> change(16);
    for (int step = 0; step < steps; ++step) {
      if (gates != nullptr) {
        if (peer.rank() == 0) {
          const auto hold = [this, step](auto&) { gates->wait(0, step); };
          auto task = peer.offload(hold);
          co_await std::move(task);
        }
        if (peer.rank() == 1) gates->open(0, options.staleness == 0 ? step : step - 1);
      }
      if (step == throw_at && peer.rank() == 2) throw std::runtime_error("a bad step");
      if (step == sync_at && peer.rank() == 2) co_await peer.sync();
      seen.add(std::as_bytes(weights.values())).add(std::as_bytes(bias.values()));
      seen.add(weights.version());
      Philox random(static_cast<std::uint64_t>(peer.rank() * 1000 + step), 7);
      for (std::size_t row = 0; row < 3; ++row) {
        const std::span<const float> now = weights.pull(row);
        for (std::size_t i = 0; i < 16; ++i)
          change[i] = (0.1f + static_cast<float>(random() % 1000)) * (now[i] * 0.37f - 1.0f) * 1e-4f;
        if (random() % 4 != 0) weights.push(row, change);
      }
      if (random() % 2 == 0) bias.push(0, 1.0 / (3.0 + weights.pull(0)[0]));
      co_await clock.tick();
    }
    if (gates != nullptr && peer.rank() == 1) gates->open(0, steps);
    seen.add(std::as_bytes(weights.values()));
    co_return seen.digest().low;
  }
};

/// A run in which peer 0 is always behind, so that the others see old versions.
std::vector<std::uint64_t> record(ClockLog& log, int staleness, bool read_my_writes = false) {
  Gates gates(std::vector<int>(peers, -1));
  bsp::Engine engine({.peers = peers, .workers = 2, .executor = &bsp_test::host_threads()});
  return engine.run_all(Descent{{staleness, &log}, read_my_writes, &gates});
}

std::vector<std::uint64_t> replay(const ClockLog& log, const bsp::EngineOptions& options, bool read_my_writes = false) {
  bsp::Engine engine(options);
  return engine.run_all(Descent{{log.staleness(), nullptr, &log}, read_my_writes});
}

/// What the peers of a run over several processes return; each has a log of its own.
std::vector<std::uint64_t> replay_over(int processes, const std::vector<ClockLog>& logs) {
  std::vector<std::vector<std::uint64_t>> parts(static_cast<std::size_t>(processes));
  bsp_test::in_processes(processes, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int process) {
    const auto index = static_cast<std::size_t>(process);
    const ClockLog& log = logs[std::min(index, logs.size() - 1)];
    parts[index] = engine.run_all(Descent{{log.staleness(), nullptr, &log}});
  });
  std::vector<std::uint64_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

template <class Body>
std::string error_of(Body body, int count = peers) {
  try {
    bsp_test::engine_of(count).run(body);
  } catch (const Error& error) {
    return std::string(name(error.code())) + " " + error.what();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of_bytes(std::span<const std::byte> bytes) {
  try {
    (void)ClockLog::from(bytes);
  } catch (const Error& error) {
    return std::string(name(error.code())) + " " + error.what();
  }
  return "no error";
}

/// With a checksum that is right again.
std::vector<std::byte> sealed(std::vector<std::byte> bytes) {
  bytes.resize(bytes.size() - sizeof(Hash128));
  const std::uint64_t length = bytes.size() - 16;
  std::memcpy(bytes.data() + 8, &length, sizeof length);
  const Hash128 hash = hash128(bytes);
  const auto* from = reinterpret_cast<const std::byte*>(&hash);
  bytes.insert(bytes.end(), from, from + sizeof hash);
  return bytes;
}

constexpr int stalenesses[] = {0, 1, 3, 1000, bsp::unbounded};

}  // namespace

TEST_CASE("a recorded run is had again, bit for bit, under any schedule") {
  for (const int staleness : stalenesses)
    for (const bool read_my_writes : {false, true}) {
      ClockLog log;
      const std::vector<std::uint64_t> seen = record(log, staleness, read_my_writes);
      CHECK(log.peers() == peers);
      CHECK(log.staleness() == staleness);
      for (int rank = 0; rank < peers; ++rank) CHECK(log.versions(rank).size() == steps);
      for (const bsp_test::Place& place : bsp_test::places(peers)) {
        INFO("staleness " << staleness << ", " << place.name);
        CHECK(replay(log, place.options, read_my_writes) == seen);
      }
    }
}

TEST_CASE("what is had again is that run and no other") {
  // One worker without anything that holds peers up gives another interleaving than gates do.
  for (const int staleness : {3, bsp::unbounded}) {
    INFO("staleness " << staleness);
    ClockLog held, free;
    const std::vector<std::uint64_t> seen = record(held, staleness);
    bsp::Engine alone({.peers = peers, .workers = 1});
    const std::vector<std::uint64_t> others = alone.run_all(Descent{{staleness, &free}});
    REQUIRE(seen != others);
    CHECK_FALSE(held == free);
    CHECK(replay(free, bsp_test::engine_of(peers).options()) == others);
    CHECK(replay(held, alone.options()) == seen);
    CHECK(seen != alone.run_all(Descent{{0}}));  // nor is it the BSP program
  }
}

TEST_CASE("a run over processes is had again, over as many, in one, and over others") {
  for (const int staleness : stalenesses) {
    INFO("staleness " << staleness);
    std::vector<ClockLog> logs(2);
    std::vector<std::vector<std::uint64_t>> parts(2);
    Gates gates(std::vector<int>(peers, -1));
    bsp_test::in_processes(2, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int process) {
      const auto index = static_cast<std::size_t>(process);
      parts[index] = engine.run_all(Descent{{staleness, &logs[index]}, false, &gates});
    });
    std::vector<std::uint64_t> seen = parts[0];
    seen.insert(seen.end(), parts[1].begin(), parts[1].end());
    CHECK(logs[0].versions(3).empty());
    CHECK(logs[1].versions(3).size() == steps);
    CHECK(replay_over(2, logs) == seen);
    ClockLog all;
    all.add(logs[1]), all.add(logs[0]);
    all = ClockLog::from(all.bytes());
    for (const int processes : {2, 3, 4}) CHECK(replay_over(processes, {all}) == seen);
    CHECK(replay(all, bsp_test::engine_of(peers).options()) == seen);
    CHECK(replay(all, {.peers = peers, .workers = 1}) == seen);
    // And one process's record over several.
    ClockLog one;
    const std::vector<std::uint64_t> alone = record(one, staleness);
    CHECK(replay_over(3, {one}) == alone);
  }
}

TEST_CASE("peers that leave, never come or form teams are had again") {
  const auto body = [](std::vector<ClockLog>* logs, bool replays) {
    return [logs, replays](Peer& peer) -> Task<std::uint64_t> {
      Hasher seen;
      auto team = co_await peer.split(peer.rank() % 2);
      ClockLog* const log = &(*logs)[static_cast<std::size_t>(peer.rank() % 2)];
      if (team->rank() == 2) co_return 0;  // never comes
      {
        bsp::StaleClock clock(*team, {2, replays ? nullptr : log, replays ? log : nullptr});
        bsp::ParameterTable<std::int64_t> table(clock, 1, 1);
        for (int i = 0; i < 10 + 5 * peer.rank(); ++i) {
          table.push(0, (i + 1) * (peer.rank() + 1) + table.pull(0)[0] % 7);
          co_await clock.tick();
          seen.add(table.version()).add(static_cast<std::uint64_t>(table.pull(0)[0]));
        }
      }
      co_await peer.sync();
      co_return seen.digest().low;
    };
  };
  std::vector<ClockLog> logs(2);
  const std::vector<std::uint64_t> seen = bsp_test::engine_of(6).run_all(body(&logs, false));
  for (const bsp_test::Place& place : bsp_test::places(6)) {
    INFO(place.name);
    CHECK(bsp::Engine(place.options).run_all(body(&logs, true)) == seen);
  }
}

TEST_CASE("a run that failed leaves a log with which it fails again") {
  for (const int staleness : {0, 3, bsp::unbounded}) {
    INFO("staleness " << staleness);
    ClockLog log;
    CHECK(error_of(Descent{{staleness, &log}, false, nullptr, 11}) == "a bad step");
    log = ClockLog::from(log.bytes());
    CHECK(log.versions(2).size() == 11);
    for (int i = 0; i < 3; ++i)
      CHECK(error_of(Descent{{staleness, nullptr, &log}, false, nullptr, 11}) == "a bad step");
    for (const int processes : {2, 4}) {
      std::atomic<int> ended{0};
      bsp_test::in_processes(processes, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int) {
        try {
          engine.run(Descent{{staleness, nullptr, &log}, false, nullptr, 11});
        } catch (const std::exception& error) {
          ended += std::string(error.what()).find("a bad step") != std::string::npos;
        }
      });
      CHECK(ended == processes);
    }
    // Without the error the run diverges: others may have gone on a little without peer 2.
    CHECK_THAT(error_of(Descent{{staleness, nullptr, &log}}),
               Contains("invalid_argument bsp::StaleClock replay: peer "));
  }
}

TEST_CASE("a run that does not fail again comes to the end of its record, and is told so") {
  for (const int staleness : {0, 3}) {
    INFO("staleness " << staleness);
    ClockLog log;
    const std::string stuck = error_of(Descent{{staleness, &log}, false, nullptr, -1, 11});
    CHECK_THAT(stuck, Contains("peers wait for each other for ever"));
    for (const int rank : {0, 1, 2, 3})
      CHECK(log.versions(rank).size() == static_cast<std::size_t>(rank == 2 ? 11 : 11 + staleness));
    CHECK(error_of(Descent{{staleness, nullptr, &log}, false, nullptr, -1, 11}) == stuck);
    // Whoever is resumed first tells it.
    CHECK_THAT(error_of(Descent{{staleness, nullptr, &log}}),
               Contains("invalid_argument bsp::StaleClock replay: peer ") &&
                   Contains(": its record ends here, since the recorded run failed, but this run has not failed"));
    for (const int processes : {2, 3, 4}) {
      std::atomic<int> told{0};
      bsp_test::in_processes(processes, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int) {
        try {
          engine.run(Descent{{staleness, nullptr, &log}});
        } catch (const Error& error) {
          told += std::string(error.what()).find("its record ends here") != std::string::npos;
        }
      });
      CHECK(told == processes);
    }
  }
}

TEST_CASE("a replay of another program is an error that names the peer and the tick") {
  struct Change {
    int ticks = 10, odd_at = -1;
    std::size_t rows = 4, tables = 1;
    double initial = 0;
    int staleness = 2;
  };
  const auto body = [](const bsp::StaleClockOptions& options, Change change) {
    return [options, change](Peer& peer) -> Task<> {
      const bool is_odd = peer.rank() == 1;
      bsp::StaleClock clock(peer, options);
      const std::vector<double> initial(change.rows, change.initial);
      std::vector<std::unique_ptr<bsp::ParameterTable<double>>> tables;
      for (std::size_t i = 0; i < change.tables; ++i)
        tables.push_back(std::make_unique<bsp::ParameterTable<double>>(
            clock, change.rows, 1, bsp::ParameterTableOptions<double>{.initial = initial}));
      for (int i = 0; i < (is_odd ? change.ticks : 10); ++i) {
        if (!tables.empty()) tables[0]->push(0, i == change.odd_at && is_odd ? 2.0 : 1.0);
        co_await clock.tick();
      }
    };
  };
  for (const int staleness : {0, 2, bsp::unbounded}) {
    INFO("staleness " << staleness);
    ClockLog log;
    REQUIRE(error_of(body({staleness, &log}, {})) == "no error");
    const auto error = [&](const Change& change, int count = peers) {
      return error_of(body({staleness, nullptr, &log}, change), count);
    };
    CHECK(error({}) == "no error");
    const std::string at = "invalid_argument bsp::StaleClock replay: peer ";
    CHECK(error({.ticks = 11}) == at + "1 tick 10: it ticks once more, but in the recorded run it left after 10 ticks");
    CHECK(error({.ticks = 7}) == at + "1 tick 7: it leaves, but in the recorded run it ticked 10 times");
    CHECK(error({.odd_at = 5}) == at + "1 tick 5: what it has pushed for its next tick is not what was recorded");
    CHECK_THAT(error({.rows = 5}),
               Contains("its table 0 is 5 x 1 elements of 8 bytes, but recorded are 4 x 1 elements of 8 bytes"));
    CHECK_THAT(error({.initial = 1}), Contains("with other initial values"));
    CHECK_THAT(error({.tables = 2}), Contains("it makes table 1, but recorded are 1"));
    CHECK_THAT(error({.tables = 0}), Contains("tick 0: it has made 0 tables, but recorded are 1"));
    CHECK_THAT(error({}, 3), Contains("the log is of 4 peers with staleness"));
    CHECK_THAT(error_of(body({1, nullptr, &log}, {})), Contains("but here are 4 with 1"));
    for (const int ticks : {7, 11}) {
      std::atomic<int> told{0};
      bsp_test::in_processes(2, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int) {
        try {
          engine.run(body({staleness, nullptr, &log}, {.ticks = ticks}));
        } catch (const Error& failure) {
          told += std::string(failure.what()).find("peer 1 tick " + std::to_string(std::min(ticks, 10))) !=
                  std::string::npos;
        }
      });
      CHECK(told == 2);
    }
  }
}

TEST_CASE("logs that are used in a wrong way are refused") {
  ClockLog log, other;
  const auto two_clocks = [&](Peer& peer) -> Task<> {
    bsp::StaleClock first(peer, {0, &log}), second(peer, {0, &log});
    co_await first.tick();
  };
  CHECK_THAT(error_of(two_clocks), Contains("another clock records into this log; each needs one of its own"));
  REQUIRE(error_of([&](Peer& peer) -> Task<> {
            bsp::StaleClock clock(peer, {0, &other});
            co_await clock.tick();
          }) == "no error");
  const auto replay_and_record = [&](Peer& peer) -> Task<> {
    bsp::StaleClock first(peer, {0, nullptr, &other}), second(peer, {0, &other});
    co_await first.tick();
  };
  CHECK_THAT(error_of(replay_and_record), Contains("a clock replays this log; each needs one of its own"));
  const auto record_and_replay = [&](Peer& peer) -> Task<> {
    bsp::StaleClock first(peer, {0, &other}), second(peer, {0, nullptr, &other});
    co_await first.tick();
  };
  CHECK_THAT(error_of(record_and_replay), Contains("a clock records into this log, which cannot be replayed yet"));
  const auto one_after_another = [&](Peer& peer) -> Task<> {
    for (int i = 1; i < 3; ++i) {
      bsp::StaleClock clock(peer, {0, i == 1 ? &log : &other});
      for (int tick = 0; tick < i; ++tick) co_await clock.tick();
    }
  };
  CHECK(error_of(one_after_another) == "no error");
  CHECK(log.versions(3).size() == 1);
  CHECK(other.versions(3).size() == 2);
  const auto both = [&](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer, {0, &log, &other});
    co_await clock.tick();
  };
  CHECK_THAT(error_of(both), Contains("it is to record and to replay, expected one of them"));
  const auto differing = [&](Peer& peer) -> Task<> {
    bsp::StaleClock clock(peer, {0, peer.rank() == 0 ? &log : &other});
    co_await clock.tick();
  };
  CHECK_THAT(error_of(differing), Contains("it has another log than another peer of this process"));
  const auto some = [](const bsp::StaleClockOptions& options, int come) {
    return [options, come](Peer& peer) -> Task<> {
      if (peer.rank() >= come) co_return;
      bsp::StaleClock clock(peer, options);
      co_await clock.tick();
    };
  };
  REQUIRE(error_of(some({0, &log}, 2)) == "no error");
  CHECK(error_of(some({0, nullptr, &log}, 2)) == "no error");
  CHECK(error_of(some({0, nullptr, &log}, 3)) ==
        "invalid_argument bsp::StaleClock replay: peer 2 tick 0: in the recorded run it did not make the clock");
  CHECK_THAT(error_of(some({0, nullptr, &(other = {})}, 2)), Contains("the log is of 0 peers"));
  CHECK_THROWS_WITH(log.add(log), "clock log: peer 0 is in both logs");
  ClockLog three;
  REQUIRE(error_of(some({0, &three}, 3), 3) == "no error");
  CHECK_THROWS_WITH(log.add(three), "clock log: a log of 3 peers with staleness 0, expected 4 with 0");
}

TEST_CASE("a process that replays without its peers' records is told so") {
  std::vector<ClockLog> logs(2);
  bsp_test::in_processes(2, bsp_test::engine_of(peers).options(), [&](bsp::Engine& engine, int process) {
    engine.run(Descent{{1, &logs[static_cast<std::size_t>(process)]}});
  });
  CHECK_THROWS_WITH(replay_over(2, {logs[1], logs[0]}), Contains("the log has no such peer"));
  // Half a log, and a worker for each peer: who is in it ticks at once.
  for (const bsp_test::Place& place : bsp_test::places(peers))
    CHECK_THROWS_WITH(bsp::Engine(place.options).run(Descent{{1, nullptr, &logs[0]}}),
                      Contains("the log has no such peer"));
}

TEST_CASE("a log goes to a file and back") {
  const test::TemporaryDirectory directory;
  CHECK_THROWS_WITH(ClockLog::load(directory.path()), Contains("cannot read the clock log"));
  for (const int staleness : {2, bsp::unbounded}) {
    ClockLog log;
    const std::vector<std::uint64_t> seen = record(log, staleness);
    log.save(directory / "run.log");
    const ClockLog loaded = ClockLog::load(directory / "run.log");
    CHECK(loaded == log);
    CHECK(replay(loaded, bsp_test::engine_of(peers).options()) == seen);
    CHECK(log.bytes().size() < 2000 + 12 * peers * steps + 4 * 4 * peers * steps);
  }
  const ClockLog empty = ClockLog::from(ClockLog().bytes());
  CHECK(empty.peers() == 0);
  const auto load_error = [&](const std::string& file) {
    try {
      (void)ClockLog::load(directory / file);
    } catch (const Error& error) {
      return std::string(name(error.code())) + " " + std::string(error.message());
    }
    return std::string("no error");
  };
  CHECK(load_error("none") == "not_found cannot open the clock log: No such file or directory");
  std::ofstream(directory / "foreign") << "PK\3\4 and what a zip file has else, which is certainly no log";
  CHECK(load_error("foreign") == "corrupt this is no clock log: it does not begin with \"sclklog\"");
  std::ofstream(directory / "empty").close();
  CHECK(load_error("empty") == "corrupt it is cut short: it has 0 bytes, expected at least 32");
  CHECK_THROWS_WITH(empty.save(directory / "no/such/folder"), Contains("cannot write the clock log: No such file"));
}

TEST_CASE("a log that is cut off, damaged or of another version is refused") {
  ClockLog log;
  record(log, 3);
  const std::vector<std::byte> good = log.bytes();
  REQUIRE(error_of_bytes(good) == "no error");
  for (std::size_t size = 0; size < good.size(); ++size)
    if (const std::string error = error_of_bytes(std::span(good).first(size));
        error.find("corrupt clock log: it is cut short") != 0)
      FAIL(size << " bytes: " << error);
  for (std::size_t bit = 0; bit < 8 * good.size(); bit += 5) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= std::byte{1} << bit % 8;
    if (error_of_bytes(bad) == "no error") FAIL("bit " << bit);
  }
  std::vector<std::byte> bad = good;
  bad.push_back(std::byte{0});
  CHECK_THAT(error_of_bytes(bad), Contains("bytes are left over"));
  bad = good, bad[7] = std::byte{'2'};
  CHECK(error_of_bytes(bad) == "unsupported clock log: its version is byte 50, expected 49");
  bad = good, bad[100] ^= std::byte{1};
  CHECK(error_of_bytes(bad) == "corrupt clock log: its checksum is not that of its content");
}

TEST_CASE("a log whose checksum is right is refused for nonsense, and never does harm") {
  // Bytes are changed under a right checksum: what is accepted must be replayed or refused, not crash or hang.
  const auto small = [](const bsp::StaleClockOptions& options) {
    return [options](Peer& peer) -> Task<int> {
      bsp::StaleClock clock(peer, options);
      bsp::ParameterTable<int> table(clock, 2, 1);
      for (int i = 0; i < 3; ++i) {
        table.push(static_cast<std::size_t>(i % 2), 1);
        co_await clock.tick();
      }
      co_return table.values()[0];
    };
  };
  for (const int staleness : {1, bsp::unbounded}) {
    ClockLog log;
    bsp_test::engine_of(2).run(small({staleness, &log}));
    const std::vector<std::byte> good = log.bytes();
    Philox random(static_cast<std::uint64_t>(staleness), 3);
    int accepted = 0, refused = 0;
    for (int round = 0; round < 3000; ++round) {
      std::vector<std::byte> bad = good;
      const std::size_t content = good.size() - 16 - sizeof(Hash128);
      for (std::uint64_t changes = 1 + random() % 3; changes != 0; --changes) {
        const std::size_t at = 16 + random() % content;
        constexpr int values[] = {0, 1, 2, 3, 127, 128, 255};
        bad[at] = static_cast<std::byte>(random() % 2 == 0 ? values[random() % 7] : static_cast<int>(random() % 256));
      }
      if (random() % 8 == 0) bad.resize(16 + sizeof(Hash128) + random() % content);
      ClockLog changed;
      try {
        changed = ClockLog::from(sealed(std::move(bad)));
      } catch (const Error& error) {
        if (error.code() != Errc::corrupt) FAIL(error.what());
        ++refused;
        continue;
      }
      CHECK(ClockLog::from(changed.bytes()) == changed);
      ++accepted;
      if (changed.peers() != 2) continue;
      try {
        bsp_test::engine_of(2).run(small({changed.staleness(), nullptr, &changed}));
      } catch (const Error& error) {
        if (error.code() != Errc::invalid_argument) FAIL(error.what());
      }
    }
    CHECK(accepted > 100);
    CHECK(refused > 100);
  }
}
