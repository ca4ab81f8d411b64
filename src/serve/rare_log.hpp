#pragma once
/// Keeps strangers from filling the host's log.
#include <chrono>
#include <cstdint>
#include <utility>

#include "scalar/core/clock.hpp"

namespace scalar::inline v0::serve {

/// Counts something that may happen often, and is worth a line once a minute.
class RareLog {
 public:
  /// Counts it once more. Returns how often it happened since the last line, or 0 when a line was written less than a
  /// minute ago.
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
