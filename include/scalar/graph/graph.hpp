#pragma once
/// Graphs as compressed sparse rows: immutable, shared, with vertices numbered densely inside and any ids outside.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::graph {

/// The number of a vertex inside a Graph, from 0 to `vertices() - 1`.
using Vertex = std::uint32_t;

/// A number that is not a vertex of any graph: "no parent", "not reached".
inline constexpr Vertex no_vertex = 0xffffffffu;
/// The maximal number of vertices of a graph.
inline constexpr std::uint64_t max_vertices = 0xfffffffeu;

/// An edge between two numbered vertices; in an undirected graph its direction does not matter.
struct Edge {
  Vertex from = 0;
  Vertex to = 0;

  friend bool operator==(const Edge&, const Edge&) = default;
};

/// An edge with a weight; in an undirected graph its direction does not matter.
struct WeightedEdge {
  Vertex from = 0;
  Vertex to = 0;
  float weight = 1.0f;

  friend bool operator==(const WeightedEdge&, const WeightedEdge&) = default;
};

/// The kind of ids that vertices have outside the graph.
enum class Ids : std::uint8_t {
  dense = 0,    ///< 0 to vertices - 1: a vertex is its own id and takes no memory
  numbers = 1,  ///< any 64-bit numbers; vertices are in ascending order of them; 8 bytes per vertex
  text = 2,     ///< texts; vertices are in ascending order of their bytes
};

/// An immutable graph: for each vertex its neighbors, in ascending order.
///
/// A directed graph holds the neighbors along edges (`out`) and, unless it is built without them, against edges (`in`).
/// An undirected graph holds one set of lists for both: an edge is in the lists of both its ends, a self-loop is in its
/// list once. Weights are float32, which is exact for integers to 16,777,216 and halves the memory traffic of float64,
/// the limit of the kernels' speed. Copies share the storage. A default-constructed graph has no vertices.
/// Arguments `vertex` must be below `vertices()`; only `id` and `name` check it. Thread safety: all members from any
/// thread.
class Graph {
 public:
  Graph() = default;

  Vertex vertices() const noexcept { return vertices_; }
  /// The number of edges. An undirected one counts once.
  std::int64_t edges() const noexcept { return edges_; }
  bool is_directed() const noexcept { return directed_; }
  bool has_weights() const noexcept { return out_.weights != nullptr; }
  bool has_in_edges() const noexcept { return in_.offsets != nullptr; }

  std::span<const Vertex> out(Vertex vertex) const noexcept { return out_.neighbors_of(vertex); }
  std::int64_t out_degree(Vertex vertex) const noexcept { return out_.degree(vertex); }
  /// The weights of the edges of `out(vertex)`, in its order; empty if the graph has no weights.
  std::span<const float> out_weights(Vertex vertex) const noexcept { return out_.weights_of(vertex); }

  /// The vertices that have an edge to `vertex`.
  /// Errors (`in`, `in_degree`, `in_weights`): `Errc::empty` if `has_in_edges()` is false.
  std::span<const Vertex> in(Vertex vertex) const { return in_side().neighbors_of(vertex); }
  std::int64_t in_degree(Vertex vertex) const { return in_side().degree(vertex); }
  std::span<const float> in_weights(Vertex vertex) const { return in_side().weights_of(vertex); }

  /// `vertices() + 1` indices into `out_neighbors()`: the list of `v` is `[offsets[v], offsets[v + 1])`.
  std::span<const std::int64_t> out_offsets() const noexcept { return out_.all_offsets(vertices_); }
  std::span<const Vertex> out_neighbors() const noexcept { return out_.all_neighbors(vertices_); }
  std::span<const float> out_weights() const noexcept { return out_.all_weights(vertices_); }
  /// As `out_offsets`, but into `in_neighbors()`.
  /// Errors (`in_offsets`, `in_neighbors`, `in_weights`): `Errc::empty` if `has_in_edges()` is false.
  std::span<const std::int64_t> in_offsets() const { return in_side().all_offsets(vertices_); }
  std::span<const Vertex> in_neighbors() const { return in_side().all_neighbors(vertices_); }
  std::span<const float> in_weights() const { return in_side().all_weights(vertices_); }

  /// This graph with in-edges; a copy that shares the storage if it has them already. Complexity: a pass over the edges
  /// and a sort of each list.
  Graph with_in_edges(const Runtime& runtime = {}) const;
  /// The graph with every edge turned around. Complexity: constant if the graph has in-edges, else as `with_in_edges`.
  Graph transposed(const Runtime& runtime = {}) const;

  Ids ids() const noexcept { return ids_; }
  bool has_dense_ids() const noexcept { return ids_ == Ids::dense; }
  /// The id of a vertex. Errors: `Errc::type_mismatch` if ids are texts, `Errc::out_of_range` for an invalid vertex.
  std::uint64_t id(Vertex vertex) const;
  /// The id of a vertex as text; numbers in decimal. Errors: `Errc::out_of_range` for an invalid vertex.
  std::string name(Vertex vertex) const;
  /// The vertex with this id, if any. Complexity: constant for dense ids, else logarithmic.
  std::optional<Vertex> find(std::uint64_t id) const noexcept;
  /// The vertex with this name, if any: `find(name(v)) == v`.
  std::optional<Vertex> find(std::string_view name) const noexcept;

  /// The size of the lists and ids, which all copies share.
  std::size_t memory_bytes() const noexcept;

  struct Storage;  ///< internal
  explicit Graph(std::shared_ptr<const Storage> storage);
  const Storage* storage() const noexcept { return storage_.get(); }  ///< internal

 private:
  struct Side {
    const std::int64_t* offsets = nullptr;
    const Vertex* neighbors = nullptr;
    const float* weights = nullptr;

    std::int64_t degree(Vertex v) const noexcept { return offsets[v + std::size_t{1}] - offsets[v]; }
    std::span<const Vertex> neighbors_of(Vertex v) const noexcept {
      return {neighbors + offsets[v], static_cast<std::size_t>(degree(v))};
    }
    std::span<const float> weights_of(Vertex v) const noexcept {
      if (weights == nullptr) return {};
      return {weights + offsets[v], static_cast<std::size_t>(degree(v))};
    }
    std::span<const std::int64_t> all_offsets(Vertex n) const noexcept { return {offsets, std::size_t{n} + 1}; }
    std::span<const Vertex> all_neighbors(Vertex n) const noexcept {
      return {neighbors, static_cast<std::size_t>(offsets[n])};
    }
    std::span<const float> all_weights(Vertex n) const noexcept {
      if (weights == nullptr) return {};
      return {weights, static_cast<std::size_t>(offsets[n])};
    }
  };
  const Side& in_side() const {
    if (in_.offsets == nullptr) no_in_edges();
    return in_;
  }
  [[noreturn]] static void no_in_edges();
  static constexpr std::int64_t no_offsets[1] = {0};

  std::shared_ptr<const Storage> storage_;
  Side out_{no_offsets}, in_{no_offsets};
  std::int64_t edges_ = 0;
  Vertex vertices_ = 0;
  bool directed_ = false;
  Ids ids_ = Ids::dense;
};

}  // namespace scalar::inline v0::graph
