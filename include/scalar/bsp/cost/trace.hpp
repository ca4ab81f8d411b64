#pragma once
/// Trace: what every superstep cost, as records, as a picture and as counters.
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
  std::uint64_t run = 0;  ///< which of the runs recorded, from 1
  std::uint64_t superstep = 0;
  std::chrono::nanoseconds begin{};     ///< since the Trace was made
  std::chrono::nanoseconds time{};      ///< from its opening to the opening of the next
  std::chrono::nanoseconds work{};      ///< the longest that a peer computed (`w` of the model)
  std::chrono::nanoseconds work_sum{};  ///< of all local peers
  int peers = 0;               ///< local ones
  int slowest = 0;             ///< the rank that computed longest
  std::uint64_t messages = 0;  ///< sent
  std::uint64_t bytes = 0;     ///< sent: what the messages carry, as it would go to another process
  std::uint64_t h = 0;         ///< the most bytes that one peer sent or received
  Nanoseconds predicted{};     ///< by `Machine::predict`; 0 without a machine
  /// The longest work over the mean: 1 is perfect balance.
  double imbalance() const noexcept {
    return work_sum.count() > 0 ? Nanoseconds(work) * peers / Nanoseconds(work_sum) : 1;
  }
};

struct TraceOptions {
  Machine machine{};                            ///< what predictions are made with; from `probe`
  std::size_t capacity = std::size_t{1} << 20;  ///< supersteps kept one by one; all are counted
};

/// Records the supersteps of engines whose options name it.
///
/// Not named it costs nothing; named, two looks at the clock for each peer and superstep.
/// Thread safety: all functions may be called from any thread, also while engines run.
class Trace {
 public:
  explicit Trace(const TraceOptions& options = {});
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// The supersteps recorded, in the order in which they ended; not more than the capacity.
  std::vector<SuperstepRecord> records() const;
  /// One line a superstep, and the totals: for people.
  std::string report() const;
  /// For chrome://tracing and ui.perfetto.dev: supersteps, and which worker ran peers when (Trace Event Format, JSON
  /// object form).
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
