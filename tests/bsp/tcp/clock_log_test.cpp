#include "scalar/bsp/async/clock_log.hpp"

#include <string>

#include "bsp/tcp/job.hpp"
#include "bsp/tcp/matchers.hpp"
#include "bsp/tcp/programs.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace bsp_tcp_test;
using scalar::bsp::ClockLog;

namespace {

/// What the first process of a job says in the end, once the second has ended well.
std::string result_of(Job& job) {
  const std::string theirs = job[1].result();
  return theirs == "ok 0" ? job[0].result() : theirs;
}

}  // namespace

TEST_CASE("a run over two processes is had again from their files, over two and in one") {
  const test::TemporaryDirectory directory;
  for (const int staleness : {3, scalar::bsp::unbounded}) {
    INFO("staleness " << staleness);
    std::string results[2];
    for (const int first : {0, 1}) {
      INFO("first " << first);
      const auto file = [&](int process) { return directory / std::to_string(10 * first + process); };
      const Options options{{"staleness", std::to_string(staleness)}};
      const auto start = [&](Job& job, int process, const std::string& use, Options mine) {
        mine.merge(Options(options));
        mine.emplace(use, file(process));
        job.start("stale", process, 2, mine);
      };
      Job run("stale", 0);
      for (const int process : {0, 1}) start(run, process, "record", {{"first", std::to_string(first)}});
      results[first] = result_of(run);
      REQUIRE_THAT(results[first], StartsWith("ok "));

      // Nobody is held up now, and the processes have other numbers of workers.
      Job again("stale", 0);
      for (const int process : {0, 1}) start(again, process, "replay", {{"workers", std::to_string(2 - process)}});
      CHECK(result_of(again) == results[first]);

      ClockLog log = ClockLog::load(file(0));
      log.add(ClockLog::load(file(1)));
      for (const int workers : {1, 2, 4}) {
        const auto body = [&](Peer& peer) { return stale(peer, {staleness, nullptr, &log}, -1); };
        scalar::bsp::Engine engine({.peers = 4, .workers = workers});
        CHECK("ok " + std::to_string(engine.run(body)) == results[first]);
      }
      const auto free = [&](Peer& peer) { return stale(peer, {.staleness = 0}, -1); };
      CHECK("ok " + std::to_string(scalar::bsp::Engine({.peers = 4, .workers = 1}).run(free)) != results[first]);
    }
    CHECK(results[0] != results[1]);
  }
}

TEST_CASE("a process that replays another's record says so, and its fellow learns it") {
  const test::TemporaryDirectory directory;
  Job run("stale", 0);
  for (const int process : {0, 1}) run.start("stale", process, 2, {{"record", directory / std::to_string(process)}});
  REQUIRE_THAT(result_of(run), StartsWith("ok "));
  Job again("stale", 0);
  for (const int process : {0, 1})
    again.start("stale", process, 2, {{"replay", directory / std::to_string(1 - process)}});
  for (const int process : {0, 1}) {
    const std::string said = again[process].result();
    CHECK_THAT(said, StartsWith("error invalid_argument Error bsp::StaleClock replay: peer "));
    CHECK_THAT(said, ContainsSubstring("the log has no such peer"));
  }
}
