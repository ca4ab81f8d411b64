#pragma once
/// Which peer owns which vertex, as a value.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

/// The vertices of a graph divided among peers: each has one owner.
///
/// Every vertex has a *slot*, and a peer owns the slots `[first(peer), last(peer))`. In the contiguous partitions a
/// vertex is its own slot; in `hash` the slot is a multiplicative hash that is a permutation (D. Knuth, "The Art of
/// Computer Programming" 3, 6.4), so that neither direction needs a table. Equal arguments give an equal partition in
/// every process. Copies share. Arguments of members are in range. Thread safety: all members from any thread.
class Partition {
 public:
  /// Of no vertices, for one peer.
  Partition() : Partition(range(0, 1)) {}
  /// Ranges of as many vertices, give or take one. Errors (all three): `Errc::invalid_argument` for no peers.
  static Partition range(Vertex vertices, int peers);
  /// As many vertices, give or take one, far apart: for graphs in which vertices with close numbers are busy at the
  /// same time.
  static Partition hash(Vertex vertices, int peers);
  /// Ranges of about as many edges, a vertex counting as one more.
  static Partition edge_balanced(const Graph& graph, int peers);

  Vertex vertices() const noexcept { return vertices_; }
  int peers() const noexcept { return peers_; }
  /// Whether a vertex is its own slot, so that peers own ranges of vertices.
  bool is_contiguous() const noexcept { return factor_ == 1; }

  int owner(Vertex vertex) const noexcept { return owner_of_slot(slot(vertex)); }
  /// Complexity: constant, but for blocks of slots that many small shares meet in.
  int owner_of_slot(Vertex slot) const noexcept {
    const Vertex* const cuts = cuts_->data();
    // A block of slots begins with its first owner; few blocks have more than two.
    auto peer = static_cast<std::size_t>((*guesses_)[slot >> shift_]);
    while (slot >= cuts[peer + 1]) ++peer;
    return static_cast<int>(peer);
  }
  Vertex first(int peer) const noexcept { return (*cuts_)[static_cast<std::size_t>(peer)]; }
  Vertex last(int peer) const noexcept { return (*cuts_)[static_cast<std::size_t>(peer) + 1]; }
  /// How many vertices a peer owns.
  Vertex size(int peer) const noexcept { return last(peer) - first(peer); }

  Vertex slot(Vertex vertex) const noexcept {
    return factor_ == 1 ? vertex : static_cast<Vertex>(factor_ * vertex % vertices_);
  }
  /// The vertex of a slot: `vertex(slot(v)) == v`.
  Vertex vertex(Vertex slot) const noexcept {
    return factor_ == 1 ? slot : static_cast<Vertex>(inverse_ * slot % vertices_);
  }
  /// The vertices of a peer, by slot.
  std::vector<Vertex> owned(int peer) const;

 private:
  Partition(Vertex vertices, std::vector<Vertex> cuts);

  Vertex vertices_ = 0;
  int peers_ = 1;
  unsigned shift_ = 0;
  std::uint64_t factor_ = 1, inverse_ = 1;
  std::shared_ptr<const std::vector<Vertex>> cuts_;            // by peer, then the number of vertices
  std::shared_ptr<const std::vector<std::uint32_t>> guesses_;  // the owner of the first slot of each block
};

}  // namespace scalar::inline v0::graph
