#pragma once
/// What the peers of a process share of a clock and its tables.
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
#include "scalar/bsp/async/stale_clock.hpp"
#include "scalar/bsp/async/clock_log.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// What a process tells the others: how far its slowest peer is, and what its peers have pushed up to there. The pushes
/// follow.
struct ClockHead {
  Envelope envelope;
  std::uint64_t bytes = 0;    ///< of the whole frame
  std::uint64_t minimum = 0;  ///< `ClockCore::forever`: no peer of the process ticks any more
  std::uint64_t pushes = 0;
  std::uint64_t staleness = 0;
};

/// A clock: peers that are too far ahead are parked here.
///
/// It may outlive the world of its peers, if that is a part of the run, but not the run.
/// A process speaks when its slowest peer advances; its frame then holds the pushes up to that tick, since nobody can
/// see them earlier. With unbounded staleness it speaks at every tick. Locks are taken in this order: the network's,
/// `apply_`, `mutex_`.
///
/// During a replay a peer goes on when the version that it saw is there, and sees this one. It is not counted any more
/// once its record is over: it waits for the failure that ended the recorded run.
class ClockCore final : public Gate, public Port, public Part, public std::enable_shared_from_this<ClockCore> {
 public:
  static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

  /// Errors: `Errc::invalid_argument` for a log that is in use or of another world.
  ClockCore(World& world, std::int64_t index, const StaleClockOptions& options);
  ~ClockCore();
  /// Once made by `make_shared`.
  void open();

  const StaleClockOptions& options() const noexcept { return options_; }
  std::uint64_t slowest() const;
  std::uint64_t worst() const;
  PushPool& pool() noexcept { return *pool_; }

  /// The peer has made its end of the clock. Errors: `Errc::invalid_argument` when the log does not know it.
  void enter(int rank);
  /// The peer has ticked, and has made so many tables before. True: it may go on at once. Errors:
  /// `Errc::invalid_argument` when it did something else in the recorded run.
  bool advance(int rank, std::uint32_t tables, std::vector<Push>& pushes);
  /// The peer ticks no more, perhaps because of an error that is not known yet.
  void leave(int rank, bool by_error) noexcept;

  /// The `index`-th table, made by the first peer that comes. Errors: `Errc::shape_mismatch` when it is another.
  TableCore& join_table(int rank, std::uint32_t index, const TableSpec& spec, std::span<const std::byte> initial);
  /// The table before all updates.
  TableVersion& begin(TableCore& table, std::span<const std::byte> initial);
  /// A peer goes on: all its tables show one version, the newest or the recorded one.
  void show(int rank, std::span<TableSeat* const> tables);
  void release(TableVersion& held) noexcept;

  void arrive(Fiber& fiber, unsigned worker) override;
  void abandon(Fiber& fiber) override;
  void wake() override { release_waiting(); }
  void received(int process, Buffer frame) override;
  void cut() noexcept override { network_->complete(*this); }
  void proceed(unsigned) override { release_waiting(); }

 private:
  /// The tables, and the pushes for them. There is one, and during an unbounded replay one for each process of the
  /// recorded run whose peers are here now: each had an order of its own.
  struct Replica {
    const ClockPart* script = nullptr;  // null: no replay
    // Guarded by mutex_:
    std::vector<Push> unapplied;
    std::vector<std::deque<Push>> early;  // of an unbounded replay, by rank: it is not their turn
    std::uint64_t came = 0;               // how many of `script->order` are there
    // Guarded by apply_:
    std::vector<std::unique_ptr<TableCore>> tables;
    std::uint64_t applied = 0;

    void take(Push push);
  };
  struct Seat {
    std::uint64_t clock = 0;
    bool gone = false;
    Replica* replica = nullptr;
    const ClockTrack* script = nullptr;  // null: no replay

    bool is_at_end() const noexcept { return script != nullptr && clock > script->seen.size(); }
    bool counts() const noexcept { return !gone && !is_at_end(); }
  };
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
  Seat* seat_of(const Fiber& fiber) noexcept;  // null: it is of another part of the run
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
  std::vector<Push> decode(int process, const ClockHead& head, std::shared_ptr<Buffer> frame) const;

  World& root_;
  const Placement placement_;     // of the peers of the clock's world
  const std::vector<int> ranks_;  // of the local ones in the root, ascending
  Scheduler& scheduler_;
  Network* network_;  // null: all peers are in this process
  const StaleClockOptions options_;
  const int staleness_;
  const std::uint64_t id_;
  const bool yields_;  // ticks give way to other peers
  const std::shared_ptr<PushPool> pool_ = PushPool::make();

  mutable std::mutex mutex_;
  std::vector<Seat> seats_;     // of local peers
  std::vector<Link> links_;     // the other processes with peers
  std::size_t here_ = 0;        // local peers that have not left
  std::size_t at_minimum_ = 0;  // of them, those that have ticked `minimum_` times
  std::uint64_t minimum_ = 0;   // of local peers
  std::uint64_t slowest_ = 0;   // of all
  std::uint64_t complete_ = 0;  // the last `slowest_` that was a tick
  std::uint64_t worst_ = 0;
  std::vector<Fiber*> waiting_;
  std::vector<Push> unsent_;

  std::mutex apply_;  // guards the tables
  std::deque<Replica> replicas_;
  std::shared_ptr<const void> replayed_;  // while a log is replayed
  ClockPart* recorded_ = nullptr;  // null: nothing is recorded. A track is written by its peer, the rest under apply_
};

}  // namespace scalar::inline v0::bsp::detail
