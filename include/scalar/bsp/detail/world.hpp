#pragma once
/// What the peers of one run share. Internal to the room; `Peer` and `Mailbox` are what programs use.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/detail/frame_pool.hpp"
#include "scalar/bsp/processes/placement.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {
class Peer;
struct EngineOptions;

namespace detail {
class Checkpointer;
class MailboxMemory;
class Scheduler;
class World;
class Wire;
struct Fiber;

/// A number for a spelling that is the same in every process.
constexpr std::uint64_t spelling_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}
template <class... T>
constexpr std::uint64_t spelling_of() noexcept {
  return spelling_hash(__PRETTY_FUNCTION__);
}

/// An operation that all peers do together at a barrier. One object per operation and types. Each peer brings
/// `value_bytes` bytes, which are copied between processes.
struct Collective {
  std::string_view name;
  const std::type_info* types;  ///< of the operation, its values and its function
  std::uint32_t value_bytes;
  void (*complete)(World&, std::string_view name);  ///< run once a process; what it throws ends the run

  /// The same in every process of a program. Of the mangled name, which tells one lambda from another.
  std::uint64_t id() const noexcept { return spelling_hash(name) ^ spelling_hash(types->name()); }
};

/// What a peer that is not running waits for.
enum class Wait : unsigned char { run, team, clock, thread };

/// Where a suspended peer waits.
class Gate {
 public:
  explicit Gate(Wait wait) noexcept : wait_(wait) {}
  /// For messages.
  Wait wait() const noexcept { return wait_; }
  /// The peer has suspended. Called by the worker that ran it; from here on another thread may resume it.
  virtual void arrive(Fiber& fiber, unsigned worker) = 0;

 protected:
  ~Gate() = default;

 private:
  const Wait wait_;
};

/// One peer's execution: one cache line.
struct alignas(64) Fiber : Leaf {
  Gate* gate = nullptr;   ///< where it waits; null while it runs
  bool returned = false;  ///< its body is over: it has arrived for ever
  bool told = false;      ///< a barrier has thrown Aborted into it
  bool over = false;      ///< ... and it has come to a barrier again: it is not run any more
  int rank = 0;
  const PromiseBase* root = nullptr;
  const Collective* collective = nullptr;  ///< what it brought to the barrier; null: a plain sync
  const Awaitable* argument = nullptr;     ///< the collective's awaiter, alive while the peer waits
  const void* value = nullptr;             ///< what it contributes: `collective->value_bytes` bytes
};

/// What local peers have sent to one other process in a superstep, to be written from where it lies.
class Outbox {
 public:
  /// `source`'s messages for `destination`: `count` of them in `bytes`, to be read at an address aligned as `alignment`
  /// (at most 64) says. A destination of -1 is every process's.
  virtual void add(int source, int destination, std::uint64_t count, std::span<const std::byte> bytes,
                   std::size_t alignment) = 0;

 protected:
  ~Outbox() = default;
};

/// How much has been sent in a superstep, to peers here and elsewhere.
struct Tally {
  std::uint64_t messages = 0, bytes = 0;
  std::uint64_t most_sent = 0;            ///< bytes, by one peer
  std::vector<std::uint64_t> received{};  ///< bytes, by rank
};

/// What a peer in another process has sent: bytes that stay until the next barrier and may be changed.
struct Segment {
  int source = 0, destination = 0;
  std::uint64_t count = 0;
  std::span<std::byte> bytes{};
};

/// The type-erased part of a channel, which carries the messages of matching mailboxes.
class ChannelBase {
 public:
  virtual ~ChannelBase() = default;
  /// Forgets all messages. Called while nobody uses the channel.
  virtual void reset() noexcept = 0;
  /// Offers what local peers have sent to other processes in `superstep`, by ascending source. Called once all local
  /// peers have arrived. Errors: `Errc::unsupported` for messages that cannot leave a process.
  virtual void collect(std::uint64_t superstep, Outbox& out);
  /// Counts what local peer `source` has sent in `superstep`. Called where it ran, once it has arrived.
  virtual void tally(int source, std::uint64_t superstep, Tally& tally) { (void)source, (void)superstep, (void)tally; }
  /// Takes what a peer elsewhere has sent in `superstep`: by ascending source, to be read in the next superstep.
  /// Errors: `Errc::parse` for bytes that are no such messages.
  virtual void deliver(std::uint64_t superstep, const Segment& segment);
};
using MakeChannel = std::unique_ptr<ChannelBase> (*)(World& world);

/// Where a peer is when others are at a barrier.
struct Whereabouts {
  int rank = 0;
  bool gone = false;
  std::string_view collective{};  ///< empty: sync
};

/// How a superstep ends in this process.
struct Meeting {
  std::uint32_t collectives = 0;  ///< how many local peers are at a collective
  std::uint32_t gone = 0;         ///< how many local peers will come no more
};

/// The peers of one run or of a part of it, what their barrier shares, and their channels.
///
/// Ranks are numbers within the world. Some live in other processes; `fiber`, `argument` and the like are for local
/// ones.
/// Thread safety: what is written at the flip (by the last peer to arrive) may be read by every peer until its next
/// barrier without synchronization; the rest is guarded inside.
class World {
 public:
  /// The world of a run.
  explicit World(Placement placement);
  /// A part of `root`: of the peers with these ranks in it.
  World(World& root, Placement placement, std::vector<int> root_ranks);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int size() const noexcept { return size_; }
  int first() const noexcept { return first_; }  ///< the first local rank
  int local() const noexcept { return local_; }  ///< how many are local
  bool is_local(int rank) const noexcept {
    return static_cast<unsigned>(rank - first_) < static_cast<unsigned>(local_);
  }
  bool is_distributed() const noexcept { return local_ != size_; }
  const Placement& placement() const noexcept { return placement_; }
  std::uint64_t superstep() const noexcept { return superstep_.load(std::memory_order_relaxed); }
  World& root() noexcept { return *root_; }
  int root_rank(int rank) const noexcept {
    return root_ranks_.empty() ? rank : root_ranks_[static_cast<std::size_t>(rank)];
  }
  /// The rank here of a peer with this rank in the root; it is a member.
  int rank_of(int root_rank) const noexcept {
    if (root_ranks_.empty()) return root_rank;
    return static_cast<int>(std::lower_bound(root_ranks_.begin(), root_ranks_.end(), root_rank) - root_ranks_.begin());
  }
  bool is_member(int root_rank) const noexcept {
    return root_ranks_.empty() || std::binary_search(root_ranks_.begin(), root_ranks_.end(), root_rank);
  }
  /// A number that this world has in every process.
  std::uint64_t id() const noexcept { return id_; }
  void set_id(std::uint64_t id) noexcept { id_ = id; }
  Fiber& fiber(int rank) noexcept {
    return root_ranks_.empty() ? fibers_[static_cast<std::size_t>(rank - first_)] : root_->fiber(root_rank(rank));
  }
  FramePool& frames(int rank) noexcept { return frames_[static_cast<std::size_t>(rank - first_)]; }

  /// Where peers wait for this world's barrier.
  Gate& gate() noexcept { return *gate_; }
  void set_gate(Gate& gate) noexcept { gate_ = &gate; }
  /// What runs the peers. Set in the root.
  Scheduler& scheduler() noexcept { return *root_->scheduler_; }
  void set_scheduler(Scheduler& scheduler) noexcept { scheduler_ = &scheduler; }
  /// What writes the peers' state down, and where messages lie; null: nothing does, anywhere. Set in the root.
  Checkpointer* checkpointer() noexcept { return root_->checkpointer_; }
  void set_checkpointer(Checkpointer* checkpointer) noexcept { checkpointer_ = checkpointer; }
  MailboxMemory* memory() noexcept { return root_->memory_; }
  void set_memory(MailboxMemory* memory) noexcept { memory_ = memory; }
  /// What the run was started with. Set in the root.
  const EngineOptions& options() const noexcept { return *root_->options_; }
  void set_options(const EngineOptions& options) noexcept { options_ = &options; }
  /// What takes the barrier across processes; null in a world that is all local.
  Wire* wire() noexcept { return wire_; }
  void set_wire(Wire* wire) noexcept { wire_ = wire; }

  bool is_aborted() const noexcept { return aborted_.load(std::memory_order_relaxed); }
  [[noreturn]] void throw_aborted(Fiber& fiber) const;
  /// Peer `rank` has failed in this superstep. The lowest rank of the first failing superstep is kept.
  void fail(int rank, std::exception_ptr error) noexcept;
  /// With the error that `make` returns or, for want of memory, throws.
  template <class Make>
  void fail_with(int rank, const Make& make) noexcept {
    try {
      throw make();
    } catch (...) {
      fail(rank, std::current_exception());
    }
  }
  bool has_failed() const noexcept { return root_->failed_.load(std::memory_order_acquire); }
  /// Why the run ends; null while nothing has failed. After all peers have stopped, or under the flip.
  std::exception_ptr failure() const noexcept;
  int failed_rank() const noexcept;
  std::uint64_t failed_superstep() const noexcept;
  void rethrow_failure() const;

  /// All local peers have arrived. True: the superstep is over; false: other processes have not come yet.
  bool meet(const Meeting& meeting);
  /// Ends a superstep for which all has come.
  void conclude(bool failed) noexcept;
  const Collective* collective() const noexcept { return collective_; }
  /// Counts what local peer `rank`, which has arrived, has sent in this superstep.
  void tally(int rank, Tally& tally);
  /// Forgets channels that nobody uses, once what was sent through them has left.
  void sweep() noexcept;

  /// The awaiter that local peer `rank` brought to the collective which is being completed.
  template <class Awaiter>
  const Awaiter& argument(int rank) noexcept {
    return static_cast<const Awaiter&>(*fiber(rank).argument);
  }
  /// What peer `rank`, of any process, contributed to it.
  template <class Value>
  Value value(int rank) noexcept {
    alignas(Value) std::byte copy[sizeof(Value)];
    std::memcpy(copy, is_local(rank) ? fiber(rank).value : remote_value(rank), sizeof(Value));
    return *std::launder(reinterpret_cast<Value*>(copy));
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

  /// Where each local peer's vector lies, from the flip of a vector collective until its second barrier. By rank.
  std::vector<void*>& parts() noexcept { return parts_; }

  /// The `index`-th channel: made by the first local peer that comes. Errors: `Errc::type_mismatch` when another peer's
  /// `index`-th mailbox has another message type.
  ChannelBase& join(int rank, std::int64_t index, const std::type_info& message, MakeChannel make);
  void leave(std::int64_t index) noexcept;
  /// How many mailboxes local peer `rank` has made so far.
  std::int64_t& mailboxes(int rank) noexcept { return mailboxes_[static_cast<std::size_t>(rank - first_)]; }
  /// Local peer `rank` comes no more.
  void retire(int rank) noexcept;

 private:
  friend class Wire;
  friend class Scheduler;
  struct Shared;  // what needs a lock

  const void* remote_value(int rank) const noexcept;
  void check_collective();
  bool is_gone(int rank) const noexcept { return gone_[static_cast<std::size_t>(rank - first_)] != 0; }
  Whereabouts whereabouts(int rank) noexcept;
  Error mismatch(const Whereabouts& one, const Whereabouts& other) const;
  void note_failure(int root_rank, std::exception_ptr error) noexcept;
  void each_channel(void (*use)(void*, std::int64_t, const std::type_info&, ChannelBase&), void* argument);

  World* root_;
  Placement placement_;
  int size_, first_, local_;
  // Written at the flip; atomic for those who look from outside, at a deadline for example.
  std::atomic<bool> aborted_{false};
  std::atomic<std::uint64_t> superstep_{0};
  std::uint64_t id_ = 0;
  std::vector<int> root_ranks_;  // ascending; empty: this is the root
  Gate* gate_ = nullptr;
  Scheduler* scheduler_ = nullptr;
  Checkpointer* checkpointer_ = nullptr;
  MailboxMemory* memory_ = nullptr;
  Wire* wire_ = nullptr;
  const EngineOptions* options_ = nullptr;
  const Collective* collective_ = nullptr;  // of the barrier that is being completed: the first local peer's
  int odd_ = -1;                            // the first local peer that is elsewhere than the first one, or -1
  std::unique_ptr<Fiber[]> fibers_;
  std::unique_ptr<FramePool[]> frames_;
  std::vector<std::int64_t> mailboxes_;
  std::vector<char> gone_;  // local peers that come no more
  std::vector<void*> parts_;
  alignas(64) std::byte result_[result_bytes];
  std::atomic<bool> failed_{false};
  std::unique_ptr<Shared> shared_;
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
