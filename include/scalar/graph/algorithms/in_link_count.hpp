#pragma once
/// In-link count: how many edges lead to each vertex.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// The number of edges that lead to each vertex. Each of several edges between two vertices counts, and so do
/// self-loops. Works for directed graphs with and without in-edges. Complexity: linear in vertices; without in-edges, a
/// message per edge.
/// Source: Apache Hama's example InlinkCount.
std::vector<std::uint64_t> in_link_count(const Graph& graph, const AlgorithmOptions& options = {},
                                         const Runtime& runtime = {});

/// `in_link_count` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::uint64_t>> in_link_count(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
