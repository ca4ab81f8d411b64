#include "scalar/bsp/processes/tcp.hpp"

#include <string>

#include "bsp/tcp/certificates.hpp"
#include "bsp/tcp/job.hpp"
#include "bsp/tcp/matchers.hpp"
#include "bsp/tcp/programs.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace bsp_tcp_test;

namespace {

/// A CA, a process it has signed, and a stranger.
struct Files {
  Files() {
    const Identity ca = Identity::make("ca");
    ca.write(directory / "ca.pem", directory / "ca.key");
    Identity::make("process", &ca).write(directory / "good.pem", directory / "good.key");
    Identity::make("stranger").write(directory / "bad.pem", directory / "bad.key");
  }
  Options options(const std::string& who) const {
    return {{"certificate", directory / (who + ".pem")},
            {"key", directory / (who + ".key")},
            {"ca", directory / "ca.pem"},
            {"join_timeout", "3000"}};
  }
  test::TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("under TLS several processes compute what one does") {
  const Files files;
  const std::uint64_t expected = scalar::bsp::Engine({.peers = 6, .workers = 1}).run(agree);
  for (const int processes : {2, 3}) {
    Options options = files.options("good");
    options.emplace("peers", "6");
    options["join_timeout"] = "30000";
    Job job("agree", processes, options);
    CHECK(job[0].result() == "ok " + std::to_string(expected));
    for (int process = 1; process < processes; ++process) CHECK(job[process].result() == "ok 0");
  }
  Options options = files.options("good");
  options.emplace("bytes", "8000000");
  options["join_timeout"] = "30000";
  Job job("payloads", 2, options);
  job.await("running");
  job[1].signal(SIGKILL);
  CHECK_THAT(job[0].result(), is_loss_of(1));
}

TEST_CASE("who shows no certificate of the CA stays outside") {
  const Files files;
  Job job("agree", 0);
  Process& coordinator = job.start("agree", 0, 2, files.options("good"));
  CHECK_THAT(job.start("agree", 1, 2, files.options("bad")).result(),
             StartsWith("error unauthenticated Error 127.0.0.1:"));
  CHECK_THAT(job.start("agree", 1, 2, {{"join_timeout", "2000"}}).result(), StartsWith("error "));
  const std::string said = coordinator.result();
  CHECK_THAT(said, StartsWith("error unauthenticated Error bsp::tcp: process 1 did not come"));
  CHECK_THAT(said, ContainsSubstring("TLS: "));
}

TEST_CASE("files that cannot be used are named") {
  const Files files;
  Options options = files.options("good");
  options["key"] = files.directory / "bad.key";
  Job job("agree", 0);
  const std::string said = job.start("agree", 0, 1, options).result();
  CHECK_THAT(said, StartsWith("error invalid_argument Error bsp::tcp: tls.key_file \""));
  CHECK_THAT(said, ContainsSubstring("bad.key\" cannot be used: "));
}
