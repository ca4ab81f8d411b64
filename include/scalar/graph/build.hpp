#pragma once
/// Graphs from edges.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

enum class SelfLoops : std::uint8_t { keep = 0, drop = 1 };

/// What becomes of several edges between the same vertices (in the same direction where it is directed).
enum class Duplicates : std::uint8_t {
  keep = 0,  ///< all stay, lightest first
  drop = 1,  ///< one stays; of weighted ones the lightest
  sum = 2,   ///< one stays, with the sum of the weights
};

/// How edges become a graph.
struct BuildOptions {
  bool directed = true;
  bool in_edges = true;  ///< hold in-edges of a directed graph; they double its memory
  SelfLoops self_loops = SelfLoops::keep;
  Duplicates duplicates = Duplicates::keep;
  std::uint64_t vertices = 0;  ///< at least this many; more where an edge has a greater one (dense vertices only)
};

/// A graph of numbered vertices. The result does not depend on the order of the edges, nor on the number of threads.
///
/// Errors: `Errc::out_of_range` naming the edge for a vertex above `max_vertices` or a weight that is not finite (a sum
/// of weights too), `Errc::invalid_argument` for `Duplicates::sum` without weights.
/// Complexity: two passes over the edges and a sort of each list. Memory beyond the result: 8 bytes a vertex, and what
/// dropped edges took until the end.
Graph from_edges(std::span<const Edge> edges, const BuildOptions& options = {}, const Runtime& runtime = {});
Graph from_edges(std::span<const WeightedEdge> edges, const BuildOptions& options = {}, const Runtime& runtime = {});

/// The same graph with the weight `weight(from, to)` on every edge; an undirected edge is asked with `from <= to`.
/// Called from several threads. Errors: `Errc::out_of_range` for a weight that is not finite.
Graph with_weights(const Graph& graph, FunctionRef<float(Vertex from, Vertex to)> weight, const Runtime& runtime = {});

/// Collects edges between ids and makes them a graph.
///
/// Ids are numbers or texts, whichever comes first; vertices are numbered in ascending order of their ids, so the graph
/// does not depend on the order of the calls. Likewise all edges have weights, or none. `Ids::dense` takes numbers for
/// the vertices themselves: nothing is looked up, and numbers between that no edge has are vertices too.
/// Errors of `add`: `Errc::type_mismatch` for a number among texts or an edge with a weight among those without, and
/// the other way round; `Errc::out_of_range` for a weight that is not finite; `Errc::too_large` for too many vertices.
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
  /// A vertex that needs no edge. Returns false where it was there.
  bool add_vertex(std::uint64_t id);
  bool add_vertex(std::string_view id);

  /// The graph of everything added; the builder is empty after. Errors: `Errc::too_large` for dense ids that leave most
  /// numbers out (a greatest one above 2^20 + 64 for each edge); those of `from_edges`.
  Graph build(const Runtime& runtime = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::graph
