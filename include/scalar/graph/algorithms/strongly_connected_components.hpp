#pragma once
/// Strongly connected components: which vertices have paths to each other in both directions.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/connected_components.hpp"

namespace scalar::inline v0::graph {

/// The strongly connected components of a graph, each labeled with its smallest vertex; of an undirected graph the
/// connected components. The result is the same for any number of peers, threads and processes.
///
/// In each round, vertices without in-edges or without out-edges are removed: they are components of their own. Then
/// each of the others gets the greatest priority that reaches it. A vertex that gets its own priority, and the vertices
/// of the same priority that have a path to it, are a component, which is removed. Priorities are a fixed hash of the
/// vertices, so long paths and cycles cost no more than others.
/// Errors: `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) rounds expected, each O(edges * log vertices) in as many supersteps as paths cross from
/// one peer's share to another's. Memory: 40 bytes per vertex.
/// Source: Orzan, On distributed verification and verified distribution, 2004 (coloring); McLendon, Hendrickson,
/// Plimpton and Rauchwerger, Finding strongly connected components in distributed graphs, 2005 (trimming).
Components strongly_connected_components(const Graph& graph, const ComponentsOptions& options = {},
                                         const Runtime& runtime = {});

/// `strongly_connected_components` inside an engine: every peer calls it and gets its share. `graph` must outlive the
/// call.
bsp::Task<Components> strongly_connected_components(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
