// Worlds of more peers than have a place for each other.
#include "scalar/bsp/detail/sparse_blocks.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr int many = 5000;  // more than Channel::most_paged
static_assert(many > bsp::detail::Channel<int>::most_paged);

struct Mail {
  int source, step, number;
};

/// Whom peer `rank` writes to in a superstep, how often each: a few, and all of them now and then.
std::vector<int> destinations(int rank, int step) {
  std::minstd_rand dice(static_cast<unsigned>(rank * 31 + step * 7 + 1));
  std::vector<int> all(dice() % 6);
  for (int& to : all) to = static_cast<int>(dice() % many);
  for (std::size_t i = 1; i < all.size(); i += 2) all[i] = all[0];  // some more than once
  if (rank % 500 == step) all.push_back(0);
  return all;
}

/// How many of the messages that should have come have not, or in another order.
Task<int> write_to_few(Peer& peer, int steps) {
  auto box = peer.mailbox<Mail>();
  auto texts = peer.mailbox<std::string>();
  int wrong = 0;
  for (int step = 0; step < steps; ++step) {
    int number = 0;
    for (const int to : destinations(peer.rank(), step)) {
      box.send(to, {peer.rank(), step, number++});
      texts.emplace(to, std::to_string(peer.rank()));
    }
    co_await peer.sync();
    int before = -1;
    std::size_t got = 0;
    for (const auto& run : box.runs()) {
      wrong += run.source <= before;
      before = run.source;
      const std::vector<int> sent = destinations(run.source, step);
      std::size_t at = 0;
      for (const Mail& mail : run.values) {
        while (at < sent.size() && sent[at] != peer.rank()) ++at;
        wrong += mail.source != run.source || mail.step != step || mail.number != static_cast<int>(at);
        ++at, ++got;
      }
    }
    std::size_t words = 0;
    for (const std::string& text : texts.received()) wrong += text.empty(), ++words;
    wrong += words != got;
    const std::size_t all = co_await all_reduce(peer, got, std::plus{});
    if (peer.rank() != 0) continue;
    std::size_t expected = 0;
    for (int rank = 0; rank < many; ++rank) expected += destinations(rank, step).size();
    wrong += all != expected;
  }
  co_return wrong;
}

}  // namespace

TEST_CASE("messages among more peers than have places for each other come whole and in order, in one process and two") {
  auto body = [](Peer& peer) { return write_to_few(peer, 6); };
  CHECK(bsp_test::engine_of(many).run(body) == 0);
  for (const int wrong : bsp_test::engine_of(many).run_all(body)) CHECK(wrong == 0);
  bsp_test::in_processes(2, bsp_test::engine_of(many).options(), [&](bsp::Engine& engine, int) {
    for (const int wrong : engine.run_all(body))
      if (wrong != 0) throw Error(Errc::failed, "messages are wrong");
  });
}

TEST_CASE("a peer among many may come late, leave early, or have no mailbox for a while") {
  const auto counts = bsp_test::engine_of(many).run_all([](Peer& peer) -> Task<int> {
    auto box = peer.mailbox<int>();
    if (peer.rank() == 7) co_return 0;
    int got = 0;
    for (int step = 0; step < 6; ++step) {
      if (peer.rank() % 3 == 0) box.send(7, step);
      box.send(peer.right(), step);
      if (peer.rank() != 1 || step % 2 == 0) box.send(step, peer.rank());
      co_await peer.sync();
      for (const int value : box.received(peer.left())) got += value == step;
    }
    co_return got;
  });
  for (int rank = 0; rank < many; ++rank) {
    const int left = rank == 0 ? many - 1 : rank - 1;
    if (rank == 7 || left == 7) continue;
    INFO(rank);
    CHECK(counts[static_cast<std::size_t>(rank)] >= 6);
  }
}

TEST_CASE("blocks of many destinations are found again, superstep after superstep") {
  bsp::detail::SparseBlocks<int> blocks;
  std::minstd_rand dice(3);
  for (int superstep = 0; superstep < 200; ++superstep) {
    std::unordered_map<int, bsp::detail::SparseBlock<int>*> expected;
    for (int i = 0; i < superstep; ++i) {
      const int to = static_cast<int>(dice() % 300);
      bsp::detail::SparseBlock<int>& block = blocks.find_or_add(to);
      const auto [at, is_new] = expected.try_emplace(to, &block);
      REQUIRE(at->second == &block);
    }
    REQUIRE(blocks.used().size() == expected.size());
    for (int to = 0; to < 300; ++to) {
      const auto at = expected.find(to);
      REQUIRE(blocks.find(to) == (at == expected.end() ? nullptr : at->second));
    }
    blocks.clear();
  }
  CHECK(blocks.all().size() <= 200);
}

TEST_CASE("blocks are found whatever destinations and orders earlier supersteps have had") {
  // Four of eight destinations in changing order: with some of these sets, what earlier supersteps had left in the
  // table once counted again until no slot was free, and a search did not end.
  for (unsigned seed = 480; seed < 490; ++seed) {
    bsp::detail::SparseBlocks<int> blocks;
    std::minstd_rand dice(seed);
    std::vector<int> some(8);
    for (int& to : some) to = static_cast<int>(dice() % many);
    int wrong = 0;
    for (int superstep = 0; superstep < 2000; ++superstep) {
      for (std::size_t i = some.size(); i-- > 1;) std::swap(some[i], some[dice() % (i + 1)]);
      for (int i = 0; i < 4; ++i) blocks.find_or_add(some[static_cast<std::size_t>(i)]);
      for (std::size_t i = 0; i < some.size(); ++i) {
        const bsp::detail::SparseBlock<int>* const block = blocks.find(some[i]);
        wrong += i < 4 ? block == nullptr || block->destination != some[i] : block != nullptr;
      }
      blocks.clear();
    }
    CHECK(wrong == 0);
  }
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
namespace {

constexpr int report = 3;  // the file to which the process below writes
constexpr const char* peers_of_ring = "SCALAR_TEST_PEERS_OF_RING";

/// The most memory that this process has taken, in bytes. What `getrusage` says would begin with the pages of the
/// process that started this one.
std::uint64_t own_peak() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
  return 0;
}

long sum_of_ring(int peers) {
  return bsp::Engine({.peers = peers, .workers = 1}).run([](Peer& peer) -> Task<long> {
    auto box = peer.mailbox<long>();
    long got = 0;
    for (int step = 0; step < 4; ++step) {
      box.send(peer.right(), 1);
      co_await peer.sync();
      for (const long value : box.received()) got += value;
    }
    co_return co_await all_reduce(peer, got, std::plus{});
  });
}

/// The most memory that a process of its own takes while peers in a ring write to each other, in bytes. It is a new
/// program: this one may have threads, whose locks a forked process would keep for ever, and much memory.
std::uint64_t peak_of_ring(int peers) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], report);
  std::string program = "bsp_tests", test = "[ring-of-its-own]", setting = peers_of_ring;
  setting += "=" + std::to_string(peers);
  char* arguments[] = {program.data(), test.data(), nullptr};
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  environment.insert(environment.end(), {setting.data(), nullptr});
  pid_t child = -1;
  const int error = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::uint64_t peak = 0;
  const bool has_come = error == 0 && ::read(ends[0], &peak, sizeof peak) == static_cast<ssize_t>(sizeof peak);
  ::close(ends[0]);
  REQUIRE(error == 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(has_come);
  return peak;
}

}  // namespace

TEST_CASE("what a process of its own does for the tests of memory", "[.][ring-of-its-own]") {
  const char* const peers = std::getenv(peers_of_ring);
  if (peers == nullptr) return;  // somebody asked for all hidden tests
  REQUIRE(sum_of_ring(std::stoi(peers)) == 4L * std::stoi(peers));
  const std::uint64_t peak = own_peak();
  REQUIRE(::write(report, &peak, sizeof peak) == static_cast<ssize_t>(sizeof peak));
}

TEST_CASE("the memory of mailboxes follows the pairs that talk: 100,000 peers in a ring") {
  CHECK(peak_of_ring(100'000) < 500'000'000);
}

TEST_CASE("as many peers as there may be run and write to each other", "[.][large]") {
  const std::uint64_t bytes = peak_of_ring(1 << 20);
  WARN("1,048,576 peers in a ring take " << bytes / 1'000'000 << " MB");
  CHECK(bytes < 5'000'000'000);
}
#endif
