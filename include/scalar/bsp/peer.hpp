#pragma once
/// Peer: what a BSP program knows about itself and the other peers.
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/detail/world.hpp"
#include "scalar/bsp/task.hpp"

namespace scalar::inline v0::bsp {

template <class T>
class Mailbox;
class BlockingPeer;

namespace detail {

/// Base of the mailboxes and arrays of a peer, which tells them when a superstep begins.
class Box {
 public:
  /// The peer has entered `superstep`.
  virtual void turn(std::uint64_t superstep) = 0;

 protected:
  ~Box() = default;
};

class Barrier;
template <class T, class Op>
class FusedReduce;
template <class T>
class FusedBroadcast;
class Save;
class Split;

}  // namespace detail

/// One of the `size()` peers that run a program together.
///
/// Each body gets its own `Peer`; only that coroutine and the helpers it awaits may use it. `sync` and every collective
/// are barriers: all peers that have not returned must arrive at the same one, else the run ends with
/// `Errc::invalid_argument`, which names who was where. A peer that has returned counts as arrived at every later
/// `sync`, but is missing from a collective.
class Peer {
 public:
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// This peer's number, from 0.
  int rank() const noexcept { return rank_; }
  /// How many peers there are.
  int size() const noexcept { return world_->size(); }
  /// Which process hosts which peers.
  const Placement& placement() const noexcept { return world_->placement(); }
  /// The neighbors on a ring.
  int left() const noexcept { return rank_ == 0 ? size() - 1 : rank_ - 1; }
  int right() const noexcept { return rank_ + 1 == size() ? 0 : rank_ + 1; }
  /// The number of the running superstep, from 0.
  std::uint64_t superstep() const noexcept { return world_->superstep(); }

  /// `co_await peer.sync()` ends the superstep. Throws `Aborted` when a peer has failed in it.
  detail::Barrier sync() noexcept;

  /// Makes a mailbox, which is a local variable of the body. The n-th mailbox of a peer matches the n-th of every other
  /// peer. Errors: `Errc::type_mismatch` when the n-th mailbox of another peer has another type.
  template <class T>
  Mailbox<T> mailbox();

  /// Divides the peers into teams by color; each team has its own barriers and mailboxes. In
  /// `auto team = co_await peer.split(color)`, `team` is a `Team`, whose ranks are in the order of the ranks here. A
  /// peer with a negative color gets no team.
  detail::Split split(int color);

  /// Runs `fn(BlockingPeer&)` on a separate thread and returns what `fn` returned: for code that blocks, such as the
  /// callbacks of a framework. The peer waits without a thread; a barrier that `fn` calls blocks only that thread.
  template <class F>
  auto offload(F fn) -> Task<std::invoke_result_t<F&, BlockingPeer&>>;

  /// Declares the variables that are this peer's state. Call it once, before the first barrier. Returns true when an
  /// earlier run of the program has left a checkpoint: the variables then have the checkpoint's values, and the program
  /// continues from there.
  ///
  /// A checkpoint fits only the number of peers that wrote it, unless some of the state is given as
  /// `sharded(parts, shards)`. All other variables must then be the same at all peers, which every write checks by
  /// their bytes. Errors: `Errc::invalid_argument` for a second call, and for shards other than the checkpoint's.
  template <class... T>
  bool persist(T&&... state);
  /// A barrier at which the state is saved, when `CheckpointOptions` says so. No message may be in flight: a message
  /// sent before the checkpoint is received after it, but is not part of the saved state.
  detail::Save checkpoint();

  /// Internal, from here on.
  Peer(detail::World& world, int rank) noexcept : world_(&world), fiber_(&world.fiber(rank)), rank_(rank) {}
  Peer(Peer&&) noexcept = default;  // before it runs
  detail::World& world() noexcept { return *world_; }
  detail::Fiber& fiber() noexcept { return *fiber_; }
  std::int64_t& mailboxes() noexcept { return world_->mailboxes(rank_); }
  void attach(detail::Box& box) { boxes_.push_back(&box); }
  void detach(detail::Box& box) noexcept { std::erase(boxes_, &box); }
  void resume() {
    if (world_->is_aborted()) [[unlikely]]
      world_->throw_aborted(*fiber_);
    for (detail::Box* box : boxes_) box->turn(world_->superstep());
  }
  void check_rank(int rank, std::string_view where) const {
    if (rank < 0 || rank >= size()) throw_bad_rank(rank, where);
  }
  [[noreturn]] void throw_bad_rank(int rank, std::string_view where) const;

 private:
  detail::World* world_;
  detail::Fiber* fiber_;
  int rank_;
  std::vector<detail::Box*> boxes_;
};

namespace detail {

/// Arrives at the barrier, with or without a collective.
class [[nodiscard]] Barrier : public Awaitable {
 public:
  explicit Barrier(Peer& peer, const Collective* collective = nullptr) noexcept
      : Awaitable{&peer.fiber()}, peer_(peer), collective_(collective) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    suspend(self, nullptr);
  }
  void await_resume() const { peer_.resume(); }

 protected:
  Peer& peer() const noexcept { return peer_; }
  /// Contributes the bytes at `value`, which are part of this object.
  void suspend(std::coroutine_handle<> self, const void* value) const noexcept {
    Fiber& fiber = static_cast<Fiber&>(*leaf);
    fiber.handle = self;
    fiber.collective = collective_;
    fiber.argument = this;
    fiber.value = value;
    fiber.gate = &peer_.world().gate();
    fiber.over = fiber.told;
  }

 private:
  Peer& peer_;
  const Collective* collective_;
};

/// A collective to which every peer contributes a trivially copyable `Value`.
template <class Value>
class [[nodiscard]] Contribution : public Barrier {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  Contribution(Peer& peer, const Collective& collective, const Value& value)
      : Barrier(peer, &collective), value_(value) {}
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    suspend(self, &value_);
  }

 protected:
  const Value& value() const noexcept { return value_; }

 private:
  Value value_;
};

template <class...>
struct Types {};

template <class Awaiter, class... Key>
constexpr Collective collective_of(std::string_view name) noexcept {
  return {name, &typeid(Types<Awaiter, Key...>), sizeof(typename Awaiter::Value), &Awaiter::complete};
}

}  // namespace detail

inline detail::Barrier Peer::sync() noexcept { return detail::Barrier(*this); }

}  // namespace scalar::inline v0::bsp
