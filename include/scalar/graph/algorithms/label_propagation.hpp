#pragma once
/// Label propagation: finds communities, as labels on which neighbors agree.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct LabelPropagationOptions {
  int iterations = 10;  ///< at most; it ends earlier if no label changes
  int peers = 0;        ///< 0: one per thread of the Runtime; not used inside an engine
};

/// The label of each vertex after the given number of iterations. At first, the label of a vertex is its own number. In
/// each iteration all vertices at once take the most frequent label among the other ends of their edges, the smallest
/// of several. A vertex without edges keeps its label.
///
/// Every edge counts, also self-loops and duplicates. Edges of a directed graph count in both directions, twice if
/// there is an edge each way. The iterations are synchronous and ties go to the smallest label, so the result is the
/// same for any number of peers. On some graphs, such as paths, labels may alternate forever; hence the limit.
/// Errors: `Errc::invalid_argument` for negative iterations; `Errc::empty` for a directed graph without in-edges.
/// Complexity: per iteration, a sort of the neighbors' labels of each vertex. Memory: 8 bytes per vertex.
/// Source: Raghavan, Albert and Kumara, Near linear time algorithm to detect community structures in large-scale
/// networks, 2007; synchronous and deterministic as LDBC Graphalytics defines it (CDLP, specification 2.3.5).
std::vector<Vertex> label_propagation(const Graph& graph, const LabelPropagationOptions& options = {},
                                      const Runtime& runtime = {});

/// `label_propagation` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<Vertex>> label_propagation(bsp::Peer& peer, const Graph& graph,
                                                  LabelPropagationOptions options = {});

}  // namespace scalar::inline v0::graph
