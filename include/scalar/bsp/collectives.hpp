#pragma once
/// broadcast, reduce and all_reduce: of one value fused with the barrier, of vectors by chunk owners.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string_view>
#include <type_traits>

#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

inline constexpr int everyone = -1;  // as a root: all peers get the result

[[noreturn]] void throw_unlike_roots(std::string_view collective, int expected, int rank, int root);
[[noreturn]] void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size);

template <class T>
concept FitsBarrier = std::is_trivially_copyable_v<T> && sizeof(T) <= World::result_bytes;

template <class T>
constexpr void check_value() {
  static_assert(FitsBarrier<T>,
                "a value that travels with the barrier is trivially copyable and at most 256 bytes; "
                "give vectors as std::span, and send other types through a Mailbox");
}
template <class Op>
constexpr void check_operation() {
  static_assert(std::is_copy_constructible_v<Op> && std::is_trivially_destructible_v<Op>,
                "an operation is a function object that captures at most trivial values: g++ 12 destroys others twice");
}

/// Folds one value per peer while the last one arrives.
template <class T, class Op>
class [[nodiscard]] FusedReduce final : public Barrier {
 public:
  FusedReduce(Peer& peer, const Collective& collective, T value, Op op, int root)
      : Barrier(peer, &collective), value_(value), op_(op), root_(root) {}
  T await_resume() const {
    peer().resume();
    return root_ == everyone || root_ == peer().rank() ? peer().world().template result<T>() : value_;
  }

  static void complete(World& world, std::string_view name) {
    const auto& first = world.argument<FusedReduce>(0);
    Op op = first.op_;
    T sum = first.value_;
    for (int rank = 1; rank < world.size(); ++rank) {
      const auto& next = world.argument<FusedReduce>(rank);
      if (next.root_ != first.root_) throw_unlike_roots(name, first.root_, rank, next.root_);
      sum = static_cast<T>(op(sum, next.value_));
    }
    world.set_result(sum);
  }

 private:
  T value_;
  Op op_;
  int root_;
};

template <class T, class Op>
inline constexpr Collective fused_all_reduce{"all_reduce", &FusedReduce<T, Op>::complete};
template <class T, class Op>
inline constexpr Collective fused_reduce{"reduce", &FusedReduce<T, Op>::complete};

/// Hands the root's value to all while the last one arrives.
template <class T>
class [[nodiscard]] FusedBroadcast final : public Barrier {
 public:
  FusedBroadcast(Peer& peer, const Collective& collective, T value, int root)
      : Barrier(peer, &collective), value_(value), root_(root) {}
  T await_resume() const {
    peer().resume();
    return peer().world().template result<T>();
  }

  static void complete(World& world, std::string_view name) {
    const int root = world.argument<FusedBroadcast>(0).root_;
    for (int rank = 1; rank < world.size(); ++rank)
      if (const int other = world.argument<FusedBroadcast>(rank).root_; other != root)
        throw_unlike_roots(name, root, rank, other);
    world.set_result(world.argument<FusedBroadcast>(root).value_);
  }

 private:
  T value_;
  int root_;
};

template <class T>
inline constexpr Collective fused_broadcast{"broadcast", &FusedBroadcast<T>::complete};

/// Shows every peer where the others' vectors lie. They stay there until the next barrier, since their owners wait.
template <class T>
class [[nodiscard]] Publish final : public Barrier {
 public:
  Publish(Peer& peer, const Collective& collective, std::span<T> values, int root)
      : Barrier(peer, &collective), values_(values), root_(root) {}

  static void complete(World& world, std::string_view name) {
    const auto& first = world.argument<Publish>(0);
    for (int rank = 0; rank < world.size(); ++rank) {
      const auto& next = world.argument<Publish>(rank);
      if (next.root_ != first.root_) throw_unlike_roots(name, first.root_, rank, next.root_);
      if (next.values_.size() != first.values_.size())
        throw_unlike_sizes(name, first.values_.size(), rank, next.values_.size());
      world.parts()[static_cast<std::size_t>(rank)] = next.values_.data();
    }
  }

 private:
  std::span<T> values_;
  int root_;
};

template <class T, class Op>
inline constexpr Collective all_reduce_span{"all_reduce", &Publish<T>::complete};
template <class T, class Op>
inline constexpr Collective reduce_span{"reduce", &Publish<T>::complete};
template <class T>
inline constexpr Collective broadcast_span{"broadcast", &Publish<T>::complete};

/// The elements `[begin, end)` of `count` that `rank` folds for all: whole cache lines, about `count / peers`.
struct Chunk {
  std::size_t begin = 0, end = 0;
};
Chunk chunk_of(std::size_t count, std::size_t element_bytes, int rank, int peers) noexcept;

template <class T>
T* part_of(World& world, int rank) noexcept {
  return static_cast<T*>(world.parts()[static_cast<std::size_t>(rank)]);
}

/// Folds a chunk of all peers' vectors in rank order, and writes it to the root's or to everyone's.
template <class T, class Op>
void fold_chunk(World& world, Chunk chunk, Op& op, int root) {
  constexpr std::size_t block_size = (std::max)(std::size_t{1}, 4096 / sizeof(T));
  T sums[block_size];  // stays in the first-level cache while the peers' vectors stream past it
  for (std::size_t begin = chunk.begin; begin < chunk.end; begin += block_size) {
    const std::size_t count = (std::min)(block_size, chunk.end - begin);
    std::copy_n(part_of<T>(world, 0) + begin, count, sums);
    for (int rank = 1; rank < world.size(); ++rank) {
      const T* values = part_of<T>(world, rank) + begin;
      for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<T>(op(sums[i], values[i]));
    }
    for (int rank = 0; rank < world.size(); ++rank)
      if (root == everyone || root == rank) std::copy_n(sums, count, part_of<T>(world, rank) + begin);
  }
}

/// A peer whose `op` throws may not leave before the others have stopped reading its vector: the error is noted, and
/// the next barrier throws.
template <class T, class Op>
void fold_own_chunk(Peer& peer, std::size_t count, Op& op, int root) noexcept {
  try {
    fold_chunk<T>(peer.world(), chunk_of(count, sizeof(T), peer.rank(), peer.size()), op, root);
  } catch (...) {
    peer.world().fail(peer.rank(), std::current_exception());
  }
}

template <class T>
constexpr void check_elements() {
  static_assert(!std::is_const_v<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "the elements of a vector collective are numbers or plain structs, and not const");
}

}  // namespace detail

template <class T, class Op>
detail::FusedReduce<T, Op> Peer::all_reduce(T value, Op op) {
  detail::check_value<T>(), detail::check_operation<Op>();
  return {*this, detail::fused_all_reduce<T, Op>, value, op, detail::everyone};
}

template <class T, class Op>
detail::FusedReduce<T, Op> Peer::reduce(T value, Op op, int root) {
  detail::check_value<T>(), detail::check_operation<Op>();
  check_rank(root, "reduce");
  return {*this, detail::fused_reduce<T, Op>, value, op, root};
}

template <class T>
detail::FusedBroadcast<T> Peer::broadcast(T value, int root) {
  detail::check_value<T>();
  check_rank(root, "broadcast");
  return {*this, detail::fused_broadcast<T>, value, root};
}

template <class T, std::size_t Extent, class Op>
Task<> Peer::all_reduce(std::span<T, Extent> values, Op op) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  co_await detail::Publish<T>(*this, detail::all_reduce_span<T, Op>, values, detail::everyone);
  detail::fold_own_chunk<T>(*this, values.size(), op, detail::everyone);
  co_await sync();
}

template <class T, std::size_t Extent, class Op>
Task<> Peer::reduce(std::span<T, Extent> values, Op op, int root) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  check_rank(root, "reduce");
  co_await detail::Publish<T>(*this, detail::reduce_span<T, Op>, values, root);
  detail::fold_own_chunk<T>(*this, values.size(), op, root);
  co_await sync();
}

template <class T, std::size_t Extent>
Task<> Peer::broadcast(std::span<T, Extent> values, int root) {
  detail::check_elements<T>();
  check_rank(root, "broadcast");
  co_await detail::Publish<T>(*this, detail::broadcast_span<T>, values, root);
  if (rank() != root) std::copy_n(detail::part_of<T>(world(), root), values.size(), values.data());
  co_await sync();
}

}  // namespace scalar::inline v0::bsp
