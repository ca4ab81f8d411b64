#pragma once
/// Keeps clients from filling the log of the program.
#include <chrono>
#include <cstdint>
#include <utility>

#include "scalar/core/clock.hpp"

namespace scalar::inline v0::serve {

/// Counts an event that may happen often, but is logged at most once per minute.
class RareLog {
 public:
  /// Counts one event. Returns how many happened since the last line in the log, or 0 when that line was written less
  /// than a minute ago.
  std::uint64_t count(TimePoint now) noexcept {
    ++seen_;
    if (was_said_ && now < said_ + std::chrono::minutes(1)) return 0;
    was_said_ = true;
    said_ = now;
    return std::exchange(seen_, 0);
  }

 private:
  std::uint64_t seen_ = 0;
  bool was_said_ = false;
  TimePoint said_{};
};

}  // namespace scalar::inline v0::serve
