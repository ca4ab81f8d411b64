#pragma once
/// Minimum-distance search: the least vertex from which each one can be reached.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// For each vertex the least one that has a path to it (itself has): in an undirected graph the least of its connected
/// component.
///
/// Undirected graphs go to `connected_components`. In directed ones the numbers travel along edges, the least first;
/// each peer does at once what can be done in its share.
/// Complexity: for directed graphs a pass over the edges for each time that a lesser number comes from another peer.
/// Source: Apache Hama's example MindistSearch.
std::vector<Vertex> minimum_distance_search(const Graph& graph, const AlgorithmOptions& options = {},
                                            const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<Vertex>> minimum_distance_search(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
