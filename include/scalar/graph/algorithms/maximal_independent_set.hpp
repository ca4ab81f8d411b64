#pragma once
/// Maximal independent set: a set of vertices without neighbors among them, to which no other vertex can be added.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct IndependentSetOptions {
  std::uint64_t seed = 0;  ///< of the random priorities (Philox)
  int peers = 0;           ///< 0: one per thread of the Runtime; not used inside an engine
};

/// A maximal independent set: 1 for the vertices in it, else 0. Edges count without direction; self-loops do not count.
///
/// In each round every undecided vertex draws a number. A vertex whose number is above those of all its undecided
/// neighbors joins the set, and its neighbors are out. Numbers depend on (seed, vertex, round), so the set is the same
/// for any number of peers.
/// Errors: `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) rounds with high probability, each a pass over the edges of the undecided vertices.
/// Source: Luby, A simple parallel algorithm for the maximal independent set problem, 1986.
std::vector<std::uint8_t> maximal_independent_set(const Graph& graph, const IndependentSetOptions& options = {},
                                                  const Runtime& runtime = {});

/// `maximal_independent_set` inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::uint8_t>> maximal_independent_set(bsp::Peer& peer, const Graph& graph,
                                                              IndependentSetOptions options = {});

}  // namespace scalar::inline v0::graph
