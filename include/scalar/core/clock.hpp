#pragma once
/// Time as the library sees it: the steady clock, or one that a test moves by hand.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace scalar::inline v0 {

using Duration = std::chrono::nanoseconds;
/// A point on a clock that never goes back; only differences mean anything.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A source of time. Thread safety: all members may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
  /// Returns when `now() >= time`.
  virtual void sleep_until(TimePoint time) = 0;

  /// The machine's steady clock.
  static std::shared_ptr<Clock> steady();
};

/// A clock that stands still until `advance` is called.
class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override;
  void sleep_until(TimePoint time) override;
  /// Moves time on and wakes who slept long enough.
  void advance(Duration by);
  /// Returns once `count` threads sleep on this clock.
  void wait_for_sleepers(std::size_t count);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  TimePoint now_{};
  std::size_t sleepers_ = 0;
};

}  // namespace scalar::inline v0
