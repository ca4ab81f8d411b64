#include "scalar/bsp/processes/tcp.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>

#include "bsp/tcp/job.hpp"
#include "bsp/tcp/matchers.hpp"
#include "bsp/tcp/message.hpp"
#include "bsp/tcp/proxy.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace bsp_tcp_test;
using scalar::Errc;
using scalar::Error;
namespace sockets = scalar::bsp::sockets;

namespace {

int port_of(const Job& job) { return std::stoi(job.coordinator.substr(job.coordinator.find(':') + 1)); }

/// A job of two whose second process comes with other options: what both say.
std::pair<std::string, std::string> misfit(const Options& first, const Options& second) {
  Job job("agree", 0);
  Options mine = first;
  mine.emplace("join_timeout", "1000");
  Process& coordinator = job.start("agree", 0, 2, mine);
  Process& other = job.start("agree", 1, 2, second);
  std::string theirs = other.result();
  return {coordinator.result(), theirs};
}

}  // namespace

TEST_CASE("who does not fit is told why, and so is the coordinator") {
  const auto check = [](const std::pair<std::string, std::string>& said, const std::string& code,
                        const std::string& text) {
    CHECK_THAT(said.first, StartsWith("error " + code + " Error bsp::tcp: process 1 did not come within 1000 ms"));
    CHECK_THAT(said.first, ContainsSubstring(text));
    CHECK_THAT(said.second, StartsWith("error " + code + " Error 127.0.0.1:"));
    CHECK_THAT(said.second, ContainsSubstring("it refuses: " + text));
  };
  check(misfit({{"token", "right"}}, {{"token", "wrong"}}), "unauthenticated", "it has another token than this job's");
  check(misfit({{"token", "right"}}, {}), "unauthenticated", "it comes without a token, expected one");
  check(misfit({}, {{"token", "right"}}), "unauthenticated", "it comes with a token, but there is none here");
  check(misfit({{"job", "day"}}, {{"job", "night"}}), "invalid_argument", "it is of job \"night\", expected \"day\"");
  check(misfit({}, {{"processes", "3"}}), "invalid_argument", "process 1 is one of 3 processes, expected 2");
}

TEST_CASE("a number that is taken is refused, and the one who has it stays") {
  Job job("agree", 0);
  Process& first = job.start("agree", 1, 3, {});
  Process& coordinator = job.start("agree", 0, 3, {});
  Process& second = job.start("agree", 1, 3, {});
  const Stranger stranger(port_of(job));
  stranger.say("x", 1);  // that it says no more holds nobody up
  // Which of the two comes first is open; the other learns it, while the job waits for the last.
  Process& refused = first_to_speak(first, second);
  const std::string refusal = refused.result();
  CHECK_THAT(refusal, StartsWith("error already_exists Error"));
  CHECK_THAT(refusal, ContainsSubstring("there is a process 1 already"));
  job.start("agree", 2, 3, {});
  CHECK((&refused == &first ? second : first).result() == "ok 0");
  CHECK_THAT(coordinator.result(), StartsWith("ok "));
}

TEST_CASE("processes with the same token meet") {
  Job job("agree", 2, {{"token", "a secret"}, {"job", "night"}});
  CHECK_THAT(job[0].result(), StartsWith("ok "));
  CHECK(job[1].result() == "ok 0");
}

TEST_CASE("of a name's addresses one that answers is enough, and its owner listens at all") {
  const test::TemporaryDirectory directory;
  const std::string placement = directory / "placement";
  std::ofstream(placement) << "::1 somewhere\n127.0.0.1 somewhere\n127.0.0.2 somewhere\n";
  const std::vector<std::string> cases[]{{"127.0.0.1", "somewhere", "somewhere"},
                                         {"127.0.0.2", "somewhere", "somewhere"},
                                         {"somewhere", "127.0.0.1", "127.0.0.2"},
                                         {"somewhere", "somewhere", "127.0.0.2"}};
  for (const std::vector<std::string>& names : cases) {
    INFO(names[0] << ", " << names[1] << ", " << names[2]);
    Job job("agree", 0);
    const std::string port = ':' + std::to_string(port_of(job));
    for (int process = 0; process < 3; ++process)
      job.start("agree", process, 3,
                {{"placement", placement},
                 {"coordinator", names[static_cast<std::size_t>(process)] + port},
                 {"join_timeout", "10000"}});
    const std::string result = job[0].result();
    if (result.find("no placement of its own") != std::string::npos) {
      WARN("skipped: " << result);
      return;
    }
    CHECK_THAT(result, StartsWith("ok "));
    for (const int process : {1, 2}) CHECK(job[process].result() == "ok 0");
  }
}

TEST_CASE("more strangers than are greeted at once keep nobody out when they have gone") {
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);  // the coordinator inherits it
  Job job("agree", 0);
  Process& coordinator = job.start("agree", 0, 2, {});
  {
    std::deque<Stranger> strangers;
    for (int i = 0; i < 1100; ++i) strangers.emplace_back(port_of(job));
  }
  Process& other = job.start("agree", 1, 2, {});
  CHECK(other.result() == "ok 0");
  CHECK_THAT(coordinator.result(), StartsWith("ok "));
}

TEST_CASE("a port that is taken is an error that says what to do") {
  Job job("agree", 0);
  job.start("agree", 0, 2, {});
  const Stranger waits_for_it(port_of(job));
  Job second("agree", 0, {}, port_of(job));
  const std::string coordinator = second.start("agree", 0, 2, {}).result();
  CHECK_THAT(coordinator, StartsWith("error io Error bsp::tcp: cannot listen at 127.0.0.1:" +
                                     std::to_string(port_of(job)) + ": Address already in use: "));
  CHECK_THAT(coordinator, ContainsSubstring("another process listens there, perhaps one of an earlier job"));
  CHECK_THAT(
      coordinator,
      ContainsSubstring("choose another port with .coordinator or SCALAR_COORDINATOR, the same in all processes"));
  const std::string listener =
      second.start("agree", 1, 2, {{"listen", "127.0.0.1:" + std::to_string(port_of(job))}}).result();
  CHECK_THAT(listener, ContainsSubstring("cannot listen at "));
  CHECK_THAT(listener, ContainsSubstring("choose another port with .listen"));

  const Proxy other(port_of(job));  // at a port that the system has chosen
  Job third("agree", 0, {}, std::stoi(other.address().substr(other.address().find(':') + 1)));
  CHECK_THAT(third.start("agree", 0, 2, {}).result(), ContainsSubstring(": the system gives those from "));
}

TEST_CASE("strangers at the listener hold nobody up and break nothing") {
  Job job("agree", 0);
  Process& coordinator = job.start("agree", 0, 2, {});
  const Stranger silent(port_of(job));
  const Stranger garbage(port_of(job));
  garbage.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
  CHECK_THAT(garbage.hear(), ContainsSubstring("garbage: it begins 0x20544547, expected 0x4d4c4353"));

  sockets::Hello hello;
  hello.processes = 2;
  std::vector<std::byte> bytes = sockets::Message{sockets::Message::Kind::hello, hello.encode()}.encode();
  const Stranger old(port_of(job));
  std::vector<std::byte> other_version = bytes;
  other_version[4] = std::byte{9};
  old.say(other_version.data(), other_version.size());
  CHECK_THAT(old.hear(), ContainsSubstring("protocol version 9, expected 3"));
  const Stranger huge(port_of(job));
  std::vector<std::byte> too_long = bytes;
  too_long[11] = std::byte{0x80};
  huge.say(too_long.data(), too_long.size());
  CHECK_THAT(huge.hear(), ContainsSubstring("expected at most 4096"));
  const Stranger torn(port_of(job));
  std::vector<std::byte> flipped = bytes;
  flipped[30] ^= std::byte{1};
  torn.say(flipped.data(), flipped.size());
  CHECK_THAT(torn.hear(), ContainsSubstring("its checksum is wrong"));
  const Stranger slow(port_of(job));
  for (const std::byte byte : bytes) slow.say(&byte, 1);

  Process& other = job.start("agree", 1, 2, {});
  CHECK(other.result() == "ok 0");
  CHECK_THAT(coordinator.result(), StartsWith("ok "));
}

TEST_CASE("beyond loopback one must be known or hidden") {
  for (const Options& where : {Options{{"coordinator", "0.0.0.0:4000"}, {"process", "0"}},
                               Options{{"coordinator", "192.0.2.1:4000"}, {"process", "1"}}}) {
    Job job("agree", 0);
    const std::string said = job.start("agree", 0, 2, where).result();
    CHECK_THAT(said, StartsWith("error permission_denied Error bsp::tcp: "));
    CHECK_THAT(said, ContainsSubstring("is not loopback, and there is neither a token nor TLS"));
  }
}

TEST_CASE("who comes alone gives up in time, naming who is missing") {
  Job first("agree", 0);
  CHECK_THAT(first.start("agree", 0, 12, {{"join_timeout", "100"}}).result(),
             ContainsSubstring("process 1, 2, 3, 4, 5, 6, 7, 8 and 3 more did not come within 100 ms"));
  Job second("agree", 0);
  CHECK_THAT(second.start("agree", 1, 2, {{"join_timeout", "100"}}).result(),
             ContainsSubstring("within 100 ms: 127.0.0.1:"));
}

TEST_CASE("impossible options are refused, naming the option") {
  const auto text = [](const scalar::bsp::TcpOptions& options) -> std::string {
    try {
      scalar::bsp::tcp(options);
    } catch (const Error& error) {
      return error.code() == Errc::invalid_argument ? error.what() : "another code";
    }
    return "none";
  };
  using namespace std::chrono_literals;
  CHECK(text({.coordinator = "a", .process = 0, .processes = 1}) ==
        "bsp::tcp: coordinator is \"a\", expected host:port with a port from 1 to 65535");
  for (const char* wrong : {"a:", "a:0", "a:65536", ":5", "a:5x", "[::1", "[::1]5", "::1:5"})
    CHECK_THAT(text({.coordinator = wrong, .process = 0, .processes = 1}), StartsWith("bsp::tcp: coordinator is"));
  CHECK(text({.coordinator = "[::1]:5", .process = 0, .processes = 1}) == "none");
  CHECK(text({.coordinator = "a:1", .process = 2, .processes = 2}) == "bsp::tcp: process is 2, expected 0 to 1");
  CHECK_THAT(text({.coordinator = "a:1", .process = 0, .processes = 1, .join_timeout = 0ms}),
             StartsWith("bsp::tcp: join_timeout is 0"));
  CHECK_THAT(text({.coordinator = "a:1", .process = 0, .processes = 1, .window_bytes = 1}),
             StartsWith("bsp::tcp: window_bytes is 1"));
  CHECK_THAT(text({.coordinator = "a:1", .process = 0, .processes = 1, .tls = {.ca_file = "x"}}),
             StartsWith("bsp::tcp: tls has 1 files"));
}
