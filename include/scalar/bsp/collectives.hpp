#pragma once
/// broadcast, reduce and all_reduce of one value, fused with the barrier.
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

/// Errors: `Errc::parse`, naming `source` and `rank`, unless `source` has sent as many elements as agreed.
void check_received(int source, std::size_t expected, std::size_t got, int rank);
[[noreturn]] void throw_unlike_roots(std::string_view collective, int expected, int rank, int root);

template <class T>
concept FitsBarrier = std::is_trivially_copyable_v<T> && sizeof(T) <= World::result_bytes;

template <class T>
constexpr void check_value() {
  static_assert(FitsBarrier<T>,
                "a value that travels with the barrier is trivially copyable and at most 256 bytes; "
                "give vectors as std::span, and send other types through a Mailbox");
}
template <class T>
constexpr void check_elements() {
  static_assert(!std::is_const_v<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "the elements of a vector collective are numbers or plain structs, and not const");
}
template <class Op>
constexpr void check_operation() {
  static_assert(std::is_copy_constructible_v<Op> && std::is_trivially_destructible_v<Op>,
                "an operation is a function object that captures at most trivial values: g++ 12 destroys others twice");
}

/// Runs `work`. An exception is recorded, and the next barrier throws: a peer whose work fails may not leave before the
/// others have stopped reading its memory.
template <class F>
void guarded(Peer& peer, const F& work) noexcept {
  try {
    work();
  } catch (...) {
    peer.world().fail(peer.rank(), std::current_exception());
  }
}

template <class T>
struct Rooted {
  T value;
  int root;
};

/// Folds one value per peer when the last peer arrives.
template <class T, class Op>
class [[nodiscard]] FusedReduce final : public Contribution<Rooted<T>> {
 public:
  using Value = Rooted<T>;
  FusedReduce(Peer& peer, const Collective& collective, T value, Op op, int root)
      : Contribution<Value>(peer, collective, {value, root}), op_(op) {}
  T await_resume() const {
    Peer& peer = this->peer();
    peer.resume();
    const int root = this->value().root;
    return root == everyone || root == peer.rank() ? peer.world().template result<T>() : this->value().value;
  }

  static void complete(World& world, std::string_view name) {
    Op op = world.argument<FusedReduce>(world.first()).op_;
    const Value first = world.value<Value>(0);
    T sum = first.value;
    for (int rank = 1; rank < world.size(); ++rank) {
      const Value next = world.value<Value>(rank);
      if (next.root != first.root) throw_unlike_roots(name, first.root, rank, next.root);
      sum = static_cast<T>(op(sum, next.value));
    }
    world.set_result(sum);
  }

 private:
  Op op_;
};

template <class T, class Op>
inline constexpr Collective fused_all_reduce = collective_of<FusedReduce<T, Op>>("all_reduce");
template <class T, class Op>
inline constexpr Collective fused_reduce = collective_of<FusedReduce<T, Op>>("reduce");

/// Gives the root's value to all peers when the last peer arrives.
template <class T>
class [[nodiscard]] FusedBroadcast final : public Contribution<Rooted<T>> {
 public:
  using Value = Rooted<T>;
  FusedBroadcast(Peer& peer, const Collective& collective, T value, int root)
      : Contribution<Value>(peer, collective, {value, root}) {}
  T await_resume() const {
    this->peer().resume();
    return this->peer().world().template result<T>();
  }

  static void complete(World& world, std::string_view name) {
    const int root = world.value<Value>(0).root;
    for (int rank = 1; rank < world.size(); ++rank)
      if (const int other = world.value<Value>(rank).root; other != root) throw_unlike_roots(name, root, rank, other);
    world.set_result(world.value<Value>(root).value);
  }
};

template <class T>
inline constexpr Collective fused_broadcast = collective_of<FusedBroadcast<T>>("broadcast");

}  // namespace detail

/// Every peer gets the fold of all peers' values in rank order: `((v0 op v1) op v2) ...`. One superstep, no messages.
/// `T` is trivially copyable, at most 256 bytes.
template <class T, class Op>
detail::FusedReduce<T, Op> all_reduce(Peer& peer, T value, Op op) {
  detail::check_value<T>(), detail::check_operation<Op>();
  return {peer, detail::fused_all_reduce<T, Op>, value, op, detail::everyone};
}

/// As `all_reduce`, but only `root` gets the fold; the other peers get their own value. Errors: `Errc::out_of_range`
/// for an invalid root.
template <class T, class Op>
detail::FusedReduce<T, Op> reduce(Peer& peer, T value, Op op, int root = 0) {
  detail::check_value<T>(), detail::check_operation<Op>();
  peer.check_rank(root, "reduce");
  return {peer, detail::fused_reduce<T, Op>, value, op, root};
}

/// Every peer gets the value of `root`. Errors: `Errc::out_of_range` for an invalid root.
template <class T>
detail::FusedBroadcast<T> broadcast(Peer& peer, T value, int root = 0) {
  detail::check_value<T>();
  peer.check_rank(root, "broadcast");
  return {peer, detail::fused_broadcast<T>, value, root};
}

}  // namespace scalar::inline v0::bsp
