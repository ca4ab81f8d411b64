#pragma once
/// The undirected simple graph below a graph: no directions, self-loops, or duplicates. Internal to the room.
#include <cstddef>
#include <span>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// Calls `visit(neighbor, ways)` for each other vertex that has an edge with `vertex`, ascending, once. `ways` is 2
/// where edges go in both directions (as those of an undirected graph do), else 1.
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
