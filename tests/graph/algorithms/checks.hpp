#pragma once
/// What the tests of algorithms and vertex programs share.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

namespace graph_test {

using scalar::Errc;
using scalar::graph::Edge;
using scalar::graph::Graph;
using scalar::graph::Vertex;
using test::message_of;

/// Numbers of peers that divide graphs evenly, unevenly, and into more shares than some have vertices.
inline constexpr int peer_counts[] = {1, 2, 5, 17};

inline Graph make(Vertex vertices, const std::vector<Edge>& edges, bool directed) {
  return scalar::graph::from_edges(edges, {.directed = directed, .vertices = vertices});
}

/// A permutation of 0 to n - 1.
inline std::vector<Vertex> shuffled(Vertex n, std::uint64_t seed) {
  std::vector<Vertex> order(n);
  for (Vertex v = 0; v < n; ++v) order[v] = v;
  scalar::Philox random(seed);
  for (Vertex v = n; v > 1; --v) std::swap(order[v - 1], order[random.below(v)]);
  return order;
}

inline bool has_edge(const Graph& graph, Vertex a, Vertex b) {
  const auto holds = [&](Vertex from, Vertex to) {
    for (const Vertex u : graph.out(from))
      if (u == to) return true;
    return false;
  };
  return holds(a, b) || holds(b, a);
}

/// Checks that `inside` is an independent set of `graph` to which no vertex can be added.
inline void check_independent_set(const Graph& graph, std::span<const std::uint8_t> inside) {
  REQUIRE(inside.size() == graph.vertices());
  std::vector<std::uint8_t> covered(inside.begin(), inside.end());
  std::size_t inner = 0;
  for (Vertex v = 0; v < graph.vertices(); ++v)
    for (const Vertex u : graph.out(v)) {
      if (u == v) continue;
      inner += inside[u] && inside[v];
      if (inside[u]) covered[v] = 1;
      if (inside[v]) covered[u] = 1;
    }
  CHECK(inner == 0);
  std::size_t left = 0;
  for (const std::uint8_t one : covered) left += !one;
  CHECK(left == 0);
}

/// Checks that `mates` are pairs along edges, and that no edge has two ends without a mate. Returns how many pairs.
inline std::size_t check_matching(const Graph& graph, std::span<const Vertex> mates) {
  REQUIRE(mates.size() == graph.vertices());
  std::size_t matched = 0, broken = 0, free_edges = 0;
  for (Vertex v = 0; v < graph.vertices(); ++v) {
    if (mates[v] != scalar::graph::no_vertex) {
      ++matched;
      broken += mates[v] >= graph.vertices() || mates[mates[v]] != v || !has_edge(graph, v, mates[v]);
    }
    for (const Vertex u : graph.out(v))
      free_edges += mates[u] == scalar::graph::no_vertex && mates[v] == scalar::graph::no_vertex;
  }
  CHECK(broken == 0);
  CHECK(free_edges == 0);
  return matched / 2;
}

}  // namespace graph_test
