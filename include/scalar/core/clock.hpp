#pragma once
/// Clock: time as the library sees it.
#include <chrono>
#include <memory>

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

}  // namespace scalar::inline v0
