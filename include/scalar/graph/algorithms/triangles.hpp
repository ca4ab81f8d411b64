#pragma once
/// Triangles: how many there are, and how clustered the neighbors of each vertex are.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// The number of triangles: sets of three vertices that are all neighbors. Edges count without direction and once;
/// self-loops do not.
///
/// Errors: `Errc::empty` for a directed graph without in-edges. Complexity: O(edges ^ 1.5). Memory: 16 bytes an edge.
/// Source: Schank and Wagner, Finding, counting and listing all triangles in large graphs, 2005 ("forward").
std::uint64_t triangle_count(const Graph& graph, const AlgorithmOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets the number. `graph` must outlive the call.
bsp::Task<std::uint64_t> triangle_count(bsp::Peer& peer, const Graph& graph);

/// The local clustering coefficient of each vertex: of the edges that there may be between its d neighbors, the share
/// that is there; 0 for fewer than two neighbors.
///
/// Neighbors count without direction and once. Between them, edges of a directed graph count in each direction, of
/// d (d - 1); those of an undirected one once, of d (d - 1) / 2.
/// Errors, complexity: those of `triangle_count`. Memory: also 8 bytes a vertex and peer.
/// Source: Watts and Strogatz, Collective dynamics of "small-world" networks, 1998; directed as LDBC Graphalytics (LCC,
/// specification 2.3.6).
std::vector<double> clustering_coefficient(const Graph& graph, const AlgorithmOptions& options = {},
                                           const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<double>> clustering_coefficient(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
