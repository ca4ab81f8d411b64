#include "scalar/bsp/async/clock_log.hpp"

#include <string>
#include <vector>

#include "scalar/bsp/async/stale_clock.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using bsp::ClockLog;
using Catch::Matchers::Contains;

namespace {

std::string golden(const std::string& name) { return test::source_file("tests/bsp/golden/" + name); }

/// Of two processes with three peers, put together by hand.
ClockLog bounded() {
  ClockLog log, other;
  bsp::detail::ClockPart& part = log.begin(3, 2, 0, 2);
  part.tables = {{.rows = 4, .width = 2, .element_bytes = 8, .initial = 0xdeadbeef}};
  part.tracks = {{.has_come = true, .has_left = true, .pushed = {1, 0xffffffff}, .seen = {0, 1}},
                 {.has_come = true, .has_left = false, .pushed = {7, 8, 9}, .seen = {1, 1}}};
  log.end();
  bsp::detail::ClockPart& theirs = other.begin(3, 2, 2, 1);
  theirs.tracks = {{.has_come = false, .has_left = false, .pushed = {}, .seen = {}}};
  other.end();
  log.add(other);
  return log;
}

ClockLog unbounded() {
  ClockLog log;
  bsp::detail::ClockPart& part = log.begin(2, bsp::unbounded, 0, 2);
  part.order = {0, 1, 1};
  part.tracks = {{.has_come = true, .has_left = true, .pushed = {5}, .seen = {3}},
                 {.has_come = true, .has_left = true, .pushed = {6, 7}, .seen = {0, 2}}};
  log.end();
  return log;
}

}  // namespace

TEST_CASE("writes the golden clock logs", "[.write]") {
  bounded().save(golden("bounded.clocklog"));
  unbounded().save(golden("unbounded.clocklog"));
}

TEST_CASE("golden clock logs are read, and written alike today") {
  const test::TemporaryDirectory directory;
  const auto check = [&](const std::string& name, const ClockLog& expected) {
    INFO(name);
    const ClockLog log = ClockLog::load(golden(name));
    CHECK(log == expected);
    expected.save(directory / name);
    CHECK(test::read_file(directory / name) == test::read_file(golden(name)));
  };
  check("bounded.clocklog", bounded());
  check("unbounded.clocklog", unbounded());
  const ClockLog log = ClockLog::load(golden("bounded.clocklog"));
  CHECK(log.peers() == 3);
  CHECK(log.staleness() == 2);
  CHECK(std::vector<std::uint64_t>(log.versions(1).begin(), log.versions(1).end()) == std::vector<std::uint64_t>{1, 1});
}

TEST_CASE("a clock log of another version is refused, with both versions") {
  const test::TemporaryDirectory directory;
  std::string bytes = test::read_file(golden("bounded.clocklog"));
  REQUIRE(bytes.substr(0, 8) == "sclklog1");
  bytes[7] = '2';
  test::write_file(directory / "other", bytes);
  const std::string message = test::message_of(Errc::unsupported, [&] { ClockLog::load(directory / "other"); });
  CHECK_THAT(message, Contains(directory / "other") && Contains(std::to_string('2')) &&
                          Contains("expected " + std::to_string('1')));
}
