#pragma once
/// SubBarrier: the barrier of a team.
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "bsp/engine/scheduler.hpp"
#include "bsp/world/wire.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// The world of a team, with its barrier: peers that arrive are parked, and made ready when all have arrived.
///
/// The scheduler keeps it alive until all its peers have left and the last frame for it has arrived.
class SubBarrier final : public Gate, public Driver, public Part, public std::enable_shared_from_this<SubBarrier> {
 public:
  /// `id` is the same in every process that hosts some of its peers.
  SubBarrier(World& parent, Placement placement, std::vector<int> root_ranks, std::uint64_t id);
  ~SubBarrier();
  /// Registers this barrier. Called once, after `make_shared`.
  void open();

  World& world() noexcept { return world_; }
  /// The peer will not come any more. Idempotent.
  void leave(int rank) noexcept;

  void arrive(Fiber& fiber, unsigned worker) override;
  void proceed(unsigned worker) override;
  void abandon(Fiber& fiber) override;
  void give_up() override;

 private:
  void meet_if_all_are_here(std::unique_lock<std::mutex>& lock);
  void release(std::unique_lock<std::mutex>& lock);

  Scheduler& scheduler_;
  World world_;
  std::uint64_t id_;
  std::shared_ptr<Wire> wire_;  // null: all its peers are in this process
  std::mutex mutex_;
  std::uint32_t arrived_ = 0, collectives_ = 0, gone_ = 0;
  bool departed_ = false;   // waits for other processes
  bool confirmed_ = false;  // has told other processes a second time that all its peers have left
  std::vector<char> left_;
  std::vector<Fiber*> waiting_, released_;  // with room for all local members
};

}  // namespace scalar::inline v0::bsp::detail
