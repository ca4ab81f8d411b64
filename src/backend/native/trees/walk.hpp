#pragma once
/// Walking complete trees: the nodes of a tree in heap order, all trees of one depth.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace scalar::inline v0::backend::trees {

/// Rows per block. The features of a block are transposed: row r of column c is `x[c * block_rows + r]`.
inline constexpr int block_rows = 64;
/// Rows or trees walked at the same time, to hide the latency of loads.
inline constexpr int lanes = 8;

/// A row goes right if `x >= split`. Missing values have been replaced, so `x` is never NaN.
struct HeapNode {
  float split;
  std::uint32_t column;
};

/// A node of any tree. The right child follows the left one. A leaf has a NaN split and `left` is the leaf itself, so a
/// walk stays there.
struct LinkedNode {
  float split;
  std::uint32_t column;
  std::uint32_t left;
};

template <int... K, class Body>
[[gnu::always_inline]] inline void unrolled(std::integer_sequence<int, K...>, Body&& body) {
  (body(std::integral_constant<int, K>{}), ...);
}
template <class Body>
[[gnu::always_inline]] inline void for_lanes(Body&& body) {
  unrolled(std::make_integer_sequence<int, lanes>{}, body);
}

/// Walks `lanes` rows of a block through the first levels of a tree: `slots[k]` becomes the heap index of the node that
/// row k reaches (the root is 1). Returns how many levels were walked, at most `depth`.
using WalkTop = int (*)(const HeapNode* nodes, const float* x, int depth, std::uint32_t* slots);

/// The fastest `WalkTop` for this machine.
WalkTop walk_top() noexcept;

}  // namespace scalar::inline v0::backend::trees
