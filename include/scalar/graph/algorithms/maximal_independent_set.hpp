#pragma once
/// Maximal independent set: vertices no two of which are neighbors, to which no other can be added.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct IndependentSetOptions {
  std::uint64_t seed = 0;  ///< of the Philox priorities: another seed, another set
  int peers = 0;           ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// A maximal independent set: 1 for the vertices in it. Edges count without direction; self-loops do not.
///
/// In each round every undecided vertex draws a number; those above all undecided neighbors' join, their neighbors
/// are out. Numbers come from (seed, vertex, round), so the set is the same for any number of peers.
/// Errors: `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) rounds with high probability, each a pass over the undecided vertices' edges.
/// Source: Luby, A simple parallel algorithm for the maximal independent set problem, 1986.
std::vector<std::uint8_t> maximal_independent_set(const Graph& graph, const IndependentSetOptions& options = {},
                                                  const Runtime& runtime = {});

/// The same inside an engine: every peer calls it and gets its share. `graph` must outlive the call.
bsp::Task<VertexValues<std::uint8_t>> maximal_independent_set(bsp::Peer& peer, const Graph& graph,
                                                              IndependentSetOptions options = {});

}  // namespace scalar::inline v0::graph
