#include "bsp/engine/crew.hpp"

#include <chrono>

#include "bsp/engine/scheduler.hpp"
#include "bsp/world/network.hpp"

namespace scalar::inline v0::bsp::detail {

// A Dekker pair with Scheduler::wake, which changes the epoch before it looks whether the caller is parked.
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
  { const std::lock_guard lock(mutex_); }  // the caller has looked at the epoch before, or sleeps
  roused_.notify_one();
}

}  // namespace scalar::inline v0::bsp::detail
