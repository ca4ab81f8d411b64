// How long the other processes of a job over loopback TCP take to notice that one is gone (R2): one of four is ended by
// SIGKILL or halted by SIGSTOP in the middle of its supersteps.
//
//   benchmark_bsp_faults [--json]
//
// The time runs from the last superstep that process 0 has come through.
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "bsp_loopback.hpp"
#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/processes/tcp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int processes = 4, rounds = 5, fatal_step = 200;

class Watch {
 public:
  void start() { begin_ = std::chrono::steady_clock::now(); }
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

bsp::EngineOptions options_of(int process, std::uint16_t port) {
  return {.peers = processes,
          .workers = 1,
          .transport = bsp::tcp(
              {.coordinator = "127.0.0.1:" + std::to_string(port), .process = process, .processes = processes})};
}

/// Milliseconds until process 0 has the error.
double noticed(int process, std::uint16_t port, int signal) {
  Watch watch;
  const auto body = [&](Peer& peer) -> Task<> {
    for (;;) {
      co_await peer.sync();
      if (peer.rank() == 0) watch.start();
      if (peer.rank() == processes - 1 && peer.superstep() == fatal_step) raise(signal);
    }
  };
  try {
    bsp::Engine(options_of(process, port)).run(body);
  } catch (const Error&) {
    return watch.milliseconds();
  }
  throw std::runtime_error("nobody was missed");
}

/// Milliseconds until the others have come through their first superstep after the loss.
double recovered(int process, std::uint16_t port, const std::string& directory) {
  bsp::EngineOptions options = options_of(process, port);
  options.checkpoints = {.directory = directory, .every = 10, .recover = true};
  Watch watch;
  double took = 0;
  bsp::Engine(options).run([&](Peer& peer) -> Task<> {
    int step = 0;
    const bool again = peer.persist(step);
    for (; step < 2 * fatal_step; ++step) {
      co_await peer.checkpoint();
      if (peer.rank() == 0 && again && took == 0) took = watch.milliseconds();
      if (peer.rank() == 0 && !again) watch.start();
      if (process == processes - 1 && step == fatal_step) raise(SIGKILL);
    }
  });
  return took;
}

/// One number a round, each of new processes.
template <class Work>
std::vector<double> each_round(Work work) {
  std::vector<double> figures;
  for (int round = 0; round < rounds; ++round) {
    const std::uint16_t port = bench::free_port();
    const auto one = [&](int process) { return bench::Figures{{work(process, port)}}; };
    figures.push_back(bench::in_processes(processes, one, true)[0][0]);
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string directory =
      (std::filesystem::temp_directory_path() / ("scalar-benchmark-recovery-" + std::to_string(getpid()))).string();
  const std::vector<double> limit(rounds, 3000.0);
  const auto killed = each_round([](int process, std::uint16_t port) { return noticed(process, port, SIGKILL); });
  const auto halted = each_round([](int process, std::uint16_t port) { return noticed(process, port, SIGSTOP); });
  const auto goes_on = each_round([&](int process, std::uint16_t port) {
    return recovered(process, port, directory + "/" + std::to_string(port));
  });
  std::filesystem::remove_all(directory);
  return bench::print({{"one of 4 processes is killed: until it is noticed", "the limit", "ms", killed, limit, 1},
                       {"one of 4 processes is halted: until it is noticed", "the limit", "ms", halted, limit, 1},
                       {"one of 4 processes is killed: until the others go on", "the limit", "ms", goes_on, limit, 1}},
                      argc, argv);
}
