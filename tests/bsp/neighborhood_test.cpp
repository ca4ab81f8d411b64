#include "scalar/bsp/topology/neighborhood.hpp"

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp/topology/embedding.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Neighborhood;
using bsp::Peer;
using bsp::Task;
using bsp::Topology;
using bsp_test::engine_of;
using Catch::Matchers::Contains;

TEST_CASE("what is sent to all neighbors arrives at exactly them, by rank") {
  for (const Topology& topology :
       {Topology::ring(1), Topology::ring(2), Topology::ring(7), Topology::tree(10, 3), Topology::torus({3, 4}),
        Topology::hypercube(8), Topology::complete(5), embed(Topology::grid({4, 4}), 4)}) {
    INFO(topology.name());
    auto body = [&topology](Peer& peer) -> Task<bool> {
      Neighborhood<std::string> near(peer, topology);
      near.send_to_all_neighbors("from " + std::to_string(peer.rank()));
      near.send(peer.rank(), "own");
      co_await peer.sync();
      const std::vector<int> expected = topology.neighbors(peer.rank());
      bool right = std::vector<int>(near.neighbors().begin(), near.neighbors().end()) == expected &&
                   near.received().size() == expected.size() + 1 && near.runs().size() == expected.size() + 1 &&
                   near.received(peer.rank())[0] == "own";
      for (const int neighbor : expected) {
        const auto from = near.received(neighbor);
        right = right && from.size() == 1 && from[0] == "from " + std::to_string(neighbor);
      }
      co_return right;
    };
    for (const bool right : engine_of(topology.size()).run_all(body)) CHECK(right);
  }
}

TEST_CASE("shifting a value round every dimension of a torus brings it back") {
  for (const std::vector<int>& extents : {std::vector<int>{1}, {2}, {5}, {3, 4}, {2, 3, 2}}) {
    const Topology torus = embed(Topology::torus(extents), 1);
    auto body = [&](Peer& peer) -> Task<bool> {
      Neighborhood<int> near(peer, torus);
      int value = peer.rank();
      for (std::size_t d = 0; d < extents.size(); ++d)
        for (int step = 0; step < extents[d]; ++step) {
          const int dimension = static_cast<int>(d), from = *torus.shift(peer.rank(), dimension, -1);
          near.send(*torus.shift(peer.rank(), dimension, 1), value);
          co_await peer.sync();
          value = near.received(from)[0];
          if (step + 1 < extents[d] && value == peer.rank()) co_return false;
        }
      co_return value == peer.rank();
    };
    for (const bool back : engine_of(torus.size()).run_all(body)) CHECK(back);
  }
}

TEST_CASE("spans go to one neighbor or to all, in order") {
  const Topology line = Topology::line(3);
  auto body = [&](Peer& peer) -> Task<int> {
    Neighborhood<int> near(peer, line);
    const std::vector<int> values{1, 2, 3};
    near.send_to_all_neighbors(std::span(values));
    if (peer.rank() == 2) near.send(1, std::span(values).first(2));
    co_await peer.sync();
    int number = 0;
    for (const int value : near.received()) number = 10 * number + value;
    co_return number;
  };
  CHECK(engine_of(3).run_all(body) == std::vector<int>{123, 12312312, 123});
}

TEST_CASE("a tree of neighborhoods sums what its leaves know at the root") {
  const Topology tree = Topology::tree(31);
  auto body = [&](Peer& peer) -> Task<long> {
    Neighborhood<long> near(peer, tree);
    long sum = peer.rank();
    for (int level = 4; level > 0; --level) {
      if (tree.distance(0, peer.rank()) == level) near.send((peer.rank() - 1) / 2, sum);
      co_await peer.sync();
      for (const long part : near.received()) sum += part;
    }
    co_return sum;
  };
  CHECK(engine_of(31).run(body) == 30 * 31 / 2);
}

TEST_CASE("reaching past the neighbors is an error that names both peers") {
  const Topology ring = Topology::ring(6);
  const auto failing = [&](auto act) {
    auto body = [&](Peer& peer) -> Task<> {
      Neighborhood<int> near(peer, ring);
      co_await peer.sync();
      if (peer.rank() == 2) act(near);
      co_await peer.sync();
    };
    try {
      engine_of(6).run(body);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      CHECK_THAT(std::string(error.what()), Contains("peer 2 has no neighbor") && Contains("in the ring of 6 peers"));
    }
  };
  const std::vector<int> none;
  failing([](Neighborhood<int>& near) { near.send(4, 1); });
  failing([&](Neighborhood<int>& near) { near.send(0, std::span(none)); });
  failing([](Neighborhood<int>& near) { static_cast<void>(near.received(5)); });
  failing([](Neighborhood<int>& near) { near.send(-1, 1); });
  failing([](Neighborhood<int>& near) { near.send(6, 1); });
}

TEST_CASE("a topology for another number of peers is refused") {
  auto body = [](Peer& peer) -> Task<> {
    Neighborhood<int> near(peer, Topology::ring(4));
    co_await peer.sync();
  };
  CHECK_THROWS_WITH(engine_of(3).run(body), Contains("the ring is for 4 peers, the engine has 3"));
}

TEST_CASE("over several processes neighbors get the same, and as many messages cross as links are cut") {
  for (const Topology& plain : {Topology::torus({4, 4}), Topology::tree(21, 3), Topology::ring(9)})
    for (const int processes : {1, 2, 3, 4})
      for (const Topology& topology : {plain, embed(plain, processes)}) {
        INFO(topology.name() << " on " << processes);
        const auto peers = static_cast<std::size_t>(topology.size());
        std::vector<int> host(peers, -1);
        std::vector<std::vector<int>> heard(peers);
        bsp_test::in_processes(processes,
                               {.peers = topology.size(), .workers = 2, .executor = &bsp_test::host_threads()},
                               [&](bsp::Engine& engine, int process) {
                                 auto body = [&, process](Peer& peer) -> Task<int> {
                                   host[static_cast<std::size_t>(peer.rank())] = process;
                                   Neighborhood<int> near(peer, topology);
                                   near.send_to_all_neighbors(topology.node_of(peer.rank()));
                                   co_await peer.sync();
                                   for (const int node : near.received())
                                     heard[static_cast<std::size_t>(peer.rank())].push_back(node);
                                   co_return 0;
                                 };
                                 engine.run(body);
                               });
        std::int64_t crossed = 0;
        for (std::size_t rank = 0; rank < peers; ++rank) {
          std::vector<int> expected;
          for (const int neighbor : topology.neighbors(static_cast<int>(rank))) {
            expected.push_back(topology.node_of(neighbor));
            crossed += host[static_cast<std::size_t>(neighbor)] != host[rank];
          }
          CHECK(heard[rank] == expected);
        }
        CHECK(crossed == 2 * links_cut(topology, processes));
      }
}
