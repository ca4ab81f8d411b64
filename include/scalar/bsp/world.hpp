#pragma once
/// What the peers of one run share. Internal to the room; `Peer` and `Mailbox` are what programs use.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/frame_pool.hpp"
#include "scalar/bsp/task.hpp"

namespace scalar::inline v0::bsp {
class Peer;

namespace detail {
class World;

/// An operation that all peers do together at a barrier. One object per operation and types: equal addresses match.
struct Collective {
  std::string_view name;
  void (*complete)(World&, std::string_view name);  ///< run once, by the last to arrive; what it throws ends the run
};

/// One peer's execution: one cache line.
struct alignas(64) Fiber : Leaf {
  bool arrived = false;   ///< it waits at the barrier
  bool returned = false;  ///< its body is over: it has arrived for ever
  bool told = false;      ///< its sync has thrown Aborted
  int rank = 0;
  const PromiseBase* root = nullptr;
  const Collective* collective = nullptr;  ///< what it brought to the barrier; null: a plain sync
  const Awaitable* argument = nullptr;     ///< the collective's awaiter, alive while the peer waits
  std::int64_t mailboxes = 0;              ///< how many it has made so far
  FramePool* frames = nullptr;
};

/// The type-erased part of a channel, which carries the messages of matching mailboxes.
class ChannelBase {
 public:
  virtual ~ChannelBase() = default;
  /// Forgets all messages. Called while nobody uses the channel.
  virtual void reset() noexcept = 0;
};
using MakeChannel = std::unique_ptr<ChannelBase> (*)(int peers);

/// The peers of one run, their barrier's shared data and their channels.
///
/// Thread safety: what is written at the flip (by the last peer to arrive) may be read by every peer until its next
/// barrier without synchronisation; the rest is guarded inside.
class World {
 public:
  explicit World(int size);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int size() const noexcept { return size_; }
  std::uint64_t superstep() const noexcept { return superstep_; }
  Fiber& fiber(int rank) noexcept { return fibers_[static_cast<std::size_t>(rank)]; }

  bool is_aborted() const noexcept { return aborted_; }
  [[noreturn]] void throw_aborted() const;
  /// Peer `rank` has failed in this superstep. The lowest rank of the first failing superstep is kept.
  void fail(int rank, std::exception_ptr error) noexcept;
  bool has_failed() const noexcept { return failed_.load(std::memory_order_acquire); }
  void rethrow_failure() const;

  /// The awaiter that peer `rank` brought to the collective which is being completed.
  template <class Awaiter>
  const Awaiter& argument(int rank) noexcept {
    return static_cast<const Awaiter&>(*fiber(rank).argument);
  }

  /// The result of a fused collective, from the flip until the next one.
  static constexpr std::size_t result_bytes = 256;
  template <class T>
  void set_result(const T& value) noexcept {
    std::memcpy(result_, &value, sizeof value);
  }
  template <class T>
  T result() const noexcept {
    alignas(T) std::byte copy[sizeof(T)];
    std::memcpy(copy, result_, sizeof(T));
    return *std::launder(reinterpret_cast<T*>(copy));
  }

  /// Where each peer's vector lies, from the flip of a vector collective until its second barrier.
  std::vector<void*>& parts() noexcept { return parts_; }

  /// The `index`-th channel: made by the first peer that comes. Errors: `Errc::type_mismatch` when another peer's
  /// `index`-th mailbox has another message type.
  ChannelBase& join(int rank, std::int64_t index, const std::type_info& message, MakeChannel make);
  void leave(std::int64_t index) noexcept;
  /// A peer that made `mailboxes` mailboxes will make no more.
  void retire(std::int64_t mailboxes) noexcept;

 private:
  friend class Scheduler;
  struct Shared;  // what needs a lock

  int size_;
  bool aborted_ = false;
  std::uint64_t superstep_ = 0;
  std::unique_ptr<Fiber[]> fibers_;
  std::unique_ptr<FramePool[]> frames_;
  std::vector<void*> parts_;
  alignas(64) std::byte result_[result_bytes];
  std::atomic<bool> failed_{false};
  std::unique_ptr<Shared> shared_;
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
