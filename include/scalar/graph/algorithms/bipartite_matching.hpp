#pragma once
/// Bipartite matching: pairs of a left and a right vertex, with no vertex in two pairs, to which no pair can be added.
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/algorithms/vertex_values.hpp"

namespace scalar::inline v0::graph {

struct MatchingOptions {
  std::uint64_t seed = 0;  ///< of the random choices (Philox)
  int peers = 0;           ///< 0: one per thread of the Runtime; not used inside an engine
};

/// A maximal matching of a bipartite graph: the mate of each vertex, `no_vertex` for an unmatched one. `is_left` is not
/// 0 for the vertices of one side. Edges count without direction and once.
///
/// The matching is maximal, so at least half as large as the largest one. In each cycle unmatched left vertices ask
/// their neighbors; unmatched right vertices grant one request at random; left vertices accept one grant at random. The
/// choices depend on (seed, vertex, superstep), so the matching is the same for any number of peers.
/// Errors: `Errc::shape_mismatch` if `is_left` does not have one element per vertex; `Errc::invalid_argument` naming an
/// edge within one side; `Errc::empty` for a directed graph without in-edges.
/// Complexity: O(log vertices) cycles expected, four supersteps each; a message for each edge of an unmatched vertex.
/// Source: Malewicz et al., Pregel, 2010, section 5.4, after Anderson, Owicki, Saxe and Thacker, High speed switch
/// scheduling for local area networks, 1993.
std::vector<Vertex> bipartite_matching(const Graph& graph, std::span<const std::uint8_t> is_left,
                                       const MatchingOptions& options = {}, const Runtime& runtime = {});

/// `bipartite_matching` inside an engine: every peer calls it with the whole `is_left` and gets its share. `graph` and
/// `is_left` must outlive the call.
bsp::Task<VertexValues<Vertex>> bipartite_matching(bsp::Peer& peer, const Graph& graph,
                                                   std::span<const std::uint8_t> is_left, MatchingOptions options = {});

}  // namespace scalar::inline v0::graph
