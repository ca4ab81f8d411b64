// One process of a job: `bsp_tcp_process <program> <option>=<value>...`. Says what happens in lines on its standard
// output: what a program announces, then `ok <value>` or `error <code> <type> <text>`.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>

#include "bsp_tcp/programs.hpp"
#include "scalar/bsp/process_lost.hpp"
#include "scalar/bsp/tcp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

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
  if (write(1, text.data(), text.size()) < 0) std::_Exit(3);
}

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
  const std::vector<std::uint64_t> payload(static_cast<std::size_t>(number("bytes", 32 << 20)) / 8, 42);
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
  const int busy = number("busy", -1);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(number("compute", 0));
  std::uint64_t spins = 0;
  if (busy < 0 || busy == number("process", 0))
    while (std::chrono::steady_clock::now() < until) ++spins;
  co_await peer.sync();
  co_return spins == ~std::uint64_t{0} ? 1 : 0;
}

Task<std::uint64_t> thrower(Peer& peer) {
  for (int step = 0; step < 1000; ++step) {
    if (step == 7 && peer.rank() == number("throws", 0)) throw std::out_of_range("peer has no more to say");
    co_await peer.sync();
  }
  co_return 0;
}

/// Adds up `steps` terms, with a checkpoint after each, and announces those that are multiples of `say`.
Task<std::uint64_t> counting(Peer& peer) {
  std::uint64_t step = 0, sum = 0;
  peer.persist(step, sum);
  const auto steps = static_cast<std::uint64_t>(number("steps", 1000));
  const auto every = static_cast<std::uint64_t>(number("say", 100));
  while (step < steps) {
    sum += co_await peer.all_reduce(static_cast<std::uint64_t>(peer.rank() + 1) * step, std::plus{});
    ++step;
    if (step % every == 0 && is_first(peer)) say("step " + std::to_string(step));
    co_await peer.checkpoint();
  }
  co_return sum;
}

int run(const std::string& program) {
  const bsp::TcpOptions tcp{
      .coordinator = option("coordinator"),
      .process = number("process", -1),
      .processes = number("processes", 0),
      .newcomer = number("newcomer", 0) != 0,
      .job = option("job"),
      .listen = option("listen"),
      .token = option("token"),
      .tls = {option("certificate"), option("key"), option("ca")},
      .allow_insecure = number("allow_insecure", 0) != 0,
      .join_timeout = std::chrono::milliseconds(number("join_timeout", 30'000)),
      .stall_timeout = std::chrono::milliseconds(number("stall_timeout", 5'000)),
      .window_bytes = static_cast<std::size_t>(number("window", 64 << 20)),
  };
  const bsp::Engine engine(
      {.peers = number("peers", 4),
       .workers = number("workers", 1),
       .transport = bsp::tcp(tcp),
       .checkpoints = {.directory = option("directory"), .recover = !option("directory").empty()}});
  std::uint64_t value = 0;
  for (int i = 0; i < number("runs", 1); ++i) {
    if (program == "agree") value = engine.run(bsp_tcp_test::agree);
    if (program == "barriers") value = engine.run(barriers);
    if (program == "payloads") value = engine.run(payloads);
    if (program == "computing") value = engine.run(computing);
    if (program == "counting") value = engine.run(counting);
    if (program == "thrower") value = engine.run(thrower);
  }
  say("ok " + std::to_string(value));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const char* equals = std::strchr(argv[i], '=');
    if (equals != nullptr)
      options.emplace(std::string(argv[i], static_cast<std::size_t>(equals - argv[i])), equals + 1);
  }
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
