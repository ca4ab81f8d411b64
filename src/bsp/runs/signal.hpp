#pragma once
/// Signal: a gate for one peer, opened by something outside the run.
#include <mutex>
#include <utility>

#include "bsp/engine/scheduler.hpp"

namespace scalar::inline v0::bsp::detail {

/// Parks one peer until `set`, which any thread may call, also before the peer arrives.
class Signal final : public Gate {
 public:
  explicit Signal(Scheduler& scheduler) : Gate(Wait::thread), scheduler_(scheduler) {}

  void arrive(Fiber& fiber, unsigned) override {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(is_set_, false)) {
        waiting_ = &fiber;
        return;
      }
    }
    scheduler_.ready(fiber);
  }
  void set() {
    Fiber* fiber = nullptr;
    {
      const std::lock_guard lock(mutex_);
      fiber = std::exchange(waiting_, nullptr);
      is_set_ = fiber == nullptr;
    }
    if (fiber != nullptr) scheduler_.ready(*fiber);
  }

 private:
  Scheduler& scheduler_;
  std::mutex mutex_;
  Fiber* waiting_ = nullptr;
  bool is_set_ = false;
};

}  // namespace scalar::inline v0::bsp::detail
