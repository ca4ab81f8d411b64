#include "bsp/runs/sub_barrier.hpp"

#include <utility>

namespace scalar::inline v0::bsp::detail {

SubBarrier::SubBarrier(World& parent, Placement placement, std::vector<int> root_ranks, std::uint64_t id)
    : Gate(Wait::team),
      scheduler_(parent.scheduler()),
      world_(parent.root(), std::move(placement), std::move(root_ranks)),
      id_(id),
      left_(static_cast<std::size_t>(world_.local())) {
  world_.set_gate(*this);
  world_.set_id(id);
  waiting_.reserve(left_.size()), released_.reserve(left_.size());
}

SubBarrier::~SubBarrier() = default;

void SubBarrier::open() {
  scheduler_.add(shared_from_this());
  if (!world_.is_distributed()) return;
  wire_ = std::make_shared<Wire>(*scheduler_.network(), world_, id_, *this, weak_from_this());
  world_.set_wire(wire_.get());
  wire_->open_locked();  // a team is formed at a flip, which holds the network's lock
}

void SubBarrier::arrive(Fiber& fiber, unsigned) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&fiber);
  ++arrived_;
  collectives_ += fiber.collective != nullptr;
  meet_if_all_are_here(lock);
}

void SubBarrier::leave(int rank) noexcept {
  std::unique_lock lock(mutex_);
  if (std::exchange(left_[static_cast<std::size_t>(rank - world_.first())], true)) return;
  world_.retire(rank);
  ++gone_;
  meet_if_all_are_here(lock);
}

void SubBarrier::abandon(Fiber& fiber) {
  if (world_.is_member(fiber.rank)) leave(world_.rank_of(fiber.rank));
}

/// Some members will not come: resumes those that wait for them, so that they find the run aborted.
void SubBarrier::give_up() {
  std::unique_lock lock(mutex_);
  if (departed_ || waiting_.empty()) return;  // when departed, `Wire::cut` resumes them
  arrived_ = collectives_ = 0;
  world_.conclude(true);
  release(lock);
}

void SubBarrier::meet_if_all_are_here(std::unique_lock<std::mutex>& lock) {
  if (departed_ || arrived_ + gone_ < static_cast<std::uint32_t>(world_.local())) return;
  const bool is_last = arrived_ == 0;  // all have left
  departed_ = true;
  arrived_ = 0;
  if ((is_last && wire_ == nullptr) || world_.meet({std::exchange(collectives_, 0), gone_})) release(lock);
}

void SubBarrier::proceed(unsigned) {
  std::unique_lock lock(mutex_);
  release(lock);
}

void SubBarrier::release(std::unique_lock<std::mutex>& lock) {
  departed_ = false;
  if (gone_ == static_cast<std::uint32_t>(world_.local())) {
    // Processes that stay may reuse the memory of their last frame to this one only after a later frame from here.
    if (wire_ != nullptr && !wire_->all_gone() && !std::exchange(confirmed_, true)) return meet_if_all_are_here(lock);
    if (wire_ != nullptr) wire_->close();
    lock.unlock();
    scheduler_.remove(*this);  // may destroy this object
    return;
  }
  released_.clear();  // the scheduler has resumed all of them, since they have arrived again
  released_.swap(waiting_);
  Scheduler& scheduler = scheduler_;
  scheduler.put_ready(released_);
  lock.unlock();
  scheduler.announce_ready();  // by now all peers may have left, and this object may be destroyed
}

}  // namespace scalar::inline v0::bsp::detail
