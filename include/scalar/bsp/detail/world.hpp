#pragma once
/// World: what the peers of one run share. Internal to the room; programs use `Peer` and `Mailbox`.
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

/// A hash of a text that is the same in every process.
constexpr std::uint64_t spelling_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}
/// A number for types that is the same in every process of a program.
template <class... T>
constexpr std::uint64_t spelling_of() noexcept {
  return spelling_hash(__PRETTY_FUNCTION__);
}

/// An operation that all peers do together at a barrier. There is one object per operation and types. Each peer
/// contributes `value_bytes` bytes, which are copied between processes.
struct Collective {
  std::string_view name;
  const std::type_info* types;  ///< identifies the operation, its values and its function
  std::uint32_t value_bytes;
  void (*complete)(World&, std::string_view name);  ///< run once per process; an exception from it ends the run

  /// A number that is the same in every process of a program. It hashes the mangled name, which differs between
  /// lambdas.
  std::uint64_t id() const noexcept { return spelling_hash(name) ^ spelling_hash(types->name()); }
};

/// What a peer that is not running waits for: the run's barrier, a team's barrier, a clock or offloaded code.
enum class Wait : unsigned char { run, team, clock, thread };

/// A `Gate` is a place where suspended peers wait.
class Gate {
 public:
  explicit Gate(Wait wait) noexcept : wait_(wait) {}
  /// What peers wait for here; used in error messages.
  Wait wait() const noexcept { return wait_; }
  /// A peer has suspended to wait here. Called by the worker that ran it; from then on another thread may resume it.
  virtual void arrive(Fiber& fiber, unsigned worker) = 0;

 protected:
  ~Gate() = default;

 private:
  const Wait wait_;
};

/// A `Fiber` is the execution state of one peer. It is one cache line.
struct alignas(64) Fiber : Leaf {
  Gate* gate = nullptr;   ///< where the peer waits; null while it runs
  bool returned = false;  ///< the peer has returned, and counts as arrived at every barrier
  bool told = false;      ///< a barrier has thrown Aborted into the peer
  bool over = false;      ///< the peer has come to a barrier again after that, and is not run any more
  int rank = 0;
  const PromiseBase* root = nullptr;       ///< of the peer's outermost coroutine
  const Collective* collective = nullptr;  ///< the collective that the peer came to the barrier for; null: a plain sync
  const Awaitable* argument = nullptr;     ///< the collective's awaiter, alive while the peer waits
  const void* value = nullptr;             ///< the peer's contribution: `collective->value_bytes` bytes
};

/// Collects the messages that local peers have sent to other processes in a superstep. They are not copied.
class Outbox {
 public:
  /// Adds `count` messages of `source` for `destination`, which lie in `bytes` and are to be read at an address that is
  /// a multiple of `alignment` (at most 64). With destination -1 they go to every process.
  virtual void add(int source, int destination, std::uint64_t count, std::span<const std::byte> bytes,
                   std::size_t alignment) = 0;

 protected:
  ~Outbox() = default;
};

/// How much local peers have sent in a superstep, to peers of all processes.
struct Tally {
  std::uint64_t messages = 0, bytes = 0;
  std::uint64_t most_sent = 0;            ///< the most bytes that one peer has sent
  std::vector<std::uint64_t> received{};  ///< bytes sent to each rank
};

/// A `Segment` is the messages from a peer in another process to a local peer. The bytes are valid until the next
/// barrier, and may be changed.
struct Segment {
  int source = 0, destination = 0;
  std::uint64_t count = 0;
  std::span<std::byte> bytes{};
};

/// The type-erased part of a channel, which carries the messages of matching mailboxes.
class ChannelBase {
 public:
  virtual ~ChannelBase() = default;
  /// Destroys all messages. Called while no peer uses the channel.
  virtual void reset() noexcept = 0;
  /// Adds to `out` what local peers have sent to other processes in `superstep`, by ascending source. Called once all
  /// local peers have arrived. Errors: `Errc::unsupported` for messages that cannot leave a process.
  virtual void collect(std::uint64_t superstep, Outbox& out);
  /// Counts what local peer `source` has sent in `superstep`. Called by the worker that ran the peer, after it arrived.
  virtual void tally(int source, std::uint64_t superstep, Tally& tally) { (void)source, (void)superstep, (void)tally; }
  /// Takes messages that a peer in another process has sent in `superstep`, to be read in the next superstep. Called by
  /// ascending source. Errors: `Errc::parse` for bytes that are not such messages.
  virtual void deliver(std::uint64_t superstep, const Segment& segment);
};
using MakeChannel = std::unique_ptr<ChannelBase> (*)(World& world);

/// What a peer does while others are at a barrier: whether it has left, or which collective it is at.
struct Whereabouts {
  int rank = 0;
  bool gone = false;
  std::string_view collective{};  ///< empty: sync
};

/// What the local peers did at the end of a superstep.
struct Meeting {
  std::uint32_t collectives = 0;  ///< how many local peers are at a collective
  std::uint32_t gone = 0;         ///< how many local peers will not come any more
};

/// The peers of one run or of a team, with the state of their barrier and their channels.
///
/// Ranks are numbers within the world. Peers in this process are called local; `fiber`, `argument` and others are for
/// local peers only.
/// Thread safety: what is written at the flip (the end of a superstep, run by the last peer to arrive) may be read by
/// every peer until its next barrier without synchronization; the rest is guarded inside.
class World {
 public:
  /// The world of a run, which is called the root.
  explicit World(Placement placement);
  /// The world of a team: of the peers with these ranks in `root`.
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
  /// The rank in this world of a peer with rank `root_rank` in the root. The peer is a member.
  int rank_of(int root_rank) const noexcept {
    if (root_ranks_.empty()) return root_rank;
    return static_cast<int>(std::lower_bound(root_ranks_.begin(), root_ranks_.end(), root_rank) - root_ranks_.begin());
  }
  bool is_member(int root_rank) const noexcept {
    return root_ranks_.empty() || std::binary_search(root_ranks_.begin(), root_ranks_.end(), root_rank);
  }
  /// A number that is the same in every process, and tells this world from others.
  std::uint64_t id() const noexcept { return id_; }
  void set_id(std::uint64_t id) noexcept { id_ = id; }
  Fiber& fiber(int rank) noexcept {
    return root_ranks_.empty() ? fibers_[static_cast<std::size_t>(rank - first_)] : root_->fiber(root_rank(rank));
  }
  FramePool& frames(int rank) noexcept { return frames_[static_cast<std::size_t>(rank - first_)]; }

  /// The gate where peers wait for this world's barrier.
  Gate& gate() noexcept { return *gate_; }
  void set_gate(Gate& gate) noexcept { gate_ = &gate; }
  /// Runs the peers. Set in the root.
  Scheduler& scheduler() noexcept { return *root_->scheduler_; }
  void set_scheduler(Scheduler& scheduler) noexcept { scheduler_ = &scheduler; }
  /// Writes the peers' state; null in a run without checkpoints. Set in the root.
  Checkpointer* checkpointer() noexcept { return root_->checkpointer_; }
  void set_checkpointer(Checkpointer* checkpointer) noexcept { checkpointer_ = checkpointer; }
  /// Provides the memory of messages; null: the heap does. Set in the root.
  MailboxMemory* memory() noexcept { return root_->memory_; }
  void set_memory(MailboxMemory* memory) noexcept { memory_ = memory; }
  /// The options of the run. Set in the root.
  const EngineOptions& options() const noexcept { return *root_->options_; }
  void set_options(const EngineOptions& options) noexcept { options_ = &options; }
  /// Extends the barrier to other processes; null in a world whose peers are all local.
  Wire* wire() noexcept { return wire_; }
  void set_wire(Wire* wire) noexcept { wire_ = wire; }

  bool is_aborted() const noexcept { return aborted_.load(std::memory_order_relaxed); }
  [[noreturn]] void throw_aborted(Fiber& fiber) const;
  /// Peer `rank` has failed in this superstep. The lowest rank of the first failing superstep is kept.
  void fail(int rank, std::exception_ptr error) noexcept;
  /// As `fail`, with the error that `make` returns; if there is no memory to make it, with what `make` throws.
  template <class Make>
  void fail_with(int rank, const Make& make) noexcept {
    try {
      throw make();
    } catch (...) {
      fail(rank, std::current_exception());
    }
  }
  bool has_failed() const noexcept { return root_->failed_.load(std::memory_order_acquire); }
  /// Why the run ends; null while nothing has failed. Called after all peers have stopped, or at the flip.
  std::exception_ptr failure() const noexcept;
  int failed_rank() const noexcept;
  std::uint64_t failed_superstep() const noexcept;
  void rethrow_failure() const;

  /// All local peers have arrived. True: the superstep is over; false: frames of other processes are missing.
  bool meet(const Meeting& meeting);
  /// Ends a superstep, for which all peers of all processes have arrived, or which `failed`.
  void conclude(bool failed) noexcept;
  const Collective* collective() const noexcept { return collective_; }
  /// Counts what local peer `rank`, which has arrived, has sent in this superstep.
  void tally(int rank, Tally& tally);
  /// Recycles channels that no peer uses any more, once what was sent through them has left.
  void sweep() noexcept;

  /// The awaiter of local peer `rank` in the collective that is being completed.
  template <class Awaiter>
  const Awaiter& argument(int rank) noexcept {
    return static_cast<const Awaiter&>(*fiber(rank).argument);
  }
  /// What peer `rank`, of any process, contributed to the collective that is being completed.
  template <class Value>
  Value value(int rank) noexcept {
    alignas(Value) std::byte copy[sizeof(Value)];
    std::memcpy(copy, is_local(rank) ? fiber(rank).value : remote_value(rank), sizeof(Value));
    return *std::launder(reinterpret_cast<Value*>(copy));
  }

  /// The result of a fused collective, valid from this flip until the next.
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

  /// By rank, where each local peer's vector lies. Valid from the flip of a vector collective until its second barrier.
  std::vector<void*>& parts() noexcept { return parts_; }

  /// The `index`-th channel; the first local peer that comes makes it. Errors: `Errc::type_mismatch` when another
  /// peer's `index`-th mailbox has another message type.
  ChannelBase& join(int rank, std::int64_t index, const std::type_info& message, MakeChannel make);
  void leave(std::int64_t index) noexcept;
  /// How many mailboxes local peer `rank` has made so far.
  std::int64_t& mailboxes(int rank) noexcept { return mailboxes_[static_cast<std::size_t>(rank - first_)]; }
  /// Local peer `rank` will not come to a barrier any more.
  void retire(int rank) noexcept;

 private:
  friend class Wire;
  friend class Scheduler;
  struct Shared;  // guarded by its mutex

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
  // Written at the flip; atomic, since other threads read them at any time, to check a deadline for example.
  std::atomic<bool> aborted_{false};
  std::atomic<std::uint64_t> superstep_{0};
  std::uint64_t id_ = 0;
  std::vector<int> root_ranks_;  // the members' ranks in the root, ascending; empty: this is the root
  Gate* gate_ = nullptr;
  Scheduler* scheduler_ = nullptr;
  Checkpointer* checkpointer_ = nullptr;
  MailboxMemory* memory_ = nullptr;
  Wire* wire_ = nullptr;
  const EngineOptions* options_ = nullptr;
  const Collective* collective_ = nullptr;  // of the first local peer, at the barrier that is being completed
  int odd_ = -1;                            // the first local peer that is at another collective, or -1
  std::unique_ptr<Fiber[]> fibers_;
  std::unique_ptr<FramePool[]> frames_;
  std::vector<std::int64_t> mailboxes_;
  std::vector<char> gone_;  // which local peers will not come any more
  std::vector<void*> parts_;
  alignas(64) std::byte result_[result_bytes];
  std::atomic<bool> failed_{false};
  std::unique_ptr<Shared> shared_;
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
