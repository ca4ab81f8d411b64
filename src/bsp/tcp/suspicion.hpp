#pragma once
/// How suspect a silent process is.
#include <array>
#include <chrono>
#include <cstddef>

namespace scalar::inline v0::bsp::sockets {

/// The phi-accrual failure detector (Hayashibara, Defago, Yared, Katayama, SRDS 2004): phi is the negative decimal
/// logarithm of the probability that a heartbeat comes even later, if the times between heartbeats are normally
/// distributed like the last 100. Mean and deviation are learned within limits, so that a process that has always been
/// late does not get unlimited time.
class Suspicion {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Heartbeats are expected every `interval`; `pause` more is no reason for suspicion.
  Suspicion(std::chrono::milliseconds interval, std::chrono::milliseconds pause, TimePoint now);

  void heard(TimePoint now) noexcept;
  double phi(TimePoint now) const noexcept;
  std::chrono::milliseconds silence(TimePoint now) const noexcept;
  /// Does not count `time`, for which this process was itself away.
  void excuse(std::chrono::milliseconds time) noexcept { last_ += time; }

 private:
  double interval_, pause_;  // milliseconds
  TimePoint last_;
  std::array<double, 100> times_{};
  std::size_t count_ = 0, next_ = 0;
  double sum_ = 0, squares_ = 0;
};

}  // namespace scalar::inline v0::bsp::sockets
