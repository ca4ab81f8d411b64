#pragma once
/// PageRank: how often a random walker who sometimes jumps is at each vertex.
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// What becomes of the rank of a vertex without out-edges.
enum class Dangling : std::uint8_t {
  redistribute = 0,  ///< it jumps as the walker does; the ranks' sum stays 1
  leak = 1,          ///< it is lost: the sum falls (what GAPBS and Graphalytics' rivals compute)
  self_loop = 2,     ///< it stays, as if the vertex had an edge to itself
};

struct PageRankOptions {
  double damping = 0.85;                       ///< the share of rank that follows edges, 0 to 1
  int iterations = 100;                        ///< at most
  double tolerance = 0;                        ///< stop once the ranks' changes sum to this or less; 0: never early
  Dangling dangling = Dangling::redistribute;  ///< what becomes of rank that no edge takes on
  std::span<const double> teleport{};          ///< where jumps go: one weight a vertex; empty: everywhere alike
  int peers = 0;                               ///< 0: chosen from the Runtime's threads; not used inside an engine
};

/// Ranks of the vertices from `first` on: of all of them, or of one peer's share.
template <class Score>
struct PageRank {
  Vertex first = 0;
  std::vector<Score> ranks{};
  int iterations = 0;      ///< done
  double change = 0;       ///< the sum of the ranks' changes in the last iteration; only with a tolerance
  bool converged = false;  ///< the change was within the tolerance
};

/// PageRank by power iteration: from `ranks = teleport` on,
/// `rank(v) = (1 - damping + damping * dangling) * teleport(v) + damping * sum of rank(u) / out_degree(u)` over the
/// edges u -> v, where `dangling` is the rank of all vertices without out-edges under `Dangling::redistribute`, else 0.
/// Each of several edges between two vertices counts; weights do not. An edge of an undirected graph goes both ways.
///
/// `Score` is float or double. Sums of a vertex are taken in the order of its in-neighbors, sums over vertices in
/// fixed point of 2^-60: the result has the same bits for any number of peers, threads and processes. Errors:
/// `Errc::invalid_argument` for a damping outside [0, 1], negative iterations or tolerance, weights of `teleport` that
/// are negative, infinite or all zero; `Errc::shape_mismatch` when they are not one a vertex; `Errc::empty` for a
/// directed graph without in-edges. Complexity: a pass over the in-edges an iteration. Memory: 3 scores a vertex.
/// Source: Brin and Page, The anatomy of a large-scale hypertextual web search engine, 1998; in pull form, as GAPBS.
template <class Score = double>
PageRank<Score> pagerank(const Graph& graph, const PageRankOptions& options = {}, const Runtime& runtime = {});

/// The same inside an engine: every peer calls it, with a graph and options that are equal everywhere, and gets its
/// share. One superstep an iteration. `graph` and `teleport` must outlive the call.
template <class Score = double>
bsp::Task<PageRank<Score>> pagerank(bsp::Peer& peer, const Graph& graph, PageRankOptions options = {});

extern template PageRank<float> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
extern template PageRank<double> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
extern template bsp::Task<PageRank<float>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);
extern template bsp::Task<PageRank<double>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);

}  // namespace scalar::inline v0::graph
