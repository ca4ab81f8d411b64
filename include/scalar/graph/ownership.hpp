#pragma once
/// Which peer computes which vertex. Internal to the room; see `Division`.
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/bsp/replicated.hpp"
#include "scalar/graph/graph.hpp"
#include "scalar/graph/vertex_program.hpp"

namespace scalar::inline v0::graph::detail {

/// Divides `capacity` vertices among peers: every vertex has a slot, every peer a range of slots.
///
/// In range divisions a vertex is its own slot. In the hash division the slot is an affine permutation of the vertex
/// modulo the capacity, which needs no table in either direction.
class Ownership {
 public:
  Ownership(const Graph& graph, Vertex capacity, Division division, int rank, int peers);

  Vertex capacity() const noexcept { return capacity_; }
  /// Whether a vertex is its own slot.
  bool is_ranges() const noexcept { return factor_ == 1; }
  /// This peer's slots.
  bsp::Share share() const noexcept { return share_; }
  bsp::Share share(int rank) const noexcept {
    return {cuts_[static_cast<std::size_t>(rank)], cuts_[static_cast<std::size_t>(rank) + 1]};
  }

  std::size_t slot(Vertex vertex) const noexcept {
    return factor_ == 1 ? vertex : static_cast<std::size_t>(factor_ * vertex % capacity_);
  }
  Vertex vertex(std::size_t slot) const noexcept {
    return static_cast<Vertex>(factor_ == 1 ? slot : inverse_ * slot % capacity_);
  }
  int owner(std::size_t slot) const noexcept {
    std::size_t rank = guess_[slot >> shift_];
    while (slot >= cuts_[rank + 1]) ++rank;
    return static_cast<int>(rank);
  }

 private:
  Vertex capacity_;
  std::uint64_t factor_ = 1, inverse_ = 1;
  unsigned shift_ = 0;
  bsp::Share share_;
  std::vector<std::size_t> cuts_;     // by rank, and the capacity
  std::vector<std::uint32_t> guess_;  // the owner of the first slot of each block of 2^shift_ slots
};

}  // namespace scalar::inline v0::graph::detail
