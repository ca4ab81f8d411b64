#pragma once
/// broadcast, reduce and all_reduce of vectors, in place, by chunk owners.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

[[noreturn]] void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size);

struct Extent {
  void* data;
  std::size_t size;
  int root;
};

/// Shows the peers of a process where each other's vectors lie. They stay there until the last barrier of the
/// collective, since their owners wait.
template <class T>
class [[nodiscard]] Publish final : public Contribution<Extent> {
 public:
  using Value = Extent;
  Publish(Peer& peer, const Collective& collective, std::span<T> values, int root)
      : Contribution<Value>(peer, collective, {values.data(), values.size(), root}) {}

  static void complete(World& world, std::string_view name) {
    const Value first = world.value<Value>(0);
    for (int rank = 0; rank < world.size(); ++rank) {
      const Value next = world.value<Value>(rank);
      if (next.root != first.root) throw_unlike_roots(name, first.root, rank, next.root);
      if (next.size != first.size) throw_unlike_sizes(name, first.size, rank, next.size);
      world.parts()[static_cast<std::size_t>(rank)] = world.is_local(rank) ? next.data : nullptr;
    }
  }
};

template <class T, class Op>
inline constexpr Collective all_reduce_span = collective_of<Publish<T>, Op>("all_reduce");
template <class T, class Op>
inline constexpr Collective reduce_span = collective_of<Publish<T>, Op>("reduce");
template <class T>
inline constexpr Collective broadcast_span = collective_of<Publish<T>>("broadcast");

/// The elements `[begin, end)` of `count` that the `part`-th of `parts` works on: whole cache lines.
struct Chunk {
  std::size_t begin = 0, end = 0;
  std::size_t size() const noexcept { return end - begin; }
};
Chunk chunk_of(std::size_t count, std::size_t element_bytes, int part, int parts) noexcept;

template <class T>
T* part_of(World& world, int rank) noexcept {
  return static_cast<T*>(world.parts()[static_cast<std::size_t>(rank)]);
}

/// A node of the tree over ranks by which vectors are folded: a node of `count` ranks has the first `bit_floor(count -
/// 1)` of them to its left and the rest to its right. So the bits depend on the number of peers, and neither on threads
/// nor on processes.
struct TreeNode {
  int first = 0, count = 0;
  int split() const noexcept { return static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1))); }
  TreeNode left() const noexcept { return {first, split()}; }
  TreeNode right() const noexcept { return {first + split(), count - split()}; }
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};
/// The largest nodes of the tree over `size` ranks that lie within the `count` ranks from `first`, in order.
std::vector<TreeNode> nodes_within(int size, int first, int count);

/// What another process has folded of a chunk.
template <class T>
struct RemoteNode {
  TreeNode node{};
  const T* values = nullptr;  // of the whole chunk
};

/// Folds the vectors of the ranks below a node, a block of a chunk at a time.
template <class T, class Op>
class TreeFold {
 public:
  static constexpr std::size_t block = (std::max)(std::size_t{1}, 2048 / sizeof(T));  // stays in the nearest cache

  TreeFold(World& world, Chunk chunk, Op& op, std::span<const RemoteNode<T>> remote = {})
      : world_(world), chunk_(chunk), op_(op), remote_(remote) {}

  /// `out[0, count)` becomes the fold of the elements `[begin, begin + count)` of the vectors.
  void fold(TreeNode node, std::size_t begin, std::size_t count, T* out) const {
    if (const T* ready = values_of(node); ready != nullptr) {
      std::copy_n(ready + begin, count, out);
      return;
    }
    const T *left = values_of(node.left()), *right = values_of(node.right());
    T left_sums[block], right_sums[block];
    if (left == nullptr) fold(node.left(), begin, count, left_sums);
    if (right == nullptr) fold(node.right(), begin, count, right_sums);
    left = left != nullptr ? left + begin : left_sums, right = right != nullptr ? right + begin : right_sums;
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<T>(op_(left[i], right[i]));
  }

 private:
  /// Where the fold of a node lies already, such that index 0 is the first element of the vectors; or null.
  const T* values_of(TreeNode node) const noexcept {
    if (node.count == 1 && world_.is_local(node.first)) return part_of<T>(world_, node.first);
    for (const RemoteNode<T>& known : remote_)
      if (known.node == node) return known.values - chunk_.begin;
    return nullptr;
  }

  World& world_;
  Chunk chunk_;
  Op& op_;
  std::span<const RemoteNode<T>> remote_;
};

/// Copies a chunk's values into the vectors of the root, or of all local peers.
template <class T>
void store_chunk(World& world, std::size_t begin, std::span<const T> values, int root) {
  for (int rank = world.first(); rank < world.first() + world.local(); ++rank)
    if (root == everyone || root == rank) std::copy(values.begin(), values.end(), part_of<T>(world, rank) + begin);
}

/// The folds of one vector collective, by one peer.
template <class T, class Op>
class VectorReduce {
 public:
  VectorReduce(Peer& peer, std::size_t count, Op& op, int root)
      : peer_(peer), world_(peer.world()), hosts_(world_.hosts()), count_(count), op_(op), root_(root) {}

  /// Folds the own chunk for all, with the nodes that came from other processes, and writes it where it belongs.
  void fold_own(const Mailbox<T>* nodes, Mailbox<T>* chunks) noexcept {
    guarded([&] {
      const Chunk chunk = chunk_of_rank(peer_.rank());
      std::vector<RemoteNode<T>> remote;
      if (nodes != nullptr) remote = remote_nodes(*nodes, chunk);
      const TreeFold<T, Op> tree(world_, chunk, op_, remote);
      T sums[TreeFold<T, Op>::block];
      for (std::size_t begin = chunk.begin; begin < chunk.end; begin += std::size(sums)) {
        const std::span<T> some(sums, (std::min)(std::size(sums), chunk.end - begin));
        tree.fold({0, world_.size()}, begin, some.size(), some.data());
        store_chunk<T>(world_, begin, some, root_);
        if (chunks != nullptr) each_wanting([&](int process) { chunks->send(helper(process, peer_.rank()), some); });
      }
    });
  }
  /// Sends the owners of chunks elsewhere what this process has for them.
  void send_nodes(Mailbox<T>& box) noexcept {
    guarded([&] {
      const std::vector<TreeNode> nodes = nodes_within(world_.size(), world_.first(), world_.local());
      for (int owner = 0; owner < world_.size(); ++owner)
        if (!world_.is_local(owner) && helper(hosts_.here(), owner) == peer_.rank()) send_nodes_to(box, owner, nodes);
    });
  }
  /// Stores the chunks that owners elsewhere have folded.
  void store_received(Mailbox<T>& box) noexcept {
    guarded([&] {
      for (const Run<T>& run : box.runs()) store_chunk<T>(world_, chunk_of_rank(run.source).begin, run.values, root_);
    });
  }

 private:
  Chunk chunk_of_rank(int rank) const noexcept { return chunk_of(count_, sizeof(T), rank, world_.size()); }
  /// The peer of `process` that deals with the owner of a chunk elsewhere.
  int helper(int process, int owner) const noexcept { return hosts_.first(process) + owner % hosts_.count(process); }
  template <class F>
  void each_wanting(F use) const {
    for (int process = 0; process < hosts_.processes(); ++process)
      if (process != hosts_.here() && hosts_.count(process) != 0 &&
          (root_ == everyone || hosts_.process_of(root_) == process))
        use(process);
  }
  void send_nodes_to(Mailbox<T>& box, int owner, const std::vector<TreeNode>& nodes) {
    const Chunk chunk = chunk_of_rank(owner);
    const TreeFold<T, Op> tree(world_, chunk, op_);
    T sums[TreeFold<T, Op>::block];
    for (const TreeNode node : nodes)
      for (std::size_t begin = chunk.begin; begin < chunk.end; begin += std::size(sums)) {
        const std::span<T> some(sums, (std::min)(std::size(sums), chunk.end - begin));
        tree.fold(node, begin, some.size(), some.data());
        box.send(owner, some);
      }
  }
  std::vector<RemoteNode<T>> remote_nodes(const Mailbox<T>& box, Chunk chunk) const {
    std::vector<RemoteNode<T>> remote;
    for (int process = 0; process < hosts_.processes(); ++process) {
      if (process == hosts_.here() || hosts_.count(process) == 0) continue;
      const T* values = box.received(helper(process, peer_.rank())).data();
      for (const TreeNode node : nodes_within(world_.size(), hosts_.first(process), hosts_.count(process))) {
        remote.push_back({node, values});
        values += chunk.size();
      }
    }
    return remote;
  }
  /// A peer whose `op` throws may not leave before the others have stopped reading its vector: the error is noted, and
  /// the next barrier throws.
  template <class F>
  void guarded(F work) noexcept {
    try {
      work();
    } catch (...) {
      world_.fail(peer_.rank(), std::current_exception());
    }
  }

  Peer& peer_;
  World& world_;
  const Hosts& hosts_;
  std::size_t count_;
  Op& op_;
  int root_;
};

/// Folds all vectors, in this process or across.
template <class T, class Op>
Task<> reduce_vectors(Peer& peer, const Collective& collective, std::span<T> values, Op op, int root) {
  // Made before the vectors are shown: what throws here must not free one that others read.
  std::optional<Mailbox<T>> nodes, chunks;
  if (peer.world().is_distributed()) nodes.emplace(peer), chunks.emplace(peer);
  co_await Publish<T>(peer, collective, values, root);
  VectorReduce<T, Op> reduce(peer, values.size(), op, root);
  if (!nodes) {
    reduce.fold_own(nullptr, nullptr);
    co_await peer.sync();
    co_return;
  }
  reduce.send_nodes(*nodes);
  co_await peer.sync();
  reduce.fold_own(&*nodes, &*chunks);
  co_await peer.sync();
  reduce.store_received(*chunks);
  co_await peer.sync();
}

template <class T>
constexpr void check_elements() {
  static_assert(!std::is_const_v<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "the elements of a vector collective are numbers or plain structs, and not const");
}

/// The root's part of a broadcast: every other process gets the vector in pieces, one for each of its peers.
template <class T>
void send_pieces(Peer& peer, Mailbox<T>& box, std::span<T> values) {
  const Hosts& hosts = peer.world().hosts();
  for (int process = 0; process < hosts.processes(); ++process)
    for (int i = 0; process != hosts.here() && i < hosts.count(process); ++i) {
      const Chunk chunk = chunk_of(values.size(), sizeof(T), i, hosts.count(process));
      box.send(hosts.first(process) + i, values.subspan(chunk.begin, chunk.size()));
    }
}

}  // namespace detail

template <class T, std::size_t Extent, class Op>
Task<> Peer::all_reduce(std::span<T, Extent> values, Op op) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  co_await detail::reduce_vectors<T, Op>(*this, detail::all_reduce_span<T, Op>, values, op, detail::everyone);
}

template <class T, std::size_t Extent, class Op>
Task<> Peer::reduce(std::span<T, Extent> values, Op op, int root) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  check_rank(root, "reduce");
  co_await detail::reduce_vectors<T, Op>(*this, detail::reduce_span<T, Op>, values, op, root);
}

template <class T, std::size_t Extent>
Task<> Peer::broadcast(std::span<T, Extent> values, int root) {
  detail::check_elements<T>();
  check_rank(root, "broadcast");
  std::optional<Mailbox<T>> pieces;  // made before the root's vector is shown, as for reduce
  if (world().is_distributed()) pieces.emplace(*this);
  co_await detail::Publish<T>(*this, detail::broadcast_span<T>, values, root);
  if (pieces) {
    if (rank() == root) detail::send_pieces<T>(*this, *pieces, values);
    co_await sync();
    for (const Run<T>& run : pieces->runs()) {
      const int piece = rank() - world().first();
      detail::store_chunk<T>(world(), detail::chunk_of(values.size(), sizeof(T), piece, world().local()).begin,
                             run.values, detail::everyone);
    }
  }
  if (rank() != root && world().is_local(root))
    std::copy_n(detail::part_of<T>(world(), root), values.size(), values.data());
  co_await sync();
}

}  // namespace scalar::inline v0::bsp
