#pragma once
/// ClockCore: what the peers of a process share of a clock and its tables.
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "bsp/async/push.hpp"
#include "bsp/async/table_core.hpp"
#include "bsp/engine/scheduler.hpp"
#include "scalar/bsp/async/clock_log.hpp"
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// The head of a frame to another process: how often the sender's slowest peer has ticked. The pushes of the sender's
/// peers up to that tick follow.
struct ClockHead {
  Envelope envelope;
  std::uint64_t bytes = 0;    ///< length of the whole frame
  std::uint64_t minimum = 0;  ///< ticks; `ClockCore::forever`: no peer of the process ticks any more
  std::uint64_t pushes = 0;
  std::uint64_t staleness = 0;
};

/// A clock: parks the peers that are too far ahead of the slowest one.
///
/// It may outlive the world of its peers if that is a team's, but not the run. A process sends a frame when its slowest
/// peer advances; the frame holds the pushes up to that tick, since no peer may see them earlier. With unbounded
/// staleness it sends a frame at every tick. Locks are taken in this order: the network's, `apply_`, `mutex_`.
///
/// During a replay a peer continues when the version that it saw in the recorded run is there, and sees that version.
/// Once its record is over it no longer counts as a slow peer: it waits for the failure that ended the recorded run.
class ClockCore final : public Gate, public Port, public Part, public std::enable_shared_from_this<ClockCore> {
 public:
  static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

  /// Errors: `Errc::invalid_argument` for a log that is in use, or that has another number of peers or staleness.
  ClockCore(World& world, std::int64_t index, const StaleClockOptions& options);
  ~ClockCore();
  /// Registers this clock. Called once, after `make_shared`.
  void open();

  const StaleClockOptions& options() const noexcept { return options_; }
  std::uint64_t slowest() const;
  std::uint64_t worst() const;
  PushPool& pool() noexcept { return *pool_; }

  /// The peer has made its `StaleClock`. Errors: `Errc::invalid_argument` when the peer is not in the replayed log.
  void enter(int rank);
  /// The peer has ticked, and has made `tables` tables so far. True: it may continue at once. Errors:
  /// `Errc::invalid_argument` when it did something else in the recorded run.
  bool advance(int rank, std::uint32_t tables, std::vector<Push>& pushes);
  /// The peer will not tick any more. `by_error`: perhaps because of an error that has not been noted yet.
  void leave(int rank, bool by_error) noexcept;

  /// The `index`-th table; the first peer that comes makes it. Errors: `Errc::shape_mismatch` when another peer's has
  /// another shape or type.
  TableCore& join_table(int rank, std::uint32_t index, const TableSpec& spec, std::span<const std::byte> initial);
  /// The version of the table before all updates.
  TableVersion& begin(TableCore& table, std::span<const std::byte> initial);
  /// A peer continues: all its tables show one version, the newest or the recorded one.
  void show(int rank, std::span<TableSeat* const> tables);
  void release(TableVersion& held) noexcept;

  void arrive(Fiber& fiber, unsigned worker) override;
  void abandon(Fiber& fiber) override;
  void wake() override { release_waiting(); }
  void received(int process, Buffer frame) override;
  void cut() noexcept override { network_->complete(*this); }
  void proceed(unsigned) override { release_waiting(); }

 private:
  /// The tables, and the pushes for them. A clock has one replica. An unbounded replay has one per process of the
  /// recorded run whose peers are here now, since each process had its own order of updates.
  struct Replica {
    const ClockPart* script = nullptr;  // what that process recorded; null: no replay
    // Guarded by mutex_:
    std::vector<Push> unapplied;
    std::vector<std::deque<Push>> early;  // in an unbounded replay, by rank: pushes whose turn has not come
    std::uint64_t came = 0;               // how many updates of `script->order` have arrived
    // Guarded by apply_:
    std::vector<std::unique_ptr<TableCore>> tables;
    std::uint64_t applied = 0;

    void take(Push push);
  };
  /// A local peer's state in the clock.
  struct Seat {
    std::uint64_t clock = 0;  // how often the peer has ticked
    bool gone = false;
    Replica* replica = nullptr;
    const ClockTrack* script = nullptr;  // what the peer recorded; null: no replay

    bool is_at_end() const noexcept { return script != nullptr && clock > script->seen.size(); }
    bool counts() const noexcept { return !gone && !is_at_end(); }
  };
  /// Another process with peers of this clock, and how often its slowest peer has ticked.
  struct Link {
    int process = 0;
    std::uint64_t minimum = 0;
  };
  struct Outgoing;

  int rank_of(const Seat& one) const noexcept {
    return placement_.first(placement_.here()) + static_cast<int>(&one - seats_.data());
  }
  std::size_t index(int rank) const noexcept {
    return static_cast<std::size_t>(rank - placement_.first(placement_.here()));
  }
  Seat& seat(int rank) noexcept { return seats_[index(rank)]; }
  Seat* seat_of(const Fiber& fiber) noexcept;  // null: the peer is not in this clock's world
  void leave(Seat& mine) noexcept;
  bool may_go_on(const Seat& seat) noexcept;
  void follow(const ClockLog& log);
  void note_tick(int rank, std::uint32_t tables, std::span<const Push> pushes);
  void note_end(const Seat& mine) noexcept;
  void note_table(int rank, std::uint32_t number, bool is_new, const TableSpec& spec,
                  std::span<const std::byte> initial);
  std::uint64_t oldest_look(const Replica& replica);
  [[noreturn]] void diverge(int rank, const std::string& what);
  void spread_failure();
  void take(std::vector<Push>& pushes);
  bool settle();
  void find_slowest() noexcept;
  void send();
  bool release_free() noexcept;
  void release_waiting();
  void fold(Replica& replica);
  std::vector<Push> decode(int process, const ClockHead& head, const std::shared_ptr<Buffer>& frame) const;

  World& root_;
  const Placement placement_;     // of the clock's world
  const std::vector<int> ranks_;  // the root ranks of the local peers, ascending
  Scheduler& scheduler_;
  Network* network_;  // null: all peers are in this process
  const StaleClockOptions options_;
  const int staleness_;
  const std::uint64_t id_;
  const bool yields_;  // every tick suspends, so that other peers get to run
  const std::shared_ptr<PushPool> pool_ = PushPool::make();

  mutable std::mutex mutex_;
  std::vector<Seat> seats_;     // of local peers
  std::vector<Link> links_;     // the other processes with peers
  std::size_t here_ = 0;        // local peers that have not left
  std::size_t at_minimum_ = 0;  // how many local peers have ticked `minimum_` times
  std::uint64_t minimum_ = 0;   // ticks of the slowest local peer
  std::uint64_t slowest_ = 0;   // ticks of the slowest peer of all; `forever`: all have left
  std::uint64_t complete_ = 0;  // the last value of `slowest_` other than `forever`
  std::uint64_t worst_ = 0;
  std::vector<Fiber*> waiting_;
  std::vector<Push> unsent_;

  std::mutex apply_;  // guards the tables
  std::deque<Replica> replicas_;
  std::shared_ptr<const void> replayed_;  // keeps the replayed log in use
  ClockPart* recorded_ = nullptr;  // null: nothing is recorded. A track is written by its peer, the rest under apply_
};

}  // namespace scalar::inline v0::bsp::detail
