#include "scalar/graph/partition.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/graph/generate.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace scalar::graph;

namespace {

/// What holds for every partition.
void check_whole(const Partition& partition, Vertex vertices, int peers) {
  REQUIRE(partition.vertices() == vertices);
  REQUIRE(partition.peers() == peers);
  REQUIRE(partition.first(0) == 0);
  REQUIRE(partition.last(peers - 1) == vertices);
  std::vector<bool> seen(vertices, false);
  for (int peer = 0; peer < peers; ++peer) {
    if (peer > 0) REQUIRE(partition.first(peer) == partition.last(peer - 1));
    const std::vector<Vertex> owned = partition.owned(peer);
    REQUIRE(owned.size() == partition.size(peer));
    for (std::size_t i = 0; i < owned.size(); ++i) {
      REQUIRE(partition.owner(owned[i]) == peer);
      REQUIRE(partition.slot(owned[i]) == partition.first(peer) + i);
      REQUIRE_FALSE(seen[owned[i]]);
      seen[owned[i]] = true;
      if (partition.is_contiguous()) REQUIRE(owned[i] == partition.first(peer) + i);
    }
  }
  REQUIRE(std::count(seen.begin(), seen.end(), true) == vertices);
}

}  // namespace

TEST_CASE("every vertex has one owner") {
  for (const Vertex vertices : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 97u, 1000u, 10007u})
    for (const int peers : {1, 2, 3, 7, 64, 300}) {
      const Partition range = Partition::range(vertices, peers), hash = Partition::hash(vertices, peers);
      check_whole(range, vertices, peers);
      check_whole(hash, vertices, peers);
      check_whole(Partition::edge_balanced(star(vertices), peers), vertices, peers);
      check_whole(Partition::edge_balanced(path(vertices), peers), vertices, peers);
      CHECK(range.is_contiguous());
      for (int peer = 0; peer < peers; ++peer) {
        REQUIRE(range.size(peer) - vertices / static_cast<Vertex>(peers) <= 1);
        REQUIRE(hash.size(peer) - vertices / static_cast<Vertex>(peers) <= 1);
      }
    }
  CHECK(Partition().peers() == 1);
}

TEST_CASE("hash sends neighboring numbers to different peers") {
  const Partition partition = Partition::hash(100'000, 8);
  CHECK_FALSE(partition.is_contiguous());
  int same = 0;
  for (Vertex v = 0; v + 1 < 100'000; ++v) same += partition.owner(v) == partition.owner(v + 1);
  CHECK(same == 0);
  // Any block of a thousand numbers is spread over all.
  for (Vertex begin = 0; begin < 100'000; begin += 1000) {
    std::vector<int> counts(8);
    for (Vertex v = begin; v < begin + 1000; ++v) ++counts[static_cast<std::size_t>(partition.owner(v))];
    CHECK(*std::min_element(counts.begin(), counts.end()) > 110);
    CHECK(*std::max_element(counts.begin(), counts.end()) < 140);
  }
}

TEST_CASE("edge_balanced gives each peer about as much work") {
  const Graph graph = kronecker({.scale = 12});
  const Partition partition = Partition::edge_balanced(graph, 4);
  const std::int64_t all = graph.out_offsets().back() + graph.vertices();
  std::int64_t widest = 0;
  for (Vertex v = 0; v < graph.vertices(); ++v) widest = std::max(widest, graph.out_degree(v) + 1);
  for (int peer = 0; peer < 4; ++peer) {
    const std::int64_t work =
        graph.out_offsets()[partition.last(peer)] - graph.out_offsets()[partition.first(peer)] + partition.size(peer);
    CHECK(std::abs(work - all / 4) <= widest);
  }
}

TEST_CASE("the largest graphs fit") {
  const Partition partition = Partition::hash(static_cast<Vertex>(max_vertices), 1000);
  for (const Vertex v : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xfffffffdu}) {
    CHECK(partition.vertex(partition.slot(v)) == v);
    const int owner = partition.owner(v);
    CHECK((partition.first(owner) <= partition.slot(v) && partition.slot(v) < partition.last(owner)));
  }
}

TEST_CASE("a partition has at least one peer") {
  for (const int peers : {0, -1}) {
    std::string text;
    try {
      Partition::range(10, peers);
    } catch (const Error& error) {
      text = error.what();
      CHECK(error.code() == Errc::invalid_argument);
    }
    CHECK(text == "a partition for " + std::to_string(peers) + " peers, expected at least 1");
    CHECK_THROWS_AS(Partition::edge_balanced(Graph(), peers), Error);
    CHECK_THROWS_AS(Partition::hash(1, peers), Error);
  }
}
