#pragma once
/// Breadth-first search: how many edges away each vertex is, and through whom.
#include <cstdint>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The depth of a vertex to which no path leads.
inline constexpr std::uint32_t not_reached = 0xffffffffu;

struct BfsOptions {
  int alpha = 15;  ///< look upwards once the frontier has more than 1 / alpha of the edges left; 0: never
  int beta = 18;   ///< look downwards again below 1 / beta of the vertices
  int peers = 0;   ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// The search tree's part for the vertices from `first` on: for all of them, or for one peer's share.
struct Bfs {
  Vertex first = 0;
  std::vector<std::uint32_t> depths{};  ///< edges from the source; `not_reached` where no path leads
  std::vector<Vertex> parents{};        ///< the source's is itself; `no_vertex` where no path leads
};

/// The breadth-first search tree of `source`, along edges. Of several possible parents the least is taken, so the
/// result is the same for any number of peers, threads and processes.
///
/// The direction follows the frontier: few vertices look at their out-edges, many are looked for along in-edges. A
/// directed graph without in-edges is searched along out-edges only.
/// Errors: `Errc::out_of_range` for a source that is no vertex, `Errc::invalid_argument` for a negative option.
/// Complexity: at most a pass over the edges. Memory: 16 bytes a vertex.
/// Source: Beamer, Asanovic and Patterson, Direction-optimizing breadth-first search, 2012.
Bfs bfs(const Graph& graph, Vertex source, const BfsOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it, with a graph, source and options that are equal everywhere, and gets
/// its share. One superstep a level, one more where the direction turns. `graph` must outlive the call.
bsp::Task<Bfs> bfs(bsp::Peer& peer, const Graph& graph, Vertex source, BfsOptions options = {});

}  // namespace scalar::inline v0::graph
