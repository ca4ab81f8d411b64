#pragma once
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "scalar/core/clock.hpp"

namespace test {

/// A clock that stands still until `advance` is called.
class ManualClock final : public scalar::Clock {
 public:
  scalar::TimePoint now() const noexcept override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void sleep_until(scalar::TimePoint time) override {
    std::unique_lock lock(mutex_);
    ++sleepers_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return now_ >= time; });
    --sleepers_;
  }
  /// Moves time on and wakes those who have slept long enough.
  void advance(scalar::Duration by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    changed_.notify_all();
  }
  /// Returns once `count` threads sleep on this clock.
  void wait_for_sleepers(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleepers_ >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  scalar::TimePoint now_{};
  std::size_t sleepers_ = 0;
};

}  // namespace test
