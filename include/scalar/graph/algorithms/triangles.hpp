#pragma once
/// Triangles: how many there are, and how clustered the neighbors of each vertex are.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

/// The number of triangles: sets of three vertices that are all neighbors of each other. Edges count without direction
/// and once; self-loops do not count.
///
/// Errors: `Errc::empty` for a directed graph without in-edges. Complexity: O(edges ^ 1.5). Memory: 16 bytes per edge.
/// Source: Schank and Wagner, Finding, counting and listing all triangles in large graphs, 2005 ("forward").
std::uint64_t triangle_count(const Graph& graph, const AlgorithmOptions& options = {}, const Runtime& runtime = {});

/// `triangle_count` inside an engine: every peer calls it and gets the number. `graph` must outlive the call.
bsp::Task<std::uint64_t> triangle_count(bsp::Peer& peer, const Graph& graph);

/// The local clustering coefficient of each vertex: the share of the possible edges between its d neighbors that exist;
/// 0 for fewer than two neighbors.
///
/// Neighbors count without direction and once. Of the edges between them, those of a directed graph count in each
/// direction, out of d (d - 1); those of an undirected graph count once, out of d (d - 1) / 2.
/// Errors, complexity: those of `triangle_count`. Memory: additionally 8 bytes per vertex and peer.
/// Source: Watts and Strogatz, Collective dynamics of "small-world" networks, 1998; directed as LDBC Graphalytics (LCC,
/// specification 2.3.6).
std::vector<double> clustering_coefficient(const Graph& graph, const AlgorithmOptions& options = {},
                                           const Runtime& runtime = {});

/// `clustering_coefficient` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<double>> clustering_coefficient(bsp::Peer& peer, const Graph& graph);

}  // namespace scalar::inline v0::graph
