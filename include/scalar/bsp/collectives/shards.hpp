#pragma once
/// Folds over a fixed number of shards: the bits of a fold do not depend on how many peers share the shards.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/collectives/span_collectives.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp {

/// Consecutive shards: those of one peer, or those below one node of the tree.
struct ShardRange {
  int first = 0;
  int last = 0;  ///< one past the last

  int count() const noexcept { return last - first; }
  friend bool operator==(const ShardRange&, const ShardRange&) = default;
};

/// The shards of peer `rank`. The peers' numbers of shards differ by at most one.
/// Errors: `Errc::invalid_argument` unless there are 1 to 1,048,576 shards and at least as many as peers.
ShardRange shards_of(int shards, int rank, int peers);

/// The largest nodes of the canonical tree that together cover `shards`, in order: at most `2 log2(shards.count())`.
///
/// The number of shards below a node is a power of two, and its first shard is a multiple of that number.
std::vector<ShardRange> nodes_of(ShardRange shards);

/// A node of the canonical tree and the fold of its shards.
template <class T>
struct ShardNode {
  ShardRange shards{};
  std::span<T> values{};
};

namespace detail {

[[noreturn]] void throw_bad_fold(const char* what, std::size_t seen, std::size_t expected, int rank);

/// Folds nodes whose vectors are stored elsewhere. It works like a binary counter: a node is folded into its left
/// sibling as soon as both are there.
template <class T, class Op>
class ShardTree {
 public:
  explicit ShardTree(Op op) : op_(op) {}

  void reset(int first) { nodes_.clear(), first_ = first; }
  int next() const noexcept { return nodes_.empty() ? first_ : nodes_.back().shards.last; }
  const std::vector<ShardNode<T>>& nodes() const noexcept { return nodes_; }

  void push(int count, std::span<T> values) {
    nodes_.push_back({{next(), next() + count}, values});
    while (nodes_.size() > 1 && are_siblings(nodes_[nodes_.size() - 2].shards, nodes_.back().shards)) merge();
  }
  /// Folds the nodes that have no sibling, from the last to the first.
  std::span<T> finish() {
    while (nodes_.size() > 1) merge();
    return nodes_.front().values;
  }

 private:
  static bool are_siblings(ShardRange a, ShardRange b) noexcept {
    return a.count() == b.count() && a.first % (2 * a.count()) == 0;
  }
  void merge() {
    ShardNode<T>& left = nodes_[nodes_.size() - 2];
    T* to = left.values.data();
    const T* from = nodes_.back().values.data();
    for (std::size_t i = 0; i < left.values.size(); ++i) to[i] = static_cast<T>(op_(to[i], from[i]));
    left.shards.last = nodes_.back().shards.last;
    nodes_.pop_back();
  }

  Op op_;
  int first_ = 0;
  std::vector<ShardNode<T>> nodes_{};
};

}  // namespace detail

/// Folds vectors of equal length, one per shard, as they come.
///
/// `op` need not commute; elements are trivially copyable. Memory: at most `2 log2(shards) + 1` vectors, which are kept
/// for the next fold. Thread safety: one thread at a time.
template <class T, class Op = std::plus<>>
class ShardFold {
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> && !std::is_same_v<T, bool>,
                "the elements of a fold are numbers or plain structs");

 public:
  explicit ShardFold(int first, std::size_t size, Op op = {}) : tree_(op) { reset(first, size); }

  /// Forgets everything. The next shard is `first`, and vectors have `size` elements.
  void reset(int first, std::size_t size) {
    tree_.reset(first);
    size_ = size;
    recycle();
  }

  std::size_t size() const noexcept { return size_; }
  /// The shard that comes next.
  int next() const noexcept { return tree_.next(); }
  /// The folds so far: the largest nodes of the tree, in order. Code that takes over a fold may change the values.
  std::span<const ShardNode<T>> nodes() const noexcept { return tree_.nodes(); }

  /// `fill(std::span<T>)` writes the vector of the next shard; the values of the span are unspecified before.
  template <class Fill>
  void push(Fill&& fill) {
    std::vector<T> values;
    if (!spare_.empty()) values = std::move(spare_.back()), spare_.pop_back();
    values.resize(size_);
    fill(std::span<T>(values));
    buffers_.push_back(std::move(values));
    tree_.push(1, buffers_.back());
    recycle();
  }

  /// The fold of everything pushed; nodes without a sibling are folded from the last to the first. Requires a `push`.
  std::span<const T> total() {
    const std::span<const T> all = tree_.finish();
    recycle();
    return all;
  }

 private:
  void recycle() {  // a merge no longer needs the right node's vector
    for (; buffers_.size() > tree_.nodes().size(); buffers_.pop_back()) spare_.push_back(std::move(buffers_.back()));
  }

  detail::ShardTree<T, Op> tree_;
  std::size_t size_ = 0;
  std::vector<std::vector<T>> buffers_{};  // of the nodes, in order
  std::vector<std::vector<T>> spare_{};
};

/// Elementwise folds of one vector per shard over all peers, by the canonical tree over `shards` leaves. The bits are
/// the same for any number of peers up to the number of shards, on any transport.
///
/// Every peer makes a `ShardReduce` at the same place of its program, folds the vectors of its own shards in a
/// `ShardFold`, and awaits `all_reduce`. A local variable of the body. Source of the exchange: Rabenseifner,
/// "Optimization of collective reduction operations", ICCS 2004, section 4, with the peers' complete nodes in place of
/// their sums.
template <class T, class Op = std::plus<>>
class ShardReduce {
 public:
  /// Errors: those of `shards_of`.
  ShardReduce(Peer& peer, int shards, Op op = {})
      : peer_(peer),
        count_(shards),
        mine_(shards_of(shards, peer.rank(), peer.size())),
        box_(peer.mailbox<T>()),
        is_even_(shards % peer.size() == 0 && std::has_single_bit(static_cast<unsigned>(shards / peer.size()))),
        op_(op),
        tree_(op) {}

  /// The shards of this peer.
  ShardRange shards() const noexcept { return mine_; }

  /// Sets `out` to the fold over all shards, at every peer. `fold` must hold exactly this peer's shards; it is empty
  /// afterwards.
  ///
  /// Two supersteps within a process; none for one peer. Each peer finishes its share of the elements on behalf of all:
  /// it sends at most `2 log2(shards) + 1` times the vector's size. Errors: `Errc::shape_mismatch`, naming the peer,
  /// for a fold of other shards or of another size.
  Task<> all_reduce(ShardFold<T, Op>& fold, std::span<T> out) {
    check(fold, out);
    if (peer_.size() == 1) {
      std::ranges::copy(fold.total(), out.begin());
    } else if (is_even_) {
      const std::span<T> node = fold.nodes().front().values;
      co_await bsp::all_reduce(peer_, node, op_);
      std::ranges::copy(node, out.begin());
    } else {
      send_nodes(fold);
      co_await peer_.sync();
      finish_chunk(fold, out);
      co_await peer_.sync();
      collect(out);
    }
    fold.reset(mine_.first, fold.size());
  }

 private:
  /// The elements that `rank` finishes.
  Range chunk(std::size_t size, int rank) const noexcept {
    return even_part(size, static_cast<std::size_t>(rank), static_cast<std::size_t>(peer_.size()));
  }

  void check(const ShardFold<T, Op>& fold, std::span<T> out) const {
    if (out.size() != fold.size())
      detail::throw_bad_fold("elements of the result", out.size(), fold.size(), peer_.rank());
    const bool starts = !fold.nodes().empty() && fold.nodes().front().shards.first == mine_.first;
    const int end = starts ? fold.next() : mine_.first;
    if (end != mine_.last)
      detail::throw_bad_fold("shards folded", static_cast<std::size_t>(end - mine_.first),
                             static_cast<std::size_t>(mine_.count()), peer_.rank());
  }
  void send_nodes(const ShardFold<T, Op>& fold) {
    for (int rank = 0; rank < peer_.size(); ++rank) {
      const Range part = chunk(fold.size(), rank);
      if (rank == peer_.rank()) continue;
      for (const ShardNode<T>& node : fold.nodes())
        box_.send(rank, std::span<const T>(node.values.subspan(part.begin, part.size())));
    }
  }
  /// Folds this peer's share of the elements over the nodes of all peers, in place, and sends the result to all peers.
  void finish_chunk(const ShardFold<T, Op>& fold, std::span<T> out) {
    const Range mine = chunk(fold.size(), peer_.rank());
    tree_.reset(0);
    for (int rank = 0; rank < peer_.size(); ++rank) {
      if (rank == peer_.rank()) {
        for (const ShardNode<T>& node : fold.nodes())
          tree_.push(node.shards.count(), node.values.subspan(mine.begin, mine.size()));
        continue;
      }
      const std::vector<ShardRange> nodes = nodes_of(shards_of(count_, rank, peer_.size()));
      const std::span<T> got = box_.received(rank);
      if (got.size() != nodes.size() * mine.size())
        detail::throw_bad_fold("elements received", got.size(), nodes.size() * mine.size(), rank);
      for (std::size_t i = 0; i < nodes.size(); ++i)
        tree_.push(nodes[i].count(), got.subspan(i * mine.size(), mine.size()));
    }
    const std::span<const T> total = tree_.finish();
    for (int rank = 0; rank < peer_.size(); ++rank)
      if (rank != peer_.rank()) box_.send(rank, total);
    std::ranges::copy(total, out.begin() + static_cast<std::ptrdiff_t>(mine.begin));
  }
  void collect(std::span<T> out) const {
    for (int rank = 0; rank < peer_.size(); ++rank) {
      if (rank == peer_.rank()) continue;
      const Range part = chunk(out.size(), rank);
      const std::span<const T> got = box_.received(rank);
      if (got.size() != part.size()) detail::throw_bad_fold("elements received", got.size(), part.size(), rank);
      std::ranges::copy(got, out.begin() + static_cast<std::ptrdiff_t>(part.begin));
    }
  }

  Peer& peer_;
  int count_;
  ShardRange mine_;
  Mailbox<T> box_;
  bool is_even_;  // every peer holds one node of the same size, so the tree over peers is the top of the tree of shards
  Op op_;
  detail::ShardTree<T, Op> tree_;
};

}  // namespace scalar::inline v0::bsp
