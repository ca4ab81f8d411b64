#pragma once
/// PageRank: how often a random walker, who sometimes jumps to another vertex, visits each vertex.
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// What happens to the rank of a vertex without out-edges.
enum class Dangling : std::uint8_t {
  redistribute = 0,  ///< it is distributed as the walker jumps; the sum of the ranks stays 1
  leak = 1,          ///< it is lost and the sum falls (as in GAPBS and rivals of Graphalytics)
  self_loop = 2,     ///< it stays, as if the vertex had an edge to itself
};

struct PageRankOptions {
  double damping = 0.85;                       ///< the share of rank that follows edges, 0 to 1
  int iterations = 100;                        ///< at most
  double tolerance = 0;                        ///< stop once the ranks' changes sum to this or less; 0: never early
  Dangling dangling = Dangling::redistribute;  ///< what happens to the rank of vertices without out-edges
  std::span<const double> teleport{};          ///< where jumps go: one weight per vertex; empty: uniform
  int peers = 0;                               ///< 0: one per thread of the Runtime; not used inside an engine
};

/// Ranks of the vertices from `first` on: all vertices, or one peer's share.
template <class Score>
struct PageRank {
  Vertex first = 0;
  std::vector<Score> ranks{};
  int iterations = 0;      ///< the number of iterations done
  double change = 0;       ///< the sum of the ranks' changes in the last iteration; 0 without a tolerance
  bool converged = false;  ///< the change was within the tolerance
};

/// PageRank by power iteration. With `teleport` scaled to a sum of 1, it starts with `ranks = teleport` and repeats
/// `rank(v) = (1 - damping + damping * dangling) * teleport(v) + damping * sum of rank(u) / out_degree(u)`, with the
/// sum over the edges u -> v. `dangling` is the rank of all vertices without out-edges for `Dangling::redistribute`,
/// else 0. Each of several edges between two vertices counts; weights do not. An edge of an undirected graph goes both
/// ways.
///
/// `Score` is float or double. The sum at a vertex is taken in the order of its in-neighbors, and sums over vertices in
/// fixed point of 2^-60, so the result has the same bits for any number of peers, threads and processes.
/// Errors: `Errc::invalid_argument` for a damping outside [0, 1], negative iterations or tolerance, weights of
/// `teleport` that are negative, infinite or all zero; `Errc::shape_mismatch` if their number is not the number of
/// vertices; `Errc::empty` for a directed graph without in-edges.
/// Complexity: a pass over the in-edges per iteration. Memory: 3 scores per vertex.
/// Source: Brin and Page, The anatomy of a large-scale hypertextual web search engine, 1998; in pull form, as in GAPBS.
template <class Score = double>
PageRank<Score> pagerank(const Graph& graph, const PageRankOptions& options = {}, const Runtime& runtime = {});

/// `pagerank` inside an engine: every peer calls it with an equal graph and options, and gets its share. One superstep
/// per iteration. `graph` and `teleport` must outlive the call.
template <class Score = double>
bsp::Task<PageRank<Score>> pagerank(bsp::Peer& peer, const Graph& graph, PageRankOptions options = {});

extern template PageRank<float> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
extern template PageRank<double> pagerank(const Graph&, const PageRankOptions&, const Runtime&);
extern template bsp::Task<PageRank<float>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);
extern template bsp::Task<PageRank<double>> pagerank(bsp::Peer&, const Graph&, PageRankOptions);

}  // namespace scalar::inline v0::graph
