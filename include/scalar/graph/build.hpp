#pragma once
/// Builds graphs from edges.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

enum class SelfLoops : std::uint8_t { keep = 0, drop = 1 };

/// What happens to several edges between the same two vertices (in a directed graph: in the same direction).
enum class Duplicates : std::uint8_t {
  keep = 0,  ///< all stay, lightest first
  drop = 1,  ///< one stays; with weights, the lightest
  sum = 2,   ///< one stays, with the sum of the weights
};

/// How to build a graph from edges.
struct BuildOptions {
  bool directed = true;
  bool in_edges = true;  ///< store the in-edges of a directed graph; they double its memory
  SelfLoops self_loops = SelfLoops::keep;
  Duplicates duplicates = Duplicates::keep;
  std::uint64_t vertices = 0;  ///< at least this many; more if an edge has a greater vertex (dense vertices only)
};

/// Builds a graph of numbered vertices. The result depends neither on the order of the edges nor on the number of
/// threads.
///
/// Errors: `Errc::out_of_range` naming the edge for a vertex that is not below `max_vertices` or a weight that is not
/// finite, and for a sum of weights that is not finite; `Errc::invalid_argument` for `Duplicates::sum` without weights;
/// `Errc::too_large` for `options.vertices` above `max_vertices`.
/// Complexity: two passes over the edges and a sort of each list. Memory beyond the result: 8 bytes per vertex; dropped
/// edges take memory until the end.
Graph from_edges(std::span<const Edge> edges, const BuildOptions& options = {}, const Runtime& runtime = {});
Graph from_edges(std::span<const WeightedEdge> edges, const BuildOptions& options = {}, const Runtime& runtime = {});

/// A copy of `graph` with the weight `weight(from, to)` on every edge. For an undirected edge, `from <= to`. `weight`
/// is called from several threads. Errors: `Errc::out_of_range` for a weight that is not finite.
Graph with_weights(const Graph& graph, FunctionRef<float(Vertex from, Vertex to)> weight, const Runtime& runtime = {});

/// Collects edges between ids and builds a graph from them.
///
/// Ids are either numbers or texts; the first call decides. Vertices are numbered in ascending order of their ids, so
/// the graph does not depend on the order of the calls. Either all edges have weights or none has. With `Ids::dense`,
/// ids are the vertices themselves: nothing is looked up, and unused numbers below the greatest are vertices too.
/// Errors of `add`: `Errc::type_mismatch` for a number among texts or an edge with a weight among edges without one,
/// and vice versa; `Errc::out_of_range` for a weight that is not finite; `Errc::too_large` for too many vertices.
/// Thread safety: one thread at a time.
class Builder {
 public:
  explicit Builder(const BuildOptions& options = {}, Ids ids = Ids::numbers);
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;
  ~Builder();

  void add(std::uint64_t from, std::uint64_t to);
  void add(std::uint64_t from, std::uint64_t to, float weight);
  void add(std::string_view from, std::string_view to);
  void add(std::string_view from, std::string_view to, float weight);
  /// Adds a vertex that needs no edge. Returns false if the vertex was there already.
  bool add_vertex(std::uint64_t id);
  bool add_vertex(std::string_view id);

  /// Builds the graph of everything added, and empties the builder. Errors: `Errc::too_large` for dense ids that leave
  /// most numbers unused (more than 2^20 + 64 * edges vertices); those of `from_edges`.
  Graph build(const Runtime& runtime = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::graph
