#pragma once
/// Limits how slowly a client may send or take bytes.
#include <chrono>
#include <cstdint>

#include "scalar/core/clock.hpp"

namespace scalar::inline v0::serve {

/// After `grace`, a transfer must keep up `bytes_per_second` on average; and `stall` must never pass without a byte.
struct PaceLimits {
  std::chrono::milliseconds grace{};
  std::chrono::milliseconds stall{};
  std::uint64_t bytes_per_second = 1;
};

/// Checks one transfer against its limits.
class Pace {
 public:
  void start(TimePoint now, const PaceLimits& limits) noexcept {
    limits_ = limits;
    started_ = moved_at_ = now;
    bytes_ = 0;
  }
  /// Whether the transfer was too slow at the time `before`, when `bytes` have been moved since the start, which were
  /// counted between the times `before` and `after`. Progress counts from the time `after` of the call that sees it: a
  /// thread that loses the processor while it counts must not find a client slow that moved bytes in the meantime.
  bool is_too_slow(TimePoint before, std::uint64_t bytes, TimePoint after) noexcept {
    if (bytes > bytes_) {
      bytes_ = bytes;
      moved_at_ = after;
    }
    const std::uint64_t rate = limits_.bytes_per_second == 0 ? 1 : limits_.bytes_per_second;
    const TimePoint allowed = started_ + limits_.grace + std::chrono::milliseconds(bytes * 1000 / rate);
    return before >= allowed || before >= moved_at_ + limits_.stall;
  }

 private:
  PaceLimits limits_{};
  TimePoint started_{}, moved_at_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace scalar::inline v0::serve
