#include "bsp/engine/crew.hpp"

#include <chrono>

#include "bsp/engine/scheduler.hpp"
#include "bsp/world/network.hpp"

namespace scalar::inline v0::bsp::detail {

// This thread sets `parked_` and then reads the epoch; Scheduler::wake changes the epoch and then reads `parked_` (in
// `rouse`). Since all four are sequentially consistent, at least one of the two sees the other's write.
void Crew::park(std::uint32_t seen) {
  constexpr std::chrono::milliseconds glance{20};  // how soon a stop request or a deadline is noticed
  parked_.store(true, std::memory_order_seq_cst);
  if (scheduler_.epoch().load(std::memory_order_seq_cst) == seen) {
    if (network_ != nullptr) {
      network_->wait(glance);
    } else {
      std::unique_lock lock(mutex_);
      roused_.wait_for(lock, glance, [&] { return scheduler_.epoch().load(std::memory_order_seq_cst) != seen; });
    }
  }
  parked_.store(false, std::memory_order_seq_cst);
  scheduler_.look_at_clock();
}

void Crew::rouse() noexcept {
  if (!parked_.load(std::memory_order_seq_cst)) return;
  if (network_ != nullptr) return network_->interrupt();
  { const std::lock_guard lock(mutex_); }  // waits until the caller sleeps, if it has just read the old epoch
  roused_.notify_one();
}

}  // namespace scalar::inline v0::bsp::detail
