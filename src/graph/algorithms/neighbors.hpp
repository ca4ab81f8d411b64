#pragma once
/// Neighbors in the underlying simple graph: without directions, self-loops and duplicates. Internal.
#include <cstddef>
#include <span>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// Calls `visit(neighbor, ways)` once for each other vertex that shares an edge with `vertex`, in ascending order.
/// `ways` is 2 if there are edges in both directions (always in an undirected graph), else 1.
/// Errors: `Errc::empty` for a directed graph without in-edges.
template <class Visit>
void each_neighbor(const Graph& graph, Vertex vertex, Visit visit) {
  const std::span<const Vertex> out = graph.out(vertex);
  if (!graph.is_directed()) {
    for (std::size_t i = 0; i < out.size(); ++i)
      if (out[i] != vertex && (i == 0 || out[i] != out[i - 1])) visit(out[i], 2);
    return;
  }
  const std::span<const Vertex> in = graph.in(vertex);
  for (std::size_t i = 0, k = 0; i < out.size() || k < in.size();) {
    const Vertex least = k == in.size() || (i < out.size() && out[i] < in[k]) ? out[i] : in[k];
    int ways = 0;
    if (i < out.size() && out[i] == least) ++ways;
    if (k < in.size() && in[k] == least) ++ways;
    while (i < out.size() && out[i] == least) ++i;
    while (k < in.size() && in[k] == least) ++k;
    if (least != vertex) visit(least, ways);
  }
}

}  // namespace scalar::inline v0::graph
