#pragma once
/// SpMV: the adjacency matrix of a graph times a vector.
#include <span>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct SpmvOptions {
  bool transposed = false;  ///< multiply the transposed matrix: along the in-edges
  int peers = 0;            ///< 0: one per thread of the Runtime; not used inside an engine
};

/// `y[v] = sum of weight(v, u) * x[u]` over the edges v -> u: the matrix whose rows are the lists of out-edges, times
/// `x`. In a graph without weights, each edge has the weight 1. Each of several edges between two vertices counts.
///
/// Sums are taken in float64 in the order of the list, so the result has the same bits for any number of peers.
/// Errors: `Errc::shape_mismatch` for an `x` that does not have one element per vertex; `Errc::empty` for `transposed`
/// with a directed graph without in-edges. Complexity: a pass over the edges.
/// Source: Apache Hama's example SpMV.
std::vector<double> spmv(const Graph& graph, std::span<const double> x, const SpmvOptions& options = {},
                         const Runtime& runtime = {});

/// `spmv` inside an engine: every peer calls it with the whole `x` and gets its share. `graph` and `x` must outlive
/// the call.
bsp::Task<VertexValues<double>> spmv(bsp::Peer& peer, const Graph& graph, std::span<const double> x,
                                     SpmvOptions options = {});

}  // namespace scalar::inline v0::graph
