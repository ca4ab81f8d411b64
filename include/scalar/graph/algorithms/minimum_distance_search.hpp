#pragma once
/// Minimum-distance search: for each vertex, the smallest vertex from which it can be reached.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// For each vertex the smallest vertex that has a path to it; every vertex has a path to itself. In an undirected graph
/// that is the smallest vertex of its connected component.
///
/// Undirected graphs are passed to `connected_components`. In directed graphs the numbers travel along edges, the
/// smallest first; each peer does all work within its share at once.
/// Complexity: for directed graphs, a pass over the edges for each time that a smaller number comes from another peer.
/// Source: Apache Hama's example MindistSearch.
std::vector<Vertex> minimum_distance_search(const Graph& graph, const AlgorithmOptions& options = {},
                                            const Runtime& runtime = {});

/// `minimum_distance_search` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<Vertex>> minimum_distance_search(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
