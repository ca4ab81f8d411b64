// A steady superstep allocates nothing, and memory that is exhausted is an error: every operator new of the process is
// counted, and may be made to fail.
#include "scalar/bsp.hpp"

#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
namespace {

std::atomic<long> allocations{0};
std::atomic<long> until_failure{0};   // how many more are granted, less one; 0: all
std::atomic<long> failures{0};        // how many have failed
thread_local long granted_here = -1;  // how many more this thread is granted; then none. -1: all

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (granted_here == 0) {
    ++failures;
    throw std::bad_alloc();
  }
  if (granted_here > 0) --granted_here;
  if (until_failure.load(std::memory_order_relaxed) > 0 && until_failure.fetch_sub(1) == 1) {
    ++failures;
    throw std::bad_alloc();
  }
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(bytes != 0 ? bytes : 1)
                     : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

Task<double> helper(Peer& peer, double value) { co_return co_await all_reduce(peer, value, std::plus{}); }

Task<> helper_with_mailbox(Peer& peer) {
  auto box = peer.mailbox<long>();
  box.send(peer.left(), 1);
  co_await peer.sync();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

TEST_CASE("the counter counts") {
  const long before = allocations;
  int* volatile kept = new int(1);  // volatile: an optimizer may leave out a pair of new and delete
  delete kept;
  CHECK(allocations - before == 1);
}

TEST_CASE("steady supersteps allocate nothing") {
  for (const int peers : {1, 2, 8, 64})
    for (const int workers : {1, 2}) {
      INFO(peers << " peers, " << workers << " workers");
      auto body = [](Peer& peer) -> Task<long> {
        auto numbers = peer.mailbox<long>();
        auto pairs = peer.mailbox<std::pair<int, double>>();
        std::vector<double> gradient(500, 1.0);
        long first = 0, last = 0;
        for (int step = 0; step < 60; ++step) {
          if (step == 20) first = allocations;
          for (int k = 0; k < 100; ++k) numbers.send((peer.rank() + k) % peer.size(), k);
          pairs.send(peer.right(), {1, 2.0});
          co_await peer.sync();
          double sum = 0;
          for (const long value : numbers.received()) sum += static_cast<double>(value);
          sum = co_await helper(peer, sum);
          co_await helper_with_mailbox(peer);
          co_await all_reduce(peer, std::span(gradient), [](double a, double) { return a; });
          co_await broadcast(peer, sum, peer.size() - 1);
          last = allocations;
        }
        co_return last - first;
      };
      const bsp::Engine engine({.peers = peers, .workers = workers, .executor = &bsp_test::host_threads()});
      for (const long count : engine.run_all(body)) CHECK(count == 0);
    }
}

namespace {

void send_to_keys(bsp::Combining<unsigned, double>& box, int step) {
  for (unsigned i = 0; i < (step % 2 == 0 ? 2000u : 20u); ++i) box.send(i * 7 % 500, 1.0);
}

}  // namespace

TEST_CASE("steady supersteps of combined messages, puts and exchanges allocate nothing") {
  using bsp::CombinePolicy;
  for (const CombinePolicy policy :
       {CombinePolicy::automatic, CombinePolicy::dense, CombinePolicy::hash, CombinePolicy::plain}) {
    INFO(name(policy));
    auto body = [&](Peer& peer) -> Task<long> {
      bsp::Combining<unsigned, double> keys(peer, {.keys = 500, .policy = policy});
      bsp::Shared<int> shared(peer, 100);
      const auto peers = static_cast<std::size_t>(peer.size());
      std::vector<int> values(64 * peers), received(64 * peers), gathered(peers);
      std::vector<std::size_t> cuts(peers + 1), received_cuts;
      for (std::size_t i = 0; i <= peers; ++i) cuts[i] = 64 * i;
      long first = 0, last = 0;
      for (int step = 0; step < 60; ++step) {
        if (step == 30) first = allocations;
        send_to_keys(keys, step);
        co_await peer.sync();
        double sum = 0;
        keys.receive([&](unsigned, double value) { sum += value; });
        int out = 0;
        shared.put(peer.right(), 3, std::span<const int>(values).first(50));
        shared.get(peer.left(), 7, out);
        co_await shared.sync();
        co_await bsp::all_to_all_v(peer, values, cuts, received, received_cuts);
        co_await bsp::scan(peer, std::span(values), std::plus{});
        co_await bsp::all_gather(peer, out, gathered);
        last = allocations;
      }
      co_return last - first;
    };
    const bsp::Engine engine({.peers = 4, .workers = 2, .executor = &bsp_test::host_threads()});
    for (const long count : engine.run_all(body)) CHECK(count == 0);
  }
}

namespace {

Task<long> sum_of_all(Peer& peer, long value) { co_return co_await all_reduce(peer, value, std::plus{}); }

Task<long> messages_of_all_kinds(Peer& peer) {
  auto numbers = peer.mailbox<long>();
  auto strings = peer.mailbox<std::string>();
  auto texts = peer.mailbox<std::string_view>();
  long sum = 0;
  for (int step = 0; step < 3; ++step) {
    for (int i = 0; i < 50; ++i) numbers.send(peer.right(), i);
    strings.emplace(peer.left(), 40, 'x');
    texts.send(peer.right(), "a text of some length");
    co_await peer.sync();
    for (const long number : numbers.received()) sum += number;
    for (const std::string& text : strings.received()) sum += static_cast<long>(text.size());
    for (const std::string_view text : texts.received()) sum += static_cast<long>(text.size());
    sum = co_await sum_of_all(peer, sum);
  }
  co_return sum;
}

Task<long> collectives_of_all_kinds(Peer& peer) {
  const std::vector<long> mine(static_cast<std::size_t>(peer.rank()) + 1, 3);
  std::vector<long> values(100, peer.rank()), all, back;
  std::vector<std::size_t> cuts;
  co_await all_reduce(peer, std::span(values), std::plus{});
  co_await broadcast(peer, std::span(values), 1);
  co_await bsp::all_gather_v(peer, mine, all, cuts);
  co_await bsp::scatter_v(peer, all, cuts, back, 1);
  co_await bsp::scan(peer, std::span(values), std::plus{});
  bsp::Combining<unsigned, long> keys(peer, {.keys = 500});
  for (unsigned key = 0; key < 500; key += 7) keys.send(key, 1);
  co_await peer.sync();
  long sum = values[0] + static_cast<long>(back.size());
  keys.receive([&](unsigned, long value) { sum += value; });
  co_return co_await all_reduce(peer, sum, std::plus{});
}

Task<long> teams_and_clocks(Peer& peer) {
  long sum = 0;
  {
    bsp::Team team = co_await peer.split(peer.rank() % 2);
    auto box = team->mailbox<int>();
    for (int step = 0; step < 3; ++step) {
      box.send(team->right(), step);
      co_await team->sync();
      for (const int value : box.received()) sum += value;
    }
  }
  {
    bsp::StaleClock clock(peer, {.staleness = 1});
    bsp::ParameterTable<double> table(clock, 4, 2);
    const std::vector<double> row{1, 2};
    for (int step = 0; step < 3; ++step) {
      table.push(static_cast<std::size_t>(peer.rank()), row);
      co_await clock.tick();
    }
  }
  co_return co_await all_reduce(peer, sum, std::plus{});
}

Task<long> on_threads_of_their_own(Peer& peer) {
  auto blocking = [](bsp::BlockingPeer& self) { return all_reduce(self, 1L, std::plus{}); };
  co_return co_await peer.offload(blocking);
}

/// Runs `body` once for each of its allocations, which fails. Returns how many there are.
template <class Body>
long fail_each_allocation(bsp::EngineOptions options, Body body) {
  for (long k = 1; k < 20'000; ++k) {
    if (options.trace != nullptr) options.trace = std::make_shared<bsp::Trace>();
    const bsp::Engine engine(options);
    std::string wrong;
    const long before = failures;
    until_failure = k;
    try {
      engine.run_all(body);
    } catch (const Error& error) {
      until_failure = 0;
      if (error.code() != Errc::resource_exhausted) wrong = error.what();
    } catch (const std::exception& error) {
      until_failure = 0;
      wrong = std::string("of a type of its own: ") + error.what();
    }
    until_failure = 0;
    INFO("allocation " << k);
    CHECK(wrong == "");
    if (failures == before) return k - 1;
  }
  return -1;
}

}  // namespace

TEST_CASE("exhausted memory is an error, whichever allocation of a run it is") {
  struct Program {
    const char* name;
    Task<long> (*body)(Peer&);
  };
  for (const Program& program : {Program{"messages", messages_of_all_kinds},
                                 {"collectives", collectives_of_all_kinds},
                                 {"teams and clocks", teams_and_clocks},
                                 {"threads", on_threads_of_their_own}})
    for (const int workers : {1, 3})
      for (const bool traced : {false, true}) {
        INFO(program.name << ", " << workers << " workers" << (traced ? ", traced" : ""));
        bsp::EngineOptions options{.peers = 4, .workers = workers, .executor = &bsp_test::host_threads()};
        if (traced) options.trace = std::make_shared<bsp::Trace>();
        CHECK(fail_each_allocation(options, program.body) > 20);
      }
}

namespace {

/// Frames come in while no memory is left after some allocations. As in a real transport, what is lost then is noted
/// and ends no process.
class Starved final : public bsp_test::Loopback {
 public:
  using Loopback::Loopback;
  void poll(Sink& sink) override {
    Tight tight{sink, granted};
    Loopback::poll(tight);
  }
  long granted = -1;  // in each frame

 private:
  struct Tight final : Sink {
    Tight(Sink& to, long most) : sink(to), granted(most) {}
    bsp::Buffer allocate(std::size_t bytes) override { return sink.allocate(bytes); }
    void exhausted(int process, std::size_t bytes) override { sink.exhausted(process, bytes); }
    void received(int process, bsp::Buffer frame) override {
      granted_here = granted;
      try {
        sink.received(process, std::move(frame));
      } catch (const std::bad_alloc&) {
      }
      granted_here = -1;
    }
    void lost(int process, const std::string& reason) override { sink.lost(process, reason); }
    Sink& sink;
    long granted;
  };
};

/// Runs `body` in two processes, the second of which is granted `granted` allocations a frame. What each run ends with.
std::pair<std::string, std::string> ends_of_starved(long granted, Task<long> (*body)(Peer&)) {
  const auto board = std::make_shared<bsp_test::Switchboard>(2);
  std::string ends[2];
  std::vector<std::thread> threads;
  for (int process = 0; process < 2; ++process)
    threads.emplace_back([&, process] {
      const auto transport = std::make_shared<Starved>(board, process);
      if (process == 1) transport->granted = granted;
      bsp::EngineOptions options{.peers = 4, .workers = 1};
      options.transport = transport;
      try {
        bsp::Engine(options).run_all(body);
      } catch (const Error& error) {
        ends[process] = std::string(name(error.code()));
      }
    });
  for (std::thread& thread : threads) thread.join();
  return {ends[0], ends[1]};
}

Task<long> fails_elsewhere(Peer& peer) {
  co_await peer.sync();
  if (peer.rank() == 0) throw Error(Errc::out_of_range, "a row that is described at length", "a table with a name");
  co_return co_await sum_of_all(peer, 1);
}

Task<long> at_different_collectives(Peer& peer) {
  co_await peer.sync();
  if (peer.rank() == 0) co_await all_reduce(peer, 1.0, std::plus{});
  co_return co_await sum_of_all(peer, 1);
}

}  // namespace

TEST_CASE("a process that has no memory left while frames come in ends the run in all processes") {
  for (long granted = 0; granted < 60; ++granted) {
    INFO(granted << " allocations a frame");
    const auto [one, other] = ends_of_starved(granted, messages_of_all_kinds);
    CHECK(one == other);
    CHECK((one == "" || one == "resource_exhausted"));
    if (granted == 0) CHECK(one != "");
    const auto [thrower, told] = ends_of_starved(granted, fails_elsewhere);
    CHECK((thrower == "out_of_range" || thrower == "resource_exhausted"));
    CHECK((told == "out_of_range" || told == "resource_exhausted"));
    const auto [first, second] = ends_of_starved(granted, at_different_collectives);
    CHECK((first == "invalid_argument" || first == "resource_exhausted"));
    CHECK((second == "invalid_argument" || second == "resource_exhausted"));
  }
}

TEST_CASE("what was asked for is said when memory is exhausted") {
  const bsp::Engine engine({.peers = 2, .workers = 1});
  const auto message = [&](auto body) {
    try {
      engine.run(body);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::resource_exhausted);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message([](Peer& peer) -> Task<> {
          auto box = peer.mailbox<long>();
          const std::vector<long> values(1000);
          co_await peer.sync();
          if (peer.rank() == 1) {
            box.send(0, 1L);
            until_failure = 1;  // the rest does not fit into the block
            box.send(0, std::span<const long>(values));
          }
        }) == "bsp peer 1: there is no memory for 8008 bytes of messages to peer 0");
  CHECK(message([](Peer& peer) -> Task<> {
          co_await peer.sync();
          if (peer.rank() == 1) until_failure = 1;
          co_await sum_of_all(peer, 1);
        }).find("bsp: there is no memory for a coroutine's frame of ") == 0);
  CHECK(message([](Peer& peer) -> Task<> {
          co_await peer.sync();
          if (peer.rank() == 1) throw std::bad_alloc();
        }) == "bsp superstep 1: there is no memory for what peer 1 has asked for");
}
#endif
