#pragma once
/// Partition: which peer owns which vertex.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The vertices of a graph divided among peers: each vertex has one owner.
///
/// Every vertex has a *slot*, and a peer owns the slots `[first(peer), last(peer))`. In a contiguous partition a vertex
/// is its own slot. In `hash` partitions the slot is a multiplicative hash that is a permutation (D. Knuth, "The Art of
/// Computer Programming" 3, 6.4), so that neither direction needs a table. Equal arguments give an equal partition in
/// every process. Copies share their tables. Arguments of members must be in range. Thread safety: all members from any
/// thread.
class Partition {
 public:
  /// A partition of no vertices, for one peer.
  Partition() : Partition(range(0, 1)) {}
  /// Ranges of vertices whose sizes differ by at most one. Errors (`range`, `hash`, `edge_balanced`):
  /// `Errc::invalid_argument` for fewer than one peer.
  static Partition range(Vertex vertices, int peers);
  /// Sets of vertices whose sizes differ by at most one, with close numbers scattered among the peers. For graphs in
  /// which vertices with close numbers are busy at the same time.
  static Partition hash(Vertex vertices, int peers);
  /// Ranges of vertices with about the same number of out-edges; each vertex counts as one more edge.
  static Partition edge_balanced(const Graph& graph, int peers);

  Vertex vertices() const noexcept { return vertices_; }
  int peers() const noexcept { return peers_; }
  /// Whether a vertex is its own slot, so that peers own ranges of vertices.
  bool is_contiguous() const noexcept { return factor_ == 1; }

  int owner(Vertex vertex) const noexcept { return owner_of_slot(slot(vertex)); }
  /// Complexity: constant, except in a block of slots that has many owners.
  int owner_of_slot(Vertex slot) const noexcept {
    const Vertex* const cuts = cuts_->data();
    // `guesses_` has the first owner of each block of slots; few blocks have more than two owners.
    auto peer = static_cast<std::size_t>((*guesses_)[slot >> shift_]);
    while (slot >= cuts[peer + 1]) ++peer;
    return static_cast<int>(peer);
  }
  Vertex first(int peer) const noexcept { return (*cuts_)[static_cast<std::size_t>(peer)]; }
  Vertex last(int peer) const noexcept { return (*cuts_)[static_cast<std::size_t>(peer) + 1]; }
  /// The number of vertices that a peer owns.
  Vertex size(int peer) const noexcept { return last(peer) - first(peer); }

  Vertex slot(Vertex vertex) const noexcept {
    return factor_ == 1 ? vertex : static_cast<Vertex>(factor_ * vertex % vertices_);
  }
  /// The vertex of a slot: `vertex(slot(v)) == v`.
  Vertex vertex(Vertex slot) const noexcept {
    return factor_ == 1 ? slot : static_cast<Vertex>(inverse_ * slot % vertices_);
  }
  /// The vertices that a peer owns, in the order of their slots.
  std::vector<Vertex> owned(int peer) const;

 private:
  Partition(Vertex vertices, std::vector<Vertex> cuts);

  Vertex vertices_ = 0;
  int peers_ = 1;
  unsigned shift_ = 0;
  std::uint64_t factor_ = 1, inverse_ = 1;
  std::shared_ptr<const std::vector<Vertex>> cuts_;            // the first slot of each peer, then the number of slots
  std::shared_ptr<const std::vector<std::uint32_t>> guesses_;  // the owner of the first slot of each block
};

}  // namespace scalar::inline v0::graph
