#pragma once
/// What the peers of a process share of a clock and its tables.
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "bsp/push.hpp"
#include "bsp/scheduler.hpp"
#include "bsp/table_core.hpp"
#include "scalar/bsp/clock.hpp"
#include "scalar/bsp/world.hpp"

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
class ClockCore final : public Gate, public Port, public Part, public std::enable_shared_from_this<ClockCore> {
 public:
  static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

  ClockCore(World& world, std::int64_t index, int staleness);
  /// Once made by `make_shared`.
  void open();

  int staleness() const noexcept { return staleness_; }
  std::uint64_t slowest() const;
  std::uint64_t worst() const;
  PushPool& pool() noexcept { return *pool_; }

  /// The peer has ticked. True: it may go on at once.
  bool advance(int rank, std::vector<Push>& pushes);
  /// The peer ticks no more. Again is the same.
  void leave(int rank) noexcept { leave(seat(rank)); }

  /// The `index`-th table, made by the first peer that comes. Errors: `Errc::shape_mismatch` when it is another.
  TableCore& join_table(int rank, std::uint32_t index, const TableSpec& spec, std::span<const std::byte> initial);
  /// The newest version instead of `held`, which may be null.
  TableVersion& renew(TableCore& table, TableVersion* held);
  void release(TableVersion& held) noexcept;

  void arrive(Fiber& fiber, unsigned worker) override;
  void abandon(Fiber& fiber) override;
  void wake() override { release_waiting(); }
  void received(int process, Buffer frame) override;
  void cut() noexcept override { network_->complete(*this); }
  void proceed(unsigned) override { release_waiting(); }

 private:
  struct Seat {
    std::uint64_t clock = 0;
    bool gone = false;
  };
  struct Link {
    int process = 0;
    std::uint64_t minimum = 0;
  };
  struct Outgoing;

  Seat& seat(int rank) noexcept { return seats_[static_cast<std::size_t>(rank - hosts_.first(hosts_.here()))]; }
  Seat* seat_of(const Fiber& fiber) noexcept;  // null: it is of another part of the run
  void leave(Seat& mine) noexcept;
  bool may_go_on(std::uint64_t clock) noexcept;
  bool settle();
  void find_slowest() noexcept;
  void send();
  void take_free(std::vector<Fiber*>& fibers);
  void release_waiting();
  void fold();
  std::vector<Push> decode(int process, const ClockHead& head, std::shared_ptr<Buffer> frame) const;

  World& root_;
  const Hosts hosts_;             // of the peers of the clock's world
  const std::vector<int> ranks_;  // of the local ones in the root, ascending
  Scheduler& scheduler_;
  Network* network_;  // null: all peers are in this process
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
  std::vector<Push> unsent_, unapplied_;

  std::mutex apply_;  // guards the tables
  std::vector<std::unique_ptr<TableCore>> tables_;
  std::uint64_t applied_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
