#pragma once
/// Edges between ids, collected before the number of vertices is known.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fail.hpp"
#include "data/dictionary.hpp"
#include "graph/csr.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::graph {

/// Distinct 64-bit numbers in order of first appearance. A hash table with open addressing, at most half full. The hash
/// has a random key, so that nobody can prepare ids that collide.
class NumberIndex {
 public:
  Vertex find(std::uint64_t id) const noexcept { return slots_.empty() ? no_vertex : slots_[slot_of(id)]; }
  Vertex add(std::uint64_t id) {
    if (slots_.size() < 2 * (numbers_.size() + 1)) grow();
    Vertex& slot = slots_[slot_of(id)];
    if (slot == no_vertex) {
      if (numbers_.size() >= max_vertices) fail(Errc::too_large, {}, "more than 4294967294 vertices");
      slot = static_cast<Vertex>(numbers_.size());
      numbers_.push_back(id);
    }
    return slot;
  }
  std::vector<std::uint64_t>& numbers() noexcept { return numbers_; }

 private:
  __extension__ using Wide = unsigned __int128;
  std::size_t slot_of(std::uint64_t id) const noexcept {
    const Wide product = static_cast<Wide>(id ^ key_.first) * (key_.second | 1);
    std::size_t i = static_cast<std::size_t>(product ^ (product >> 64)) & (slots_.size() - 1);
    while (slots_[i] != no_vertex && numbers_[slots_[i]] != id) i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<Vertex>((std::max)(std::size_t{64}, 2 * slots_.size()), no_vertex).swap(slots_);
    for (std::size_t i = 0; i < numbers_.size(); ++i) slots_[slot_of(numbers_[i])] = static_cast<Vertex>(i);
  }

  HashKey key_ = HashKey::random();
  std::vector<std::uint64_t> numbers_;
  std::vector<Vertex> slots_;
};

/// A growing list of edges that never moves them: a vector holds its elements twice while it grows.
template <class E>
class EdgeList {
 public:
  static constexpr std::int64_t chunk = EdgeSource<E>::grain * 4;

  void push(const E& edge) {
    if (count_ % chunk == 0) chunks_.emplace_back(chunk);
    chunks_.back()[count_++ % chunk] = edge;
  }
  std::int64_t count() const noexcept { return count_; }
  /// Edges that lie in one chunk: `begin` is a multiple of `EdgeSource<E>::grain`, `end` at most one grain further.
  std::span<E> piece(std::int64_t begin, std::int64_t end) noexcept {
    return {&chunks_[static_cast<std::size_t>(begin / chunk)][begin % chunk], static_cast<std::size_t>(end - begin)};
  }

 private:
  std::vector<Array<E>> chunks_;
  std::int64_t count_ = 0;
};

/// Collects edges between ids. Ids are numbered in order of arrival; `build` renumbers them in ascending order.
class Collector {
 public:
  Collector(const BuildOptions& options, Ids ids) : options_(options), ids_(ids) {}

  Ids ids() const noexcept { return ids_; }
  /// Errors: `Errc::too_large`.
  Vertex add(std::uint64_t id) {
    if (ids_ != Ids::dense) return numbers_.add(id);
    if (id >= max_vertices)
      fail(Errc::too_large, {}, "vertex {}, expected one below 4294967294; Ids::numbers takes any", id);
    dense_vertices_ = (std::max)(dense_vertices_, id + 1);
    return static_cast<Vertex>(id);
  }
  Vertex add(std::string_view id) { return texts_.add(id); }
  /// `no_vertex` where the id was not added.
  Vertex find(std::uint64_t id) const noexcept {
    return ids_ != Ids::dense ? numbers_.find(id) : id < dense_vertices_ ? static_cast<Vertex>(id) : no_vertex;
  }
  Vertex find(std::string_view id) const noexcept { return texts_.find(id); }
  /// How many ids were added.
  std::uint64_t vertices() noexcept {
    return ids_ == Ids::dense ? dense_vertices_ : ids_ == Ids::text ? texts_.size() : numbers_.numbers().size();
  }

  void push(Vertex from, Vertex to) { plain_.push({from, to}); }
  void push(Vertex from, Vertex to, float weight) { weighted_.push({from, to, weight}); }
  std::int64_t edges() const noexcept { return plain_.count() + weighted_.count(); }

  /// Builds the graph and leaves the collector unusable. `weighted` selects one of the two lists of edges.
  Graph build(bool weighted, const Runtime& runtime);

 private:
  template <class E>
  Graph build_from(EdgeList<E>& edges, const Runtime& runtime);
  /// Sorts the ids into a table, and fills `vertex_of` with the final vertex of each number given so far. The result is
  /// null and `vertex_of` stays empty if ids are `Ids::dense`; the result is also null if they turn out to be dense.
  std::shared_ptr<const IdTable> order_ids(std::vector<Vertex>& vertex_of, const Runtime& runtime);

  BuildOptions options_;
  Ids ids_;
  std::uint64_t dense_vertices_ = 0;
  NumberIndex numbers_;
  data::Dictionary texts_;
  EdgeList<Edge> plain_;
  EdgeList<WeightedEdge> weighted_;
};

/// Refuses dense numbering when most numbers are unused: otherwise a short text could take any amount of memory.
/// Errors: `Errc::too_large`.
void check_density(std::uint64_t vertices, std::int64_t edges, const std::string& context = {});

}  // namespace scalar::inline v0::graph
