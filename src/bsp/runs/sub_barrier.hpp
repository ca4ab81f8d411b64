#pragma once
/// The barrier of a part of the peers.
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "bsp/engine/scheduler.hpp"
#include "bsp/world/wire.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// A sub-world with its barrier: peers that arrive are parked, and made ready when all have come.
///
/// Kept alive by the scheduler until all its peers have left and the last frame for it has come.
class SubBarrier final : public Gate, public Driver, public Part, public std::enable_shared_from_this<SubBarrier> {
 public:
  /// `id` is the same in every process that hosts some of its peers.
  SubBarrier(World& parent, Placement placement, std::vector<int> root_ranks, std::uint64_t id);
  ~SubBarrier();
  /// Once made by `make_shared`.
  void open();

  World& world() noexcept { return world_; }
  /// The peer comes no more. Again is the same.
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
  bool confirmed_ = false;  // has told them again that all its peers have left
  std::vector<char> left_;
  std::vector<Fiber*> waiting_, released_;  // with room for all local members
};

}  // namespace scalar::inline v0::bsp::detail
