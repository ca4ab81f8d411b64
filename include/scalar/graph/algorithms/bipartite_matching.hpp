#pragma once
/// Bipartite matching: pairs of a left and a right vertex, none in two pairs, to which no edge can be added.
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct MatchingOptions {
  std::uint64_t seed = 0;  ///< of the Philox choices: another seed, another matching
  int peers = 0;           ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// A maximal matching of a bipartite graph: the mate of each vertex, `no_vertex` for those without. `is_left` is not 0
/// for the vertices of one side. Edges count without direction and once.
///
/// Maximal, so at least half as large as a largest one. In each cycle unmatched left vertices ask their neighbors;
/// unmatched right ones grant one request at random; left ones accept one grant at random. Choices come from (seed,
/// vertex, superstep), so the matching is the same for any number of peers.
/// Errors: `Errc::shape_mismatch` when `is_left` has not one element a vertex; `Errc::invalid_argument` naming an edge
/// within one side; `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) cycles expected, four supersteps each; a message for each edge of an unmatched vertex.
/// Source: Malewicz et al., Pregel, 2010, section 5.4, after Anderson, Owicki, Saxe and Thacker, High speed switch
/// scheduling for local area networks, 1993.
std::vector<Vertex> bipartite_matching(const Graph& graph, std::span<const std::uint8_t> is_left,
                                       const MatchingOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it with the whole `is_left` and gets its share. `graph` and `is_left`
/// must outlive the call.
bsp::Task<VertexValues<Vertex>> bipartite_matching(bsp::Peer& peer, const Graph& graph,
                                                   std::span<const std::uint8_t> is_left, MatchingOptions options = {});

}  // namespace scalar::inline v0::graph
