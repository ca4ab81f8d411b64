#pragma once
/// What the fuzzers of graph readers ask of a graph.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace fuzz {

/// One thread: inputs are small.
inline const scalar::Runtime& runtime() {
  static const scalar::Runtime one({.threads = 1});
  return one;
}

/// Every edge is in order, between vertices, has a finite weight, and is there in the other direction too; every id
/// finds its vertex.
inline void check(const scalar::graph::Graph& graph) {
  using scalar::graph::Vertex;
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  const Vertex n = graph.vertices();
  for (Vertex v = 0; v < n; ++v) {
    if (v < 1000 || v + 1000 > n) require(graph.find(graph.name(v)) == v);
    const auto neighbors = graph.out(v);
    require(std::is_sorted(neighbors.begin(), neighbors.end()));
    for (const Vertex w : neighbors) {
      require(w < n);
      const auto back = graph.in(w);
      require(std::binary_search(back.begin(), back.end(), v));
    }
    for (const float weight : graph.out_weights(v)) require(std::isfinite(weight));
  }
  require(graph.in_offsets()[n] == graph.out_offsets()[n]);
}

}  // namespace fuzz
