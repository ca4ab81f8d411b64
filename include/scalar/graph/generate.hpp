#pragma once
/// Generated graphs: a seed gives the same graph on every machine and for any number of threads.
#include <cstdint>
#include <span>

#include "scalar/core/runtime.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// A Kronecker graph as in Graph500 (specification 3.0, section "Edge list"): `2^scale` vertices and
/// `edge_factor * 2^scale` edges drawn with A = 0.57, B = C = 0.19; then the vertices are permuted. By default, as in
/// the GAP benchmark, it is undirected and has no self-loops or duplicates.
struct Kronecker {
  int scale = 16;        ///< 0 to 31
  int edge_factor = 16;  ///< edges drawn per vertex, 0 or more
  std::uint64_t seed = 27491095;
  BuildOptions build{.directed = false, .self_loops = SelfLoops::drop, .duplicates = Duplicates::drop};
};
/// Generates a Kronecker graph. Complexity: every edge is drawn twice instead of being stored, so the memory is that of
/// the lists before duplicates are dropped. Errors: `Errc::invalid_argument`.
Graph kronecker(const Kronecker& options, const Runtime& runtime = {});

/// A random graph with a given number of edges, whose ends are drawn uniformly (Erdos and Renyi, "On random graphs",
/// 1959). It has self-loops and duplicates unless `build` drops them.
struct Uniform {
  Vertex vertices = 0;
  std::int64_t edges = 0;
  std::uint64_t seed = 27491095;
  BuildOptions build{.directed = false};
};
/// Generates a uniform random graph. Complexity, errors: those of `kronecker`.
Graph uniform(const Uniform& options, const Runtime& runtime = {});

/// An undirected grid of any number of dimensions: each vertex is joined to the next one along each dimension. Vertices
/// are numbered with the last dimension fastest. `wrap` joins the ends of dimensions longer than 2 (a torus). Errors:
/// `Errc::invalid_argument` for a length of 0 or no dimensions, `Errc::too_large` for too many vertices.
Graph grid(std::span<const Vertex> lengths, bool wrap = false, const Runtime& runtime = {});

/// The undirected path 0 - 1 - ... - (n - 1).
Graph path(Vertex vertices, const Runtime& runtime = {});
/// The undirected cycle of n vertices. Errors: `Errc::invalid_argument` for n < 3.
Graph cycle(Vertex vertices, const Runtime& runtime = {});
/// The undirected star: vertex 0 is joined to each of the others.
Graph star(Vertex vertices, const Runtime& runtime = {});
/// The undirected complete graph: every two different vertices are joined.
Graph complete(Vertex vertices, const Runtime& runtime = {});

/// Integer weights drawn uniformly from `low` to `high`, equal at both ends of an undirected edge. The defaults are
/// those of the GAP benchmark. Edges between the same vertices in the same direction get the same weight.
struct RandomWeights {
  int low = 1;
  int high = 255;
  std::uint64_t seed = 27491095;
};
/// A copy of `graph` with random weights. Errors: `Errc::invalid_argument` for `high < low` or bounds beyond 2^24,
/// which float32 does not hold exactly.
Graph with_random_weights(const Graph& graph, const RandomWeights& options = {}, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
