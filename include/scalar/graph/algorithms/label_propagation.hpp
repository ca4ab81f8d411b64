#pragma once
/// Label propagation: communities as labels that neighbors agree on.
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct LabelPropagationOptions {
  int iterations = 10;  ///< at most; it ends earlier when no label changes
  int peers = 0;        ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// The label of each vertex after so many rounds. It begins with its own number; in a round all vertices at once take
/// the label that is most frequent at the other ends of their edges, the least of these where several are. A vertex
/// without edges keeps its own.
///
/// Every edge counts: of a directed graph in both directions (twice where both are there), self-loops and duplicates
/// too. The rounds are synchronous and ties are broken by number, so the result is the same for any number of peers;
/// on graphs such as paths labels may swing for ever, hence the limit.
/// Errors: `Errc::invalid_argument` for negative iterations; `Errc::empty` for a directed graph without in-edges.
/// Complexity: a sort of the neighbors' labels an iteration. Memory: 8 bytes a vertex.
/// Source: Raghavan, Albert and Kumara, Near linear time algorithm to detect community structures in large-scale
/// networks, 2007; synchronous and deterministic as LDBC Graphalytics defines it (CDLP, specification 2.3.5).
std::vector<Vertex> label_propagation(const Graph& graph, const LabelPropagationOptions& options = {},
                                      const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<Vertex>> label_propagation(bsp::Peer& peer, const Graph& graph,
                                                  LabelPropagationOptions options = {});

}  // namespace scalar::inline v0::graph
