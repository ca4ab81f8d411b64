#pragma once
/// broadcast, reduce and all_reduce of vectors, in place: each peer handles a chunk on behalf of all.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/cost/collective_cost.hpp"
#include "scalar/bsp/detail/copy.hpp"
#include "scalar/bsp/detail/tree_fold.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

[[noreturn]] void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size);
/// The algorithm for a vector of `bytes`, according to the engine's options. `folds`: a fold rather than a broadcast.
Algorithm algorithm_for(World& world, std::size_t bytes, bool folds);

struct Extent {
  void* data;
  std::size_t size;
  int root;
  Algorithm algorithm;  // rank 0's is used by all: options may differ between processes
};

/// Tells the peers of a process where each other's vectors are, and all peers by which algorithm vectors cross
/// processes. The vectors stay in place until the last barrier of the collective, since their owners wait.
template <class T>
class [[nodiscard]] Publish final : public Contribution<Extent> {
 public:
  using Value = Extent;
  Publish(Peer& peer, const Collective& collective, std::span<T> values, int root, bool folds)
      : Contribution<Value>(
            peer, collective,
            {values.data(), values.size(), root,
             peer.rank() == 0 && peer.world().is_distributed() ? algorithm_for(peer.world(), values.size_bytes(), folds)
                                                               : Algorithm::one_phase}) {}
  Algorithm await_resume() const {
    this->peer().resume();
    return this->peer().world().template result<Algorithm>();
  }

  static void complete(World& world, std::string_view name) {
    const Value first = world.value<Value>(0);
    for (int rank = 0; rank < world.size(); ++rank) {
      const Value next = world.value<Value>(rank);
      if (next.root != first.root) throw_unlike_roots(name, first.root, rank, next.root);
      if (next.size != first.size) throw_unlike_sizes(name, first.size, rank, next.size);
      world.parts()[static_cast<std::size_t>(rank)] = world.is_local(rank) ? next.data : nullptr;
    }
    world.set_result(first.algorithm);
  }
};

template <class T, class Op>
inline constexpr Collective all_reduce_span = collective_of<Publish<T>, Op>("all_reduce");
template <class T, class Op>
inline constexpr Collective reduce_span = collective_of<Publish<T>, Op>("reduce");
template <class T>
inline constexpr Collective broadcast_span = collective_of<Publish<T>>("broadcast");

/// Which peer handles which chunk of a vector that crosses processes.
///
/// In two phases every peer owns a chunk, and in every other process the peer `helper` handles that chunk. In one phase
/// each process has one peer per chunk; the peers of a chunk have the same index in their processes, called the lane.
template <class T>
class Crossing {
 public:
  Crossing(Peer& peer, Algorithm algorithm, std::size_t count)
      : rank_(peer.rank()),
        placement_(peer.world().placement()),
        count_(count),
        one_phase_(algorithm == Algorithm::one_phase) {
    lanes_ = placement_.size();
    for (int process = 0; process < placement_.processes(); ++process)
      if (placement_.count(process) != 0) lanes_ = (std::min)(lanes_, placement_.count(process));
  }

  bool is_one_phase() const noexcept { return one_phase_; }
  /// The chunk that this peer handles on behalf of all.
  Range own() const noexcept {
    if (!one_phase_) return owned_by(rank_);
    return lane() < lanes_ ? chunk_of(count_, sizeof(T), lane(), lanes_) : Range{};
  }
  /// The peer of `process` that sends or receives the chunk `own()`.
  int partner(int process) const noexcept {
    return one_phase_ ? placement_.first(process) + lane() : helper(process, rank_);
  }
  /// In two phases: the chunk that `rank` owns.
  Range owned_by(int rank) const noexcept { return chunk_of(count_, sizeof(T), rank, placement_.size()); }
  /// In two phases: calls `use(owner)` for the owners in other processes whose chunks this peer handles.
  template <class F>
  void each_helped(const F& use) const {
    for (int owner = 0; owner < placement_.size(); ++owner)
      if (placement_.process_of(owner) != placement_.here() && helper(placement_.here(), owner) == rank_) use(owner);
  }
  /// Calls `use(process)` for the other processes that have peers.
  template <class F>
  void each_other(const F& use) const {
    for (int process = 0; process < placement_.processes(); ++process)
      if (process != placement_.here() && placement_.count(process) != 0) use(process);
  }

 private:
  int lane() const noexcept { return rank_ - placement_.first(placement_.here()); }
  int helper(int process, int owner) const noexcept {
    return placement_.first(process) + owner % placement_.count(process);
  }

  int rank_, lanes_ = 0;
  const Placement& placement_;
  std::size_t count_;
  bool one_phase_;
};

/// Stores the chunks that their owners in other processes have sent.
template <class T>
void store_received(Peer& peer, const Crossing<T>& crossing, const Mailbox<T>& box, int root) {
  for (const Run<T>& run : box.runs()) {
    const Range chunk = crossing.owned_by(run.source);
    check_received(run.source, chunk.size(), run.values.size(), peer.rank());
    store_chunk<T>(peer.world(), chunk.begin, run.values, root);
  }
}

/// One peer's part in the folds of a vector collective.
template <class T, class Op>
class VectorReduce {
 public:
  /// `box` is null in one process.
  VectorReduce(Peer& peer, const Crossing<T>& crossing, Op& op, int root, Mailbox<T>* box)
      : world_(peer.world()), rank_(peer.rank()), crossing_(crossing), op_(op), root_(root), box_(box) {}

  /// Sends this process's nodes to the peers of other processes that fold them.
  void send_nodes() const {
    if (!crossing_.is_one_phase()) {
      crossing_.each_helped([&](int owner) {
        send_nodes_of(crossing_.owned_by(owner), [&](std::span<const T> some) { box_->send(owner, some); });
      });
    } else if (root_ == everyone || !world_.is_local(root_)) {
      send_nodes_of(crossing_.own(), [&](std::span<const T> some) { send_to_wanting(some); });
    }
  }
  /// Folds the peer's own chunk on behalf of all, with the nodes from other processes, and stores the result.
  void fold_own() const {
    if (crossing_.is_one_phase() && root_ != everyone && !world_.is_local(root_)) return;
    if (world_.size() == 1) return;
    const Range chunk = crossing_.own();
    std::vector<RemoteNode<T>> remote;
    if (box_ != nullptr && chunk.size() != 0) remote = remote_nodes(chunk);
    const TreeFold<T, Op> tree(world_, chunk, op_, remote);
    tree.each_block({0, world_.size()}, [&](std::size_t begin, std::span<const T> some) {
      store_chunk<T>(world_, begin, some, root_);
      if (!crossing_.is_one_phase()) send_to_wanting(some);
    });
  }

 private:
  void send_to_wanting(std::span<const T> some) const {
    crossing_.each_other([&](int process) {
      if (root_ == everyone || world_.placement().process_of(root_) == process)
        box_->send(crossing_.partner(process), some);
    });
  }
  template <class F>
  void send_nodes_of(Range chunk, const F& send) const {
    const TreeFold<T, Op> tree(world_, chunk, op_);
    each_node_within({0, world_.size()}, world_.first(), world_.local(), [&](TreeNode node) {
      tree.each_block(node, [&](std::size_t, std::span<const T> some) { send(some); });
    });
  }
  std::vector<RemoteNode<T>> remote_nodes(Range chunk) const {
    std::vector<RemoteNode<T>> remote;
    const Placement& placement = world_.placement();
    crossing_.each_other([&](int process) {
      const int partner = crossing_.partner(process);
      const std::span<const T> got = box_->received(partner);
      std::size_t at = 0, nodes = 0;
      each_node_within({0, world_.size()}, placement.first(process), placement.count(process), [&](TreeNode node) {
        if (got.size() - at >= chunk.size()) remote.push_back({node, got.data() + at});
        at += (std::min)(chunk.size(), got.size() - at);
        ++nodes;
      });
      check_received(partner, nodes * chunk.size(), got.size(), rank_);
    });
    return remote;
  }

  World& world_;
  int rank_;
  const Crossing<T>& crossing_;
  Op& op_;
  int root_;
  Mailbox<T>* box_;
};

/// Folds all vectors, within this process or across processes.
template <class T, class Op>
Task<> reduce_vectors(Peer& peer, const Collective& collective, std::span<T> values, Op op, int root) {
  // Made before the vectors are published, since an exception here must not free a vector that others read.
  std::optional<Mailbox<T>> box;
  if (peer.world().is_distributed()) box.emplace(peer);
  const Algorithm algorithm = co_await Publish<T>(peer, collective, values, root, true);
  const Crossing<T> crossing(peer, algorithm, values.size());
  const VectorReduce<T, Op> reduce(peer, crossing, op, root, box ? &*box : nullptr);
  if (box) {
    guarded(peer, [&] { reduce.send_nodes(); });
    co_await peer.sync();
  }
  guarded(peer, [&] { reduce.fold_own(); });
  co_await peer.sync();
  if (crossing.is_one_phase()) co_return;
  guarded(peer, [&] { store_received(peer, crossing, *box, root); });
  co_await peer.sync();
}

/// One peer's part in a broadcast across processes.
template <class T>
class VectorBroadcast {
 public:
  VectorBroadcast(Peer& peer, const Crossing<T>& crossing, std::size_t count, int root, Mailbox<T>& box)
      : world_(peer.world()), rank_(peer.rank()), crossing_(crossing), count_(count), root_(root), box_(box) {}

  /// In the root's process: sends the chunks to their owners or, in one phase, to all processes.
  void send_pieces() const {
    if (!world_.is_local(root_)) return;
    if (crossing_.is_one_phase()) return send_on(of_root(crossing_.own()));
    crossing_.each_helped([&](int owner) { box_.send(owner, of_root(crossing_.owned_by(owner))); });
  }
  /// Stores the peer's own chunk; in two phases, also sends it on.
  void take_piece() const {
    const Range chunk = crossing_.own();
    if (chunk.size() == 0) return;
    if (world_.is_local(root_)) {
      if (!crossing_.is_one_phase()) send_on(of_root(chunk));
      return;
    }
    const int partner = crossing_.partner(world_.placement().process_of(root_));
    const std::span<const T> piece = box_.received(partner);
    check_received(partner, chunk.size(), piece.size(), rank_);
    store_chunk<T>(world_, chunk.begin, piece, everyone);
    if (!crossing_.is_one_phase()) send_on(piece);
  }

 private:
  std::span<const T> of_root(Range chunk) const {
    return std::span<const T>(part_of<T>(world_, root_), count_).subspan(chunk.begin, chunk.size());
  }
  /// Sends `piece` to the processes that do not have it yet.
  void send_on(std::span<const T> piece) const {
    if (piece.empty()) return;
    crossing_.each_other([&](int process) {
      if (process != world_.placement().process_of(root_)) box_.send(crossing_.partner(process), piece);
    });
  }

  World& world_;
  int rank_;
  const Crossing<T>& crossing_;
  std::size_t count_;
  int root_;
  Mailbox<T>& box_;
};

template <class T>
Task<> broadcast_vector(Peer& peer, std::span<T> values, int root) {
  std::optional<Mailbox<T>> box;  // made before the root's vector is published, as in reduce_vectors
  if (peer.world().is_distributed()) box.emplace(peer);
  const Algorithm algorithm = co_await Publish<T>(peer, broadcast_span<T>, values, root, false);
  if (box) {
    const Crossing<T> crossing(peer, algorithm, values.size());
    const VectorBroadcast<T> broadcast(peer, crossing, values.size(), root, *box);
    guarded(peer, [&] { broadcast.send_pieces(); });
    co_await peer.sync();
    guarded(peer, [&] { broadcast.take_piece(); });
    if (!crossing.is_one_phase()) {
      co_await peer.sync();
      guarded(peer, [&] { store_received(peer, crossing, *box, everyone); });
    }
  }
  if (peer.rank() != root && peer.world().is_local(root))
    copy_values(std::span<const T>(part_of<T>(peer.world(), root), values.size()), values.data());
  co_await peer.sync();
}

}  // namespace detail

/// Replaces every element of every peer's `values` by its fold in rank order, in place. All spans must have the same
/// length, else `Errc::shape_mismatch`, and must not overlap.
///
/// Two supersteps: each peer folds its share of the elements on behalf of all, so the work is divided by `size()`. The
/// bits depend on the number of peers, not on threads or timing.
template <class T, std::size_t Extent, class Op>
Task<> all_reduce(Peer& peer, std::span<T, Extent> values, Op op) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  co_await detail::reduce_vectors<T, Op>(peer, detail::all_reduce_span<T, Op>, values, op, detail::everyone);
}

/// As `all_reduce`, but only `root`'s values are replaced.
template <class T, std::size_t Extent, class Op>
Task<> reduce(Peer& peer, std::span<T, Extent> values, Op op, int root = 0) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  peer.check_rank(root, "reduce");
  co_await detail::reduce_vectors<T, Op>(peer, detail::reduce_span<T, Op>, values, op, root);
}

/// Copies `root`'s values to all peers. Two supersteps.
template <class T, std::size_t Extent>
Task<> broadcast(Peer& peer, std::span<T, Extent> values, int root = 0) {
  detail::check_elements<T>();
  peer.check_rank(root, "broadcast");
  co_await detail::broadcast_vector<T>(peer, values, root);
}

}  // namespace scalar::inline v0::bsp
