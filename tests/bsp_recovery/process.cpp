// One process of a job that recovers: `bsp_recovery_process <option>=<value>...`. The process that hosts peer 0 at the
// end prints `sum <bits>`; each prints `begun` when its peers start, again after a change of the processes.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scalar/bsp.hpp"
#include "scalar/bsp/tcp.hpp"

using namespace scalar;

namespace {

std::map<std::string, std::string> options;

std::string option(const std::string& name, const std::string& otherwise = {}) {
  const auto at = options.find(name);
  return at == options.end() ? otherwise : at->second;
}
int number(const std::string& name, int otherwise) {
  return std::atoi(option(name, std::to_string(otherwise)).c_str());
}
void say(const std::string& line) {
  const std::string text = line + '\n';
  if (::write(1, text.data(), text.size()) < 0) std::_Exit(3);
}

/// A sum that depends on every message of every step. This process ends itself in step `die`, and peers stay in step
/// `stay` until there are `until` processes.
bsp::Task<double> program(bsp::Peer& peer) {
  int step = 0;
  std::vector<double> values(1000, peer.rank() + 1.0);
  peer.persist(step, values);
  if (peer.rank() == peer.world().first()) say("begun " + std::to_string(step));
  auto ring = peer.mailbox<double>();
  const int steps = number("steps", 60), die = number("die", -1), stay = number("stay", -1), until = number("until", 0);
  while (step < steps) {
    while (step == stay && peer.world().hosts().processes() < until) co_await peer.checkpoint();
    ring.send(peer.right(), std::span<const double>(values));
    if (step == die && option("phase") == "compute") ::raise(SIGKILL);
    co_await peer.sync();
    if (step == die && option("phase") == "sent") ::raise(SIGKILL);
    const std::span<const double> from_left = ring.received(peer.left());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] / 2 + from_left[i] / 3 + 1e-3 * step;
    ++step;
    if (step == die && option("phase") == "checkpoint") ::raise(SIGKILL);
    co_await peer.checkpoint();
  }
  double sum = 0;
  for (const double value : values) sum += value;
  co_return co_await peer.all_reduce(sum, std::plus{});
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    options[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  if (option("limit") != "") {  // as if the disk were full
    const rlimit limit{static_cast<rlim_t>(number("limit", 0)), static_cast<rlim_t>(number("limit", 0))};
    ::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  }
  try {
    bsp::EngineOptions engine{.peers = number("peers", 6), .workers = 1};
    if (option("coordinator") != "")
      engine.transport = bsp::tcp({.coordinator = option("coordinator"),
                                   .process = number("process", 0),
                                   .processes = number("processes", 1),
                                   .newcomer = number("newcomer", 0) != 0});
    if (option("directory") != "")
      engine.checkpoints = {.directory = option("directory"), .every = number("every", 1), .recover = true};
    std::atomic<bool> hosts_first{false};
    const double sum = bsp::Engine(engine).run([&](bsp::Peer& peer) {
      if (peer.rank() == 0) hosts_first = true;
      return program(peer);
    });
    if (sum != 0) say("sum " + std::to_string(std::bit_cast<std::uint64_t>(sum)));
  } catch (const std::exception& error) {
    say(std::string("error ") + error.what());
    return 1;
  }
}
