#pragma once
/// Graphs as compressed sparse rows: immutable, shared, numbered densely inside and by any ids outside.
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

/// No vertex of any graph: "no parent", "not reached".
inline constexpr Vertex no_vertex = 0xffffffffu;
/// The most vertices that a graph may have.
inline constexpr std::uint64_t max_vertices = 0xfffffffeu;

/// An edge between two numbered vertices; in an undirected graph its direction does not matter.
struct Edge {
  Vertex from = 0;
  Vertex to = 0;

  friend bool operator==(const Edge&, const Edge&) = default;
};

/// The same with a weight.
struct WeightedEdge {
  Vertex from = 0;
  Vertex to = 0;
  float weight = 1.0f;

  friend bool operator==(const WeightedEdge&, const WeightedEdge&) = default;
};

/// What a graph's vertices are called outside.
enum class Ids : std::uint8_t {
  dense = 0,    ///< 0 to vertices - 1: a vertex is its own id, at no cost in memory
  numbers = 1,  ///< any 64-bit numbers, in ascending order of the vertices; 8 bytes a vertex
  text = 2,     ///< texts, in ascending order of their bytes
};

/// An immutable graph: for each vertex its neighbors, in ascending order.
///
/// A directed graph holds the neighbors along edges (`out`) and, unless built without, against them (`in`). An
/// undirected graph holds one set of lists for both, in which an edge stands at both of its ends, a self-loop once.
/// Weights are float32: half the memory traffic of float64, to which the kernels are bound, and exact for integers to
/// 16,777,216. Copies share the storage. A default one has no vertices.
/// Vertices given to members are below `vertices()`; only `id` and `name` check it. Thread safety: all members from any
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
  /// The weights of the edges of `out(vertex)`, in its order; empty where the graph has none.
  std::span<const float> out_weights(Vertex vertex) const noexcept { return out_.weights_of(vertex); }

  /// The vertices that have an edge to `vertex`.
  /// Errors (this, `in_degree`, `in_weights`): `Errc::empty` where `has_in_edges()` is false.
  std::span<const Vertex> in(Vertex vertex) const { return in_side().neighbors_of(vertex); }
  std::int64_t in_degree(Vertex vertex) const { return in_side().degree(vertex); }
  std::span<const float> in_weights(Vertex vertex) const { return in_side().weights_of(vertex); }

  /// `vertices() + 1` places in `out_neighbors()`: the list of `v` is `[offsets[v], offsets[v + 1])`.
  std::span<const std::int64_t> out_offsets() const noexcept { return out_.all_offsets(vertices_); }
  std::span<const Vertex> out_neighbors() const noexcept { return out_.all_neighbors(vertices_); }
  std::span<const float> out_weights() const noexcept { return out_.all_weights(vertices_); }
  /// The same against the edges. Errors: `Errc::empty` where `has_in_edges()` is false.
  std::span<const std::int64_t> in_offsets() const { return in_side().all_offsets(vertices_); }
  std::span<const Vertex> in_neighbors() const { return in_side().all_neighbors(vertices_); }
  std::span<const float> in_weights() const { return in_side().all_weights(vertices_); }

  /// This graph with in-edges; itself where it has them. Complexity: a pass over the edges and a sort of each list.
  Graph with_in_edges(const Runtime& runtime = {}) const;
  /// The graph with every edge turned around. Complexity: constant where there are in-edges.
  Graph transposed(const Runtime& runtime = {}) const;

  Ids ids() const noexcept { return ids_; }
  bool has_dense_ids() const noexcept { return ids_ == Ids::dense; }
  /// The id of a vertex. Errors: `Errc::type_mismatch` where ids are texts, `Errc::out_of_range` for no vertex.
  std::uint64_t id(Vertex vertex) const;
  /// The id of a vertex as text; of numbers, in decimal. Errors: `Errc::out_of_range` for no vertex.
  std::string name(Vertex vertex) const;
  /// The vertex of an id; nothing where there is none. Complexity: constant for dense ids, else logarithmic.
  std::optional<Vertex> find(std::uint64_t id) const noexcept;
  /// The same by name: `find(name(v)) == v`.
  std::optional<Vertex> find(std::string_view name) const noexcept;

  /// Bytes of the lists and ids, shared by all copies.
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
