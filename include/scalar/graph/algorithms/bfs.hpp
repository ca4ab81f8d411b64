#pragma once
/// Breadth-first search: how many edges away each vertex is, and its parent on the way there.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The depth of a vertex to which no path leads.
inline constexpr std::uint32_t not_reached = 0xffffffffu;

struct BfsOptions {
  int alpha = 15;  ///< search along in-edges once the frontier has more than 1 / alpha of the edges left; 0: never
  int beta = 18;   ///< search along out-edges again once the frontier shrinks below 1 / beta of the vertices
  int peers = 0;   ///< 0: one per thread of the Runtime; not used inside an engine
};

/// The part of the search tree for the vertices from `first` on: all vertices, or one peer's share.
struct Bfs {
  Vertex first = 0;
  std::vector<std::uint32_t> depths{};  ///< the number of edges from the source; `not_reached` without a path
  std::vector<Vertex> parents{};        ///< the source is its own parent; `no_vertex` without a path
};

/// The breadth-first search tree of `source`, along edges. Of several possible parents the smallest is taken, so the
/// result is the same for any number of peers, threads and processes.
///
/// The direction depends on the frontier: a small one searches along its out-edges; for a large one, the vertices that
/// are not reached yet search along their in-edges. A directed graph without in-edges is searched along out-edges only.
/// Errors: `Errc::out_of_range` for an invalid source, `Errc::invalid_argument` for a negative option.
/// Complexity: at most a pass over the edges. Memory: 16 bytes per vertex.
/// Source: Beamer, Asanovic and Patterson, Direction-optimizing breadth-first search, 2012.
Bfs bfs(const Graph& graph, Vertex source, const BfsOptions& options = {}, const Runtime& runtime = {});

/// `bfs` inside an engine: every peer calls it with an equal graph, source and options, and gets its share. One
/// superstep per level, one more whenever the direction changes. `graph` must outlive the call.
bsp::Task<Bfs> bfs(bsp::Peer& peer, const Graph& graph, Vertex source, BfsOptions options = {});

}  // namespace scalar::inline v0::graph
