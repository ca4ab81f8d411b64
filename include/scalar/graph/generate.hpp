#pragma once
/// Made graphs: the same for a seed on every machine and for any number of threads.
#include <cstdint>
#include <span>

#include "scalar/core/runtime.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// A Kronecker graph as Graph500 has them (specification 3.0, section "Edge list"): `2^scale` vertices and
/// `edge_factor * 2^scale` edges drawn by A = 0.57, B = C = 0.19, then the vertices are permuted. As in the GAP
/// benchmark, it is undirected, without self-loops and duplicates.
struct Kronecker {
  int scale = 16;        ///< 0 to 31
  int edge_factor = 16;  ///< edges drawn for each vertex
  std::uint64_t seed = 27491095;
  BuildOptions build{.directed = false, .self_loops = SelfLoops::drop, .duplicates = Duplicates::drop};
};
/// Complexity: every edge is drawn twice instead of being held: the memory is that of the lists before duplicates are
/// dropped. Errors: `Errc::invalid_argument`.
Graph kronecker(const Kronecker& options, const Runtime& runtime = {});

/// A graph drawn uniformly from those with a number of edges (Erdos and Renyi, "On random graphs", 1959), with
/// self-loops and duplicates as they fall unless `build` drops them.
struct Uniform {
  Vertex vertices = 0;
  std::int64_t edges = 0;
  std::uint64_t seed = 27491095;
  BuildOptions build{.directed = false};
};
/// Complexity and errors as `kronecker`.
Graph uniform(const Uniform& options, const Runtime& runtime = {});

/// A grid of any number of dimensions: a vertex is joined to the next one along each; vertices are numbered with the
/// last dimension fastest. `wrap` joins the ends of dimensions longer than 2 (a torus). Undirected. Errors:
/// `Errc::invalid_argument` for a length of 0 or no dimension, `Errc::too_large` for too many vertices.
Graph grid(std::span<const Vertex> lengths, bool wrap = false, const Runtime& runtime = {});

/// The undirected path 0 - 1 - ... - (n - 1).
Graph path(Vertex vertices, const Runtime& runtime = {});
/// The undirected cycle of n >= 3 vertices.
Graph cycle(Vertex vertices, const Runtime& runtime = {});
/// Vertex 0 joined to each of the others. Undirected.
Graph star(Vertex vertices, const Runtime& runtime = {});
/// Every two different vertices joined. Undirected.
Graph complete(Vertex vertices, const Runtime& runtime = {});

/// The graph with integer weights drawn uniformly from `low` to `high`, the same at both ends of an undirected edge; as
/// in the GAP benchmark, 1 to 255. Edges between the same vertices get the same weight.
struct RandomWeights {
  int low = 1;
  int high = 255;
  std::uint64_t seed = 27491095;
};
/// Errors: `Errc::invalid_argument` for `high < low` or weights that float32 does not hold exactly.
Graph with_random_weights(const Graph& graph, const RandomWeights& options = {}, const Runtime& runtime = {});

}  // namespace scalar::inline v0::graph
