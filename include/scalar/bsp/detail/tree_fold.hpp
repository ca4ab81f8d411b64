#pragma once
/// The fold of the peers' vectors over a tree of ranks, chunk by chunk. Internal to the room; see span_collectives.hpp.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/detail/world.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp::detail {

/// The chunk of `count` elements that the `part`-th of `parts` works on: whole cache lines.
Range chunk_of(std::size_t count, std::size_t element_bytes, int part, int parts) noexcept;

/// Where a local peer's vector lies.
template <class T>
T* part_of(World& world, int rank) noexcept {
  return static_cast<T*>(world.parts()[static_cast<std::size_t>(rank)]);
}

/// Copies a chunk's values into the vectors of the root, or of all local peers.
template <class T>
void store_chunk(World& world, std::size_t begin, std::span<const T> values, int root) {
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
    if (root == everyone || root == rank) std::copy(values.begin(), values.end(), part_of<T>(world, rank) + begin);
}

/// A node of the tree over ranks by which vectors are folded. A node of `count` ranks has the first
/// `bit_floor(count - 1)` of them on its left and the rest on its right. So the bits of the result depend on the number
/// of peers, and neither on threads nor on processes.
struct TreeNode {
  int first = 0, count = 0;
  int split() const noexcept { return static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1))); }
  TreeNode left() const noexcept { return {first, split()}; }
  TreeNode right() const noexcept { return {first + split(), count - split()}; }
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};
/// Calls `use(node)` for the largest nodes of `tree` that lie within the `count` ranks from `first`, in order.
template <class F>
void each_node_within(TreeNode tree, int first, int count, const F& use) {
  if (tree.first >= first + count || tree.first + tree.count <= first) return;
  if (tree.first >= first && tree.first + tree.count <= first + count) return use(tree);
  each_node_within(tree.left(), first, count, use);
  each_node_within(tree.right(), first, count, use);
}
/// The number of such nodes that a process has, at most.
int most_nodes(const Placement& placement) noexcept;

/// The fold of a node that another process has computed.
template <class T>
struct RemoteNode {
  TreeNode node{};
  const T* values = nullptr;  // for the whole chunk
};

/// Folds the vectors of the ranks below a node, one block of a chunk at a time.
template <class T, class Op>
class TreeFold {
 public:
  static constexpr std::size_t block = (std::max)(std::size_t{1}, 2048 / sizeof(T));  // stays in the nearest cache

  TreeFold(World& world, Range chunk, Op& op, std::span<const RemoteNode<T>> remote = {})
      : world_(world), chunk_(chunk), op_(op), remote_(remote) {}

  /// Calls `use(begin, values)` with the fold of one block of the chunk after another, or once with the whole chunk if
  /// its fold is in memory already.
  template <class F>
  void each_block(TreeNode node, const F& use) const {
    if (chunk_.size() == 0) return;
    if (const T* ready = values_of(node); ready != nullptr)
      return use(chunk_.begin, std::span<const T>(ready + chunk_.begin, chunk_.size()));
    T sums[block];
    for (std::size_t begin = chunk_.begin; begin < chunk_.end; begin += block) {
      const std::size_t count = (std::min)(block, chunk_.end - begin);
      fold(node, begin, count, sums);
      use(begin, std::span<const T>(sums, count));
    }
  }

 private:
  /// Sets `out[0, count)` to the fold of the elements `[begin, begin + count)` of the vectors.
  void fold(TreeNode node, std::size_t begin, std::size_t count, T* out) const {
    const T *left = values_of(node.left()), *right = values_of(node.right());
    T left_sums[block], right_sums[block];
    if (left == nullptr) fold(node.left(), begin, count, left_sums);
    if (right == nullptr) fold(node.right(), begin, count, right_sums);
    left = left != nullptr ? left + begin : left_sums, right = right != nullptr ? right + begin : right_sums;
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<T>(op_(left[i], right[i]));
  }
  /// The fold of a node if it is in memory already, else null. Index 0 is the first element of the vectors.
  const T* values_of(TreeNode node) const noexcept {
    if (node.count == 1 && world_.is_local(node.first)) return part_of<T>(world_, node.first);
    for (const RemoteNode<T>& known : remote_)
      if (known.node == node) return known.values - chunk_.begin;
    return nullptr;
  }

  World& world_;
  Range chunk_;
  Op& op_;
  std::span<const RemoteNode<T>> remote_;
};

}  // namespace scalar::inline v0::bsp::detail
