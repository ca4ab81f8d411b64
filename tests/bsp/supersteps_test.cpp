#include "scalar/bsp/supersteps.hpp"

#include <numeric>
#include <string>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Mailbox;
using bsp::Peer;
using bsp_test::engine_of;
using bsp_test::places;

namespace {

/// The greatest number of all, by telling the right neighbor: halts when nobody learns
/// more.
struct Greatest {
  int value = 0;
  std::string log;

  void setup(Peer& peer) { value = (peer.rank() * 37) % 101, log += "setup "; }
  bool tell(Peer& peer, Mailbox<int>& box) {
    box.send(peer.right(), value);
    return false;
  }
  bool listen(Peer&, Mailbox<int>& box) {
    const int before = value;
    for (const int other : box.received()) value = std::max(value, other);
    return value == before;
  }
  void cleanup(Peer&) { log += "cleanup"; }
};

}  // namespace

TEST_CASE("a chain of functions runs in turn until all would halt") {
  struct Count {
    int first = 0, second = 0;
    std::uint64_t supersteps = 0;
    void cleanup(Peer& peer) { supersteps = peer.superstep(); }
  };
  for (const auto& place : places(5)) {
    INFO(place.name);
    auto body = bsp::supersteps<int>(Count{}, {[](Count& count, Peer& peer, Mailbox<int>&) {
                                                 ++count.first;
                                                 return peer.rank() != 2;  // one that would not halt is enough
                                               },
                                               [](Count& count, Peer& peer, Mailbox<int>&) {
                                                 ++count.second;
                                                 return count.second > peer.rank();
                                               }});
    for (const Count& count : bsp::Engine(place.options).run_all(body)) {
      CHECK(count.first == 5);  // rank 4 is the last to agree
      CHECK(count.second == 5);
      CHECK(count.supersteps == 10);
    }
  }
}

TEST_CASE("steps may be members of the state, which is set up and cleaned up") {
  const auto states = engine_of(9).run_all(bsp::supersteps<int>(Greatest{}, {&Greatest::tell, &Greatest::listen}));
  for (const Greatest& state : states) {
    CHECK(state.value == 8 * 37 % 101);
    CHECK(state.log == "setup cleanup");
  }
}

TEST_CASE("messages go from one step to the next, by source rank") {
  struct Sum {
    std::vector<std::string> seen;
  };
  auto body =
      bsp::supersteps<std::string>(Sum{}, {[](Sum&, Peer& peer, Mailbox<std::string>& box) {
                                             for (int to = peer.size(); to-- > 0;)
                                               box.send(to, std::to_string(peer.rank()) + ">" + std::to_string(to));
                                             return false;
                                           },
                                           [](Sum& sum, Peer&, Mailbox<std::string>& box) {
                                             for (const std::string& text : box.received()) sum.seen.push_back(text);
                                             return true;
                                           }});
  const auto sums = engine_of(3).run_all(body);
  CHECK(sums[1].seen == std::vector<std::string>{"0>1", "1>1", "2>1"});
}

TEST_CASE("an empty chain ends at once with the start, and a step that throws ends the run") {
  CHECK(engine_of(2).run(bsp::supersteps<int>(42, {})) == 42);
  auto body = bsp::supersteps<int>(0, {[](int&, Peer& peer, Mailbox<int>&) -> bool {
                                     if (peer.rank() == 1) throw std::runtime_error("step of 1");
                                     return true;
                                   }});
  CHECK_THROWS_WITH(engine_of(3).run(body), "step of 1");
}

TEST_CASE("over several processes a chain halts everywhere in the same superstep") {
  std::vector<std::vector<Greatest>> states(3);
  bsp_test::in_processes(3, {.peers = 9, .workers = 2, .executor = &bsp_test::host_threads()},
                         [&](bsp::Engine& engine, int process) {
                           states[static_cast<std::size_t>(process)] =
                               engine.run_all(bsp::supersteps<int>(Greatest{}, {&Greatest::tell, &Greatest::listen}));
                         });
  std::size_t peers = 0;
  for (const auto& some : states)
    for (const Greatest& state : some) {
      ++peers;
      CHECK(state.value == 8 * 37 % 101);
      CHECK(state.log == "setup cleanup");
    }
  CHECK(peers == 9);
}
