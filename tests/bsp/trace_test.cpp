#include "scalar/bsp/cost/trace.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "scalar/core/json.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

/// Three supersteps: peer 1 sends 10 ints to 0 and 5 to itself; nothing; each sends a double to its right.
Task<> three_supersteps(Peer& peer) {
  auto ints = peer.mailbox<int>();
  auto doubles = peer.mailbox<double>();
  if (peer.rank() == 1) {
    for (int i = 0; i < 10; ++i) ints.send(0, i);
    for (int i = 0; i < 5; ++i) ints.send(1, i);
  }
  co_await peer.sync();
  co_await peer.sync();
  doubles.send(peer.right(), 1.0);
  co_await peer.sync();
}

}  // namespace

TEST_CASE("a message counts with the bytes that it carries, not with those of the handle to them") {
  const auto trace = std::make_shared<bsp::Trace>();
  const bsp::Engine engine({.peers = 2, .workers = 1, .trace = trace});
  engine.run([](Peer& peer) -> Task<> {
    auto strings = peer.mailbox<std::string>();
    auto vectors = peer.mailbox<std::vector<double>>();
    auto nested = peer.mailbox<std::map<int, std::vector<std::string>>>();
    auto pairs = peer.mailbox<std::pair<std::string, std::vector<int>>>();
    auto texts = peer.mailbox<std::string_view>();
    auto handles = peer.mailbox<std::unique_ptr<int>>();
    const bool sends = peer.rank() == 0;
    const std::string hundred(100, 'x');
    if (sends) strings.send(1, hundred), strings.send(1, std::string());
    co_await peer.sync();
    if (sends) vectors.send(1, std::vector<double>(50));
    co_await peer.sync();
    const std::map<int, std::vector<std::string>> names{{1, {"ab", "cde"}}, {2, {}}};
    if (sends) nested.send(1, names);
    co_await peer.sync();
    const std::pair<std::string, std::vector<int>> pair{"abc", {1, 2}};
    if (sends) pairs.send(1, pair);
    co_await peer.sync();
    if (sends) texts.send(1, hundred), texts.send(1, "abc");
    co_await peer.sync();
    if (sends) handles.emplace(1, std::make_unique<int>(3));
    co_await peer.sync();
  });
  struct Expected {
    std::uint64_t messages, bytes;
  };
  const Expected expected[] = {
      {2, 8 + 100 + 8},           {1, 8 + 50 * 8},      {1, 8 + (4 + 8 + (8 + 2) + (8 + 3)) + (4 + 8)},
      {1, (8 + 3) + (8 + 2 * 4)}, {2, 2 * 8 + 100 + 3}, {1, sizeof(std::unique_ptr<int>)}};
  const std::vector<bsp::SuperstepRecord> records = trace->records();
  REQUIRE(records.size() == 7);
  for (std::size_t i = 0; i < 6; ++i) {
    INFO("superstep " << i);
    CHECK(records[i].messages == expected[i].messages);
    CHECK(records[i].bytes == expected[i].bytes);
    CHECK(records[i].h == expected[i].bytes);
  }
  // As many as they have on their way to another process.
  const std::map<int, std::vector<std::string>> names{{1, {"ab", "cde"}}, {2, {}}};
  CHECK(bsp::to_bytes(names).size() == expected[2].bytes);
}

TEST_CASE("a trace counts messages and the h-relation of every superstep") {
  for (auto& place : bsp_test::places(3)) {
    INFO(place.name);
    const auto trace = std::make_shared<bsp::Trace>();
    place.options.trace = trace;
    bsp::Engine(place.options).run(three_supersteps);
    const std::vector<bsp::SuperstepRecord> records = trace->records();
    REQUIRE(records.size() == 4);  // the last is the one in which all return
    CHECK(records[0].messages == 15);
    CHECK(records[0].bytes == 60);
    CHECK(records[0].h == 60);  // what peer 1 sends
    CHECK(records[1].messages == 0);
    CHECK(records[2].messages == 3);
    CHECK(records[2].h == 8);
    for (std::size_t i = 0; i < records.size(); ++i) {
      CHECK(records[i].superstep == i);
      CHECK(records[i].run == 1);
      CHECK(records[i].peers == 3);
      CHECK(records[i].work <= records[i].work_sum);
      CHECK(records[i].work.count() > 0);
      CHECK(records[i].imbalance() >= 1);
      if (i != 0) CHECK(records[i].begin == records[i - 1].begin + records[i - 1].time);
    }
    const std::string counters = trace->prometheus();
    CHECK(counters.find("\nscalar_bsp_supersteps_total 4\n") != std::string::npos);
    CHECK(counters.find("\nscalar_bsp_messages_total 18\n") != std::string::npos);
    CHECK(counters.find("# TYPE scalar_bsp_message_bytes_total counter\nscalar_bsp_message_bytes_total 84\n") !=
          std::string::npos);
    CHECK(std::count(counters.begin(), counters.end(), '\n') == 18);
    const std::string report = trace->report();
    CHECK(std::count(report.begin(), report.end(), '\n') == 6);
    CHECK(report.find("1 runs, 4 supersteps") != std::string::npos);
  }
}

TEST_CASE("the work of a trace is what peers computed, and the slowest is named") {
  const auto trace = std::make_shared<bsp::Trace>();
  auto body = [](Peer& peer) -> Task<> {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(peer.rank() == 2 ? 20 : 0);
    while (std::chrono::steady_clock::now() < until) {
    }
    co_await peer.sync();
  };
  bsp::Engine({.peers = 4, .workers = 1, .trace = trace}).run(body);
  const bsp::SuperstepRecord first = trace->records().front();
  CHECK(first.slowest == 2);
  CHECK(first.work >= std::chrono::milliseconds(20));
  CHECK(first.time >= first.work);
  CHECK(first.imbalance() > 2);
}

TEST_CASE("a trace opens in Perfetto: JSON of complete events") {
  const auto trace = std::make_shared<bsp::Trace>(bsp::TraceOptions{.capacity = 100});
  const bsp::Engine engine({.peers = 3, .workers = 1, .trace = trace});
  engine.run(three_supersteps);
  engine.run(three_supersteps);
  const json::Value parsed = json::parse(trace->chrome_json());
  int supersteps = 0, busy = 0;
  for (const json::Value& event : parsed.at("traceEvents").as_array()) {
    CHECK(event.at("ph").as_string() == "X");
    CHECK(event.at("dur").as_double() >= 0);
    (event.at("tid").as_double() == 0 ? supersteps : busy) += 1;
  }
  CHECK(supersteps == 8);
  CHECK(busy == 8);
}

TEST_CASE("a trace keeps to its capacity and goes on counting") {
  const auto trace = std::make_shared<bsp::Trace>(bsp::TraceOptions{.capacity = 2});
  bsp::Engine({.peers = 3, .workers = 1, .trace = trace}).run(three_supersteps);
  CHECK(trace->records().size() == 2);
  CHECK(trace->prometheus().find("\nscalar_bsp_supersteps_total 4\n") != std::string::npos);
}

TEST_CASE("probe measures a machine, and predictions follow it") {
  const bsp::Machine machine = bsp::probe(bsp::Engine({.peers = 2, .workers = 1}));
  CHECK(machine.peers == 2);
  CHECK(machine.rate > 0);
  CHECK(machine.latency > 0);
  REQUIRE(machine.gaps.size() == 30);
  CHECK(machine.gaps.front().bytes == 1024);
  CHECK(machine.gaps.back().bytes == 24 << 20);

  const bsp::Machine made{.peers = 2, .rate = 1, .latency = 100, .gaps = {{1000, 50}, {3000, 250}}};
  CHECK(made.exchange(0).count() == 0);
  CHECK(made.exchange(500).count() == Approx(25));
  CHECK(made.exchange(1000).count() == Approx(50));
  CHECK(made.exchange(2000).count() == Approx(150));
  CHECK(made.exchange(6000).count() == Approx(500));
  CHECK(made.predict(bsp::Nanoseconds(7), 2000).count() == Approx(257));
  const auto trace = std::make_shared<bsp::Trace>(bsp::TraceOptions{.machine = made});
  bsp::Engine({.peers = 2, .workers = 1, .trace = trace}).run([](Peer& peer) -> Task<> { co_await peer.sync(); });
  for (const bsp::SuperstepRecord& record : trace->records())
    CHECK(record.predicted.count() ==
          Approx(bsp::Nanoseconds(record.work_sum).count() + 100));  // one worker does it all
}
