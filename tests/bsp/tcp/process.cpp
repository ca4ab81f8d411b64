// One process of a job: `bsp_tcp_process <program> <option>=<value>...`. Says what happens in lines on its standard
// output: what a program announces, then `ok <value>` or `error <code> <type> <text>`.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "bsp/tcp/link_faults.hpp"
#include "bsp/tcp/programs.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/processes/process_lost.hpp"
#include "scalar/bsp/processes/tcp.hpp"
#include "support/process_words.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using test::say;

namespace {

test::Words words;

bool is_first(Peer& peer) { return peer.rank() == peer.world().first(); }  // of this process

/// Syncs until it is stopped.
Task<std::uint64_t> barriers(Peer& peer) {
  for (std::uint64_t step = 0;; ++step) {
    co_await peer.sync();
    if (step == 100 && is_first(peer)) say("running");
  }
}

/// Sends payloads of `bytes` bytes until it is stopped.
Task<std::uint64_t> payloads(Peer& peer) {
  auto box = peer.mailbox<std::uint64_t>();
  const std::vector<std::uint64_t> payload(static_cast<std::size_t>(words.number("bytes", 32 << 20)) / 8, 42);
  for (std::uint64_t step = 0;; ++step) {
    for (int to = 0; to < peer.size(); ++to)
      if (to != peer.rank()) box.send(to, std::span(payload));
    if (step == 3 && is_first(peer)) say("running");
    co_await peer.sync();
    for (const std::uint64_t value : box.received())
      if (value != 42) throw std::runtime_error("another value came");
  }
}

/// Computes for `compute` milliseconds in one superstep, in process `busy` (-1: in all).
Task<std::uint64_t> computing(Peer& peer) {
  co_await peer.sync();
  if (is_first(peer)) say("running");
  const int busy = words.number("busy", -1);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(words.number("compute", 0));
  std::uint64_t spins = 0;
  if (busy < 0 || busy == words.number("process", 0))
    while (std::chrono::steady_clock::now() < until) ++spins;
  co_await peer.sync();
  co_return spins == ~std::uint64_t{0} ? 1 : 0;
}

Task<std::uint64_t> thrower(Peer& peer) {
  for (int step = 0; step < 1000; ++step) {
    if (step == 7 && peer.rank() == words.number("throws", 0)) throw std::out_of_range("peer has no more to say");
    co_await peer.sync();
  }
  co_return 0;
}

/// Until the file is there. The others wait at the barrier, and heartbeats go on.
void await_file(const std::string& path) {
  while (::access(path.c_str(), F_OK) != 0) ::usleep(1000);
}

/// Adds up `steps` terms, with a checkpoint after each; announces where it begins, and multiples of `say`. When `hold`
/// names a file, the first peer of all waits for it after step 100.
Task<std::uint64_t> counting(Peer& peer) {
  std::uint64_t step = 0, sum = 0;
  peer.persist(step, sum);
  const auto steps = static_cast<std::uint64_t>(words.number("steps", 1000));
  const auto every = static_cast<std::uint64_t>(words.number("say", 100));
  if (is_first(peer)) say("from " + std::to_string(step));
  while (step < steps) {
    sum += co_await all_reduce(peer, static_cast<std::uint64_t>(peer.rank() + 1) * step, std::plus{});
    ++step;
    if (step % every == 0 && is_first(peer)) say("step " + std::to_string(step));
    if (step == 100 && peer.rank() == 0 && words.has("hold")) await_file(words.text("hold"));
    co_await peer.checkpoint();
  }
  co_return sum;
}

/// Sends payloads of `bytes` bytes in each of `steps` steps, with a checkpoint after each, and adds up what comes.
Task<std::uint64_t> hauling(Peer& peer) {
  auto box = peer.mailbox<std::uint64_t>();
  std::uint64_t step = 0, sum = 0;
  peer.persist(step, sum);
  const auto steps = static_cast<std::uint64_t>(words.number("steps", 20));
  while (step < steps) {
    const std::uint64_t value = static_cast<std::uint64_t>(peer.rank() + 1) * step;
    const std::vector<std::uint64_t> payload(static_cast<std::size_t>(words.number("bytes", 1 << 20)) / 8, value);
    for (int to = 0; to < peer.size(); ++to) box.send(to, std::span(payload));
    if (is_first(peer)) say("step " + std::to_string(step));
    co_await peer.sync();
    for (const std::uint64_t came : box.received()) sum += came;
    ++step;
    co_await peer.checkpoint();
  }
  co_return co_await all_reduce(peer, sum, std::plus{});
}

/// The last peer gets `bytes` bytes from the first one, in a process that may take `memory` bytes more than it has.
Task<std::uint64_t> flood(Peer& peer) {
  auto box = peer.mailbox<std::uint64_t>();
  co_await peer.sync();
  const bool is_last = peer.rank() == peer.size() - 1;
  if (is_last) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most =
        pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + static_cast<rlim_t>(words.number("memory", 0));
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) throw std::runtime_error("no limit");
  }
  co_await peer.sync();
  const std::vector<std::uint64_t> payload(peer.rank() == 0 ? static_cast<std::size_t>(words.number("bytes", 0)) / 8
                                                            : 0);
  box.send(peer.size() - 1, std::span(payload));
  co_await peer.sync();
  co_return box.received().size();
}

bsp::ClockLog recorded, replayed;

/// Records its clock when `record` names a file, and replays that of `replay`.
Task<std::uint64_t> stale(Peer& peer) {
  const bsp::StaleClockOptions options{.staleness = words.number("staleness", 3),
                                       .record = words.has("record") ? &recorded : nullptr,
                                       .replay = words.has("replay") ? &replayed : nullptr};
  return bsp_tcp_test::stale(peer, options, words.number("first", -1));
}

using Program = Task<std::uint64_t> (*)(Peer&);

const std::map<std::string, Program> programs{{"agree", bsp_tcp_test::agree},
                                              {"bulk", bsp_tcp_test::bulk},
                                              {"barriers", barriers},
                                              {"payloads", payloads},
                                              {"computing", computing},
                                              {"counting", counting},
                                              {"thrower", thrower},
                                              {"hauling", hauling},
                                              {"stale", stale},
                                              {"flood", flood}};

/// Says what the first peer here is told of another's failure.
Task<std::uint64_t> watched(Program program, Peer& peer) {
  try {
    Task<std::uint64_t> task = program(peer);
    const std::uint64_t value = co_await std::move(task);
    co_return value;
  } catch (const bsp::Aborted& error) {
    if (is_first(peer)) say(std::string("aborted ") + error.what());
    throw;
  }
}

/// From now on this process finds the addresses of hosts in `file`.
void know_hosts(const std::string& file) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(file.c_str(), "/etc/placement", nullptr, MS_BIND, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "no placement of its own");
}

/// The words between commas.
std::vector<std::string> list(const std::string& text) {
  std::vector<std::string> all;
  std::stringstream in(text);
  for (std::string one; std::getline(in, one, ',');) all.push_back(one);
  return all;
}

int run(const std::string& program) {
  if (words.has("cut_from")) test::cut_at_signal(list(words.text("cut_from")));
  test::set_send_fault({.error = words.number("send_error", 0),
                        .call = words.number("send_call", 1),
                        .least_bytes = static_cast<std::size_t>(words.number("send_bytes", 1))});
  if (!words.text("placement").empty()) know_hosts(words.text("placement"));
  const bsp::TcpOptions tcp{
      .coordinator = words.text("coordinator"),
      .process = words.number("process", -1),
      .processes = words.number("processes", 0),
      .newcomer = words.number("newcomer", 0) != 0,
      .job = words.text("job"),
      .listen = words.text("listen"),
      .token = words.text("token"),
      .tls = {words.text("certificate"), words.text("key"), words.text("ca")},
      .allow_insecure = words.number("allow_insecure", 0) != 0,
      .join_timeout = std::chrono::milliseconds(words.number("join_timeout", 30'000)),
      .heartbeat_interval = std::chrono::milliseconds(words.number("heartbeat_interval", 100)),
      .heartbeat_pause = std::chrono::milliseconds(words.number("heartbeat_pause", 1'500)),
      .stall_timeout = std::chrono::milliseconds(words.number("stall_timeout", 5'000)),
      .minority_pause = std::chrono::milliseconds(words.number("minority_pause", 3'000)),
      .window_bytes = static_cast<std::size_t>(words.number("window", 64 << 20)),
  };
  const bsp::Engine engine(
      {.peers = words.number("peers", 4),
       .workers = words.number("workers", 1),
       .transport = bsp::tcp(tcp),
       .superstep_deadline = std::chrono::milliseconds(words.number("deadline", 0)),
       .checkpoints = {.directory = words.text("directory"), .recover = !words.text("directory").empty()}});
  if (words.has("replay")) replayed = bsp::ClockLog::load(words.text("replay"));
  std::uint64_t value = 0;
  for (int i = 0; i < words.number("runs", 1); ++i) {
    value = engine.run([&](Peer& peer) { return watched(programs.at(program), peer); });
  }
  if (words.has("record")) recorded.save(words.text("record"));
  say("ok " + std::to_string(value));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  words = test::Words(argc, argv);
  const auto report = [](std::string_view code, const char* type, std::string text) {
    for (char& c : text)
      if (c == '\n') c = ' ';
    say("error " + std::string(code) + ' ' + type + ' ' + text);
    return 1;
  };
  try {
    return run(argc > 1 ? argv[1] : "agree");
  } catch (const bsp::ProcessLost& error) {
    return report(name(error.code()), "ProcessLost", error.what());
  } catch (const Error& error) {
    return report(name(error.code()), "Error", error.what());
  } catch (const std::exception& error) {
    return report("none", "exception", error.what());
  }
}
