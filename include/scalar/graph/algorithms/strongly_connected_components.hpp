#pragma once
/// Strongly connected components: which vertices have paths to each other, both ways.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"

namespace scalar::inline v0::graph {

/// The strongly connected components of a graph, each labeled by its least vertex; of an undirected one the connected
/// components. The result is the same for any number of peers, threads and processes.
///
/// Vertices that nothing enters or leaves are components of their own and fall away. The others get the greatest
/// priority that reaches them, and those from which the holder of it can be reached are its component; then all over
/// again. Priorities are a fixed hash of the vertices, so long paths and cycles cost no more than others.
/// Errors: `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) rounds expected, each O(edges * log vertices) in as many supersteps as paths cross from
/// one peer's share to another's. Memory: 40 bytes a vertex.
/// Source: Orzan, On distributed verification and verified distribution, 2004 (coloring); McLendon, Hendrickson,
/// Plimpton and Rauchwerger, Finding strongly connected components in distributed graphs, 2005 (trimming).
Components strongly_connected_components(const Graph& graph, const ComponentsOptions& options = {},
                                         const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<Components> strongly_connected_components(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
