#pragma once
/// k-cores: how deep each vertex is in the dense part of a graph.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// The coreness of each vertex: the greatest k such that it belongs to a subgraph in which every vertex has at least k
/// neighbors. Edges count without direction and once; self-loops do not count.
///
/// Errors: `Errc::empty` for a directed graph without in-edges.
/// Complexity: vertices times the number of different corenesses, and a message for each edge and direction.
/// Source: Seidman, Network structure and minimum degree, 1983; peeling as in Batagelj and Zaversnik, An O(m) algorithm
/// for cores decomposition of networks, 2003, but all vertices of a level at once.
std::vector<std::uint32_t> k_core(const Graph& graph, const AlgorithmOptions& options = {},
                                  const Runtime& runtime = {});

/// `k_core` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::uint32_t>> k_core(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
