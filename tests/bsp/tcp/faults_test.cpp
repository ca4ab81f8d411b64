#include "scalar/bsp/processes/tcp.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include "bsp/tcp/job.hpp"
#include "bsp/tcp/matchers.hpp"
#include "bsp/tcp/programs.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace bsp_tcp_test;

namespace {

constexpr std::chrono::seconds bound{20};  // within which a death must be noticed: in 2, when the machine is idle

/// Process `dead` of a running job has just been killed: all others say so, in time.
void check_loss(Job& job, int dead, const std::string& reason = "") {
  const auto begin = Clock::now();
  for (int process = 0; process < static_cast<int>(job.all.size()); ++process) {
    if (process == dead) continue;
    const std::string result = job[process].result();
    CHECK_THAT(result, is_loss_of(dead));
    CHECK_THAT(result, ContainsSubstring(reason));
  }
  CHECK(Clock::now() - begin < bound);
}

}  // namespace

TEST_CASE("several processes compute what one does") {
  const std::uint64_t expected = scalar::bsp::Engine({.peers = 6, .workers = 1}).run(agree);
  for (const int processes : {1, 2, 4}) {
    Job job("agree", processes, {{"peers", "6"}, {"runs", "3"}});
    CHECK(job[0].result() == "ok " + std::to_string(expected));
    for (int process = 1; process < processes; ++process) CHECK(job[process].result() == "ok 0");
  }
  // A window smaller than most frames, and than the socket's buffers.
  Job narrow("agree", 2, {{"peers", "6"}, {"window", "4096"}, {"workers", "2"}});
  CHECK(narrow[0].result() == "ok " + std::to_string(expected));
}

TEST_CASE("a killed process is noticed at once: in a barrier, while payloads move, while others compute") {
  for (const char* program : {"barriers", "payloads"})
    for (const int processes : {2, 4}) {
      Job job(program, processes, {{"bytes", "8000000"}, {"window", "1000000"}});
      job.await("running");
      job[processes - 1].signal(SIGKILL);
      check_loss(job, processes - 1, "its connection");
    }
  Job job("computing", 3, {{"compute", "600000"}, {"busy", "1"}});
  job.await("running");
  job[1].signal(SIGKILL);
  check_loss(job, 1, "its connection");
}

TEST_CASE("a stopped process is given up in time, and fenced when it goes on") {
  for (const char* program : {"barriers", "payloads"}) {
    Job job(program, 3, {{"bytes", "8000000"}});
    job.await("running");
    job[1].signal(SIGSTOP);
    check_loss(job, 1);
    job[1].signal(SIGCONT);
    const std::string zombie = job[1].result();
    CHECK_THAT(zombie, StartsWith("error unavailable ProcessLost bsp superstep "));
    CHECK_THAT(zombie, ContainsSubstring("it has given this process up"));
  }
}

TEST_CASE("a long superstep is no death") {
  Job job("computing", 2, {{"compute", "1500"}, {"busy", "1"}, {"stall_timeout", "500"}});
  CHECK(job[0].result() == "ok 0");
  CHECK(job[1].result() == "ok 0");
}

TEST_CASE("a deadline names those who had not arrived") {
  Job job("computing", 3, {{"peers", "6"}, {"compute", "2000"}, {"busy", "1"}, {"deadline", "500"}});
  for (int process = 0; process < 3; ++process) {
    const std::string result = job[process].result();
    CHECK_THAT(result, StartsWith("error deadline_exceeded Error bsp superstep 1: the superstep has taken "));
    CHECK_THAT(result, ContainsSubstring("; process 1 with peers 2 to 3 had "));
  }
}

TEST_CASE("an error of sending that the side that reads does not see is a loss for everybody") {
  for (const int error : {ENOBUFS, ECONNRESET})
    for (const int processes : {2, 3}) {
      INFO(std::strerror(error) << ", " << processes << " processes");
      Job job("payloads", 0);
      for (int process = 0; process < processes; ++process) {
        Options options{{"bytes", "400000"}};
        // Only frames with payloads have so many bytes.
        if (process == 1)
          options.merge(Options{{"send_error", std::to_string(error)}, {"send_bytes", "100000"}, {"send_call", "9"}});
        job.start("payloads", process, processes, options);
      }
      const std::string cause = std::string("its connection broke: ") + std::strerror(error);
      for (const auto& process : job.all) {
        const std::string result = process->result();
        CHECK_THAT(result, StartsWith("error unavailable ProcessLost bsp superstep "));
        CHECK_THAT(result, ContainsSubstring(cause));
      }
    }
}

TEST_CASE("whichever message cannot be sent, nobody waits for it for ever") {
  for (int call = 1; call <= 40; call += 3) {
    INFO("call " << call);
    Job job("agree", 0);
    job.start("agree", 0, 2, {{"join_timeout", "3000"}});
    job.start("agree", 1, 2,
              {{"join_timeout", "3000"}, {"send_error", std::to_string(ENOBUFS)}, {"send_call", std::to_string(call)}});
    for (const auto& process : job.all) {
      const std::string result = process->result();
      CHECK((result.starts_with("ok ") || result.starts_with("error unavailable ")));
    }
  }
}

TEST_CASE("after an error of sending the run goes on from the last checkpoint") {
  const test::TemporaryDirectory directory;
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < 200; ++step) expected += 10 * step;  // peers 1 + 2 + 3 + 4
  for (const int faulty : {0, 1}) {
    INFO("process " << faulty << " cannot send");
    Job job("counting", 0);
    for (int process = 0; process < 3; ++process) {
      Options options{{"steps", "200"}, {"directory", directory / std::to_string(faulty)}};
      // Larger than a heartbeat, so it is a frame that does not leave.
      if (process == faulty)
        options.merge(Options{{"send_error", std::to_string(ENOBUFS)}, {"send_bytes", "100"}, {"send_call", "200"}});
      job.start("counting", process, 3, options);
    }
    CHECK(job[0].result() == "ok " + std::to_string(expected));
    int given_up = 0;
    for (const int process : {1, 2}) {
      const std::string result = job[process].result();
      INFO(result);
      CHECK((result == "ok 0" || was_given_up(result)));
      given_up += was_given_up(result);
    }
    CHECK(given_up == 1);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need all addresses there are
TEST_CASE("a frame that there is no memory for is the same error in all, which says how much it takes") {
  Job job("flood", 3, {{"peers", "3"}, {"bytes", "300000000"}, {"memory", "100000000"}});
  for (const auto& process : job.all) {
    const std::string result = process->result();
    CHECK_THAT(result, StartsWith("error resource_exhausted Error bsp superstep 2: there is not enough memory for a "
                                  "frame from process 0: 3000"));
    CHECK_THAT(result, ContainsSubstring(" bytes were asked for"));
  }
}
#endif

TEST_CASE("what one peer throws reaches all") {
  Job job("thrower", 4, {{"throws", "3"}});
  CHECK(job[3].result() == "error none exception peer has no more to say");
  for (const int process : {0, 1, 2}) CHECK(job[process].result() == "error failed Error peer has no more to say");
}

TEST_CASE("the run goes on from the last checkpoint on those who are left") {
  const test::TemporaryDirectory directory;
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < 1200; ++step) expected += 10 * step;  // peers 1 + 2 + 3 + 4
  for (const int dead : {2, 0}) {
    Job job("counting", 3, {{"steps", "1200"}, {"directory", directory / std::to_string(dead)}});
    job.await("step 300");
    job[dead].signal(SIGKILL);
    int sums = 0;
    for (int process = 0; process < 3; ++process)
      if (process != dead) {
        const std::string result = job[process].result();
        CHECK_THAT(result, StartsWith("ok "));
        sums += result == "ok " + std::to_string(expected);
      }
    CHECK(sums == 1);  // the process that hosts rank 0 now
  }
}

TEST_CASE("a process that is killed while payloads move is left behind, and the bits stay") {
  const test::TemporaryDirectory directory;
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < 12; ++step) expected += 4 * 10 * step * (1'000'000 / 8);  // to each of 4 peers
  for (const int dead : {2, 0}) {
    Job job(
        "hauling", 3,
        {{"steps", "12"}, {"bytes", "1000000"}, {"window", "65536"}, {"directory", directory / std::to_string(dead)}});
    job.await(dead == 0 ? "step 4" : "step 5");  // whose payloads are about to leave
    job[dead].signal(SIGKILL);
    for (int process = 0; process < 3; ++process)
      if (process != dead)
        CHECK(job[process].result() == "ok " + std::to_string(process == (dead == 0 ? 1 : 0) ? expected : 0));
  }
}

TEST_CASE("a stopped process is left behind, the bits stay, and it is fenced when it goes on") {
  const test::TemporaryDirectory directory;
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < 600; ++step) expected += 10 * step;  // peers 1 + 2 + 3 + 4
  for (const int stopped : {1, 0})
    for (const bool is_early : {true, false}) {  // it goes on while the others still run, or when they have ended
      INFO("process " << stopped << (is_early ? " early" : " late"));
      Job job("counting", 3,
              {{"steps", "600"},
               {"heartbeat_interval", "50"},
               {"heartbeat_pause", "600"},
               {"directory", directory / (std::to_string(stopped) + (is_early ? "e" : "l"))}});
      job.await("step 100");
      job[stopped].signal(SIGSTOP);
      const int other = stopped == 0 ? 2 : 0;
      std::string said;
      while (!said.starts_with("from ") && said != "end" && said != "silence") said = job[other].line();
      CHECK_THAT(said, StartsWith("from "));
      std::string zombie;
      if (is_early) job[stopped].signal(SIGCONT), zombie = job[stopped].result();
      for (int process = 0; process < 3; ++process)
        if (process != stopped)
          CHECK(job[process].result() == "ok " + std::to_string(process == (stopped == 0 ? 1 : 0) ? expected : 0));
      if (!is_early) job[stopped].signal(SIGCONT), zombie = job[stopped].result();
      INFO(zombie);
      CHECK(was_given_up(zombie));
    }
}

TEST_CASE("a newcomer takes part from the next checkpoint on") {
  const test::TemporaryDirectory directory;
  Job job("counting", 2, {{"steps", "2000"}, {"directory", directory.path()}});
  job.await("step 100");
  Process& newcomer =
      job.start("counting", 0, 0, {{"steps", "2000"}, {"directory", directory.path()}, {"newcomer", "1"}});
  std::uint64_t expected = 0;
  for (std::uint64_t step = 0; step < 2000; ++step) expected += 10 * step;
  CHECK(newcomer.result() == "ok 0");
  CHECK(job[0].result() == "ok " + std::to_string(expected));
  CHECK(job[1].result() == "ok 0");
}
