#pragma once
/// Trace: what every superstep cost, as records, as a report, as a timeline and as counters.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scalar/bsp/cost/machine.hpp"

namespace scalar::inline v0::bsp {

/// One superstep of the peers of this process.
struct SuperstepRecord {
  std::uint64_t run = 0;  ///< the number of the recorded run, from 1
  std::uint64_t superstep = 0;
  std::chrono::nanoseconds begin{};     ///< since the Trace was made
  std::chrono::nanoseconds time{};      ///< from the opening of this superstep to that of the next
  std::chrono::nanoseconds work{};      ///< the longest time that a peer computed (`w` of the model)
  std::chrono::nanoseconds work_sum{};  ///< the sum over all local peers
  int peers = 0;                        ///< local peers
  int slowest = 0;                      ///< the rank that computed longest
  std::uint64_t messages = 0;           ///< messages sent
  std::uint64_t bytes = 0;              ///< bytes sent: the size of the messages as sent to another process
  std::uint64_t h = 0;                  ///< the most bytes that one peer sent or received
  Nanoseconds predicted{};              ///< by `Machine::predict`; 0 without a machine
  /// The longest work over the mean: 1 is perfect balance.
  double imbalance() const noexcept {
    return work_sum.count() > 0 ? Nanoseconds(work) * peers / Nanoseconds(work_sum) : 1;
  }
};

struct TraceOptions {
  Machine machine{};                            ///< for predictions; from `probe`
  std::size_t capacity = std::size_t{1} << 20;  ///< how many supersteps are kept as records; the counters include all
};

/// Records the supersteps of engines whose `EngineOptions::trace` is this trace.
///
/// An engine without a trace pays nothing; one with a trace reads the clock twice per peer and superstep.
/// Thread safety: all functions may be called from any thread, also while engines run.
class Trace {
 public:
  explicit Trace(const TraceOptions& options = {});
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// The recorded supersteps, in the order in which they ended; at most `TraceOptions::capacity`.
  std::vector<SuperstepRecord> records() const;
  /// One line per superstep, and the totals, for people to read.
  std::string report() const;
  /// A timeline for chrome://tracing and ui.perfetto.dev: the supersteps, and when each worker ran peers (Trace Event
  /// Format, JSON object form).
  std::string chrome_json() const;
  /// Counters in Prometheus' text format, version 0.0.4.
  std::string prometheus() const;

  /// Internal.
  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::bsp
