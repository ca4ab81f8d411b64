#include "scalar/bsp/topology/embedding.hpp"

#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Edge;
using bsp::embed;
using bsp::links_cut;
using bsp::Topology;
using Catch::Matchers::Contains;

namespace {

Topology random_graph(int peers, int links, std::uint64_t seed) {
  Philox random(seed);
  std::vector<Edge> made;
  while (static_cast<int>(made.size()) < links) {
    const auto a = static_cast<int>(random.below(static_cast<unsigned>(peers)));
    const auto b = static_cast<int>(random.below(static_cast<unsigned>(peers)));
    if (a != b) made.emplace_back(a, b);
  }
  return Topology::graph(peers, made);
}

/// The same shape, its places dealt out at random: a bad start.
Topology shuffled(const Topology& topology, std::uint64_t seed) {
  Philox random(seed);
  std::vector<int> nodes;
  for (int node = 0; node < topology.size(); ++node) nodes.push_back(node);
  for (std::size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[random.below(i)]);
  return topology.renumbered(std::move(nodes));
}

}  // namespace

TEST_CASE("links cut are those between processes that host contiguous shares") {
  CHECK(links_cut(Topology::ring(8), 1) == 0);
  CHECK(links_cut(Topology::ring(8), 2) == 2);
  CHECK(links_cut(Topology::line(8), 2) == 1);
  CHECK(links_cut(Topology::complete(6), 3) == 15 - 3);
  CHECK(links_cut(Topology::complete(6), 6) == 15);
  CHECK(links_cut(Topology::grid({4, 6}), 4) == 3 * 6);  // rows
  CHECK(links_cut(Topology::torus({4, 6}), 4) == 4 * 6);
  CHECK(links_cut(Topology::ring(7), 2) == 2);  // 3 and 4 ranks
}

TEST_CASE("an embedding is a permutation that never cuts more links than none") {
  std::vector<Topology> all{Topology::ring(13),         Topology::line(16),      Topology::complete(9),
                            Topology::tree(31),         Topology::tree(40, 3),   Topology::hypercube(32),
                            Topology::grid({7, 9}),     Topology::torus({6, 6}), Topology::grid({3, 4, 5}),
                            Topology::torus({4, 4, 4}), random_graph(40, 20, 1), random_graph(40, 90, 2),
                            random_graph(64, 400, 3),   Topology::graph(12, {}), Topology::ring(1),
                            Topology::grid({2, 50}),    Topology::tree(17, 1)};
  const std::size_t plain = all.size();
  for (std::size_t i = 0; i < plain; ++i) all.push_back(shuffled(all[i], i));
  for (const Topology& topology : all)
    for (const int processes : {1, 2, 3, 4, 5, 8, 16}) {
      if (processes > topology.size()) continue;
      INFO(topology.name() << " of " << topology.size() << " on " << processes);
      const Topology placed = embed(topology, processes);
      CHECK(links_cut(placed, processes) <= links_cut(topology, processes));
      CHECK(placed.links() == topology.links());
      std::vector<bool> seen(static_cast<std::size_t>(topology.size()));
      for (int rank = 0; rank < topology.size(); ++rank) {
        const auto node = static_cast<std::size_t>(placed.node_of(rank));
        CHECK_FALSE(seen[node]);
        seen[node] = true;
      }
    }
}

TEST_CASE("embeddings reach the least cut where it is known") {
  struct Known {
    Topology topology;
    int processes;
    std::int64_t cut;
  };
  for (const Known& known :
       std::vector<Known>{{Topology::grid({8, 8}), 4, 16},          // four squares
                          {Topology::torus({8, 8}), 4, 32},         //
                          {Topology::grid({4, 4, 4}), 8, 48},       // eight cubes: a plane of 16 links per dimension
                          {Topology::grid({2, 50}), 2, 2},          // across, not along
                          {Topology::hypercube(16), 4, 16},         // four squares: two dimensions of 8 links
                          {Topology::tree(15), 2, 1},               // a subtree of 7 and the rest
                          {Topology::tree(4095), 2, 1},             //
                          {Topology::ring(12), 4, 4},               //
                          {shuffled(Topology::ring(64), 5), 4, 4},  // found again
                          {shuffled(Topology::line(50), 6), 2, 1},  //
                          {shuffled(Topology::grid({8, 8}), 7), 4, 16}}) {
    INFO(known.topology.name() << " of " << known.topology.size() << " on " << known.processes);
    CHECK(links_cut(embed(known.topology, known.processes), known.processes) == known.cut);
  }
  // Two cliques joined by one link, their members' ranks interleaved.
  std::vector<Edge> links{{0, 1}};
  for (int a = 0; a < 20; ++a)
    for (int b = a + 2; b < 20; b += 2) links.emplace_back(a, b);
  const Topology cliques = Topology::graph(20, links);
  CHECK(links_cut(cliques, 2) == 50);  // ranks 0-9 against 10-19: 25 links of each clique
  CHECK(links_cut(embed(cliques, 2), 2) == 1);
}

TEST_CASE("embedding twice, or on every machine, gives the same") {
  const Topology graph = random_graph(60, 200, 9);
  const Topology one = embed(graph, 4), other = embed(random_graph(60, 200, 9), 4);
  for (int rank = 0; rank < 60; ++rank) CHECK(one.node_of(rank) == other.node_of(rank));
  CHECK(links_cut(embed(one, 4), 4) <= links_cut(one, 4));
}

TEST_CASE("more processes than peers, or none, are refused") {
  for (const int processes : {0, -1, 6}) {
    CHECK_THROWS_WITH(embed(Topology::ring(5), processes), Contains("5 peers are hosted by 1 to as many processes"));
    CHECK_THROWS_AS(links_cut(Topology::ring(5), processes), Error);
  }
}
