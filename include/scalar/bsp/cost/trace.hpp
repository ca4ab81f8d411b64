#pragma once
/// Trace: what every superstep cost, as records, as a picture and as counters.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scalar/bsp/cost/machine.hpp"

namespace scalar::inline v0::bsp {

/// One superstep of the peers of this process. Times are in nanoseconds.
struct SuperstepRecord {
  std::uint64_t run = 0;  ///< which of the runs recorded, from 1
  std::uint64_t superstep = 0;
  std::int64_t begin = 0;      ///< since the Trace was made
  std::int64_t time = 0;       ///< from its opening to the opening of the next
  std::int64_t work = 0;       ///< w: the longest that a peer computed
  std::int64_t work_sum = 0;   ///< of all local peers
  int peers = 0;               ///< local ones
  int slowest = 0;             ///< the rank that computed longest
  std::uint64_t messages = 0;  ///< sent
  std::uint64_t bytes = 0;     ///< sent: what the messages carry, as it would go to another process
  std::uint64_t h = 0;         ///< the most bytes that one peer sent or received
  double predicted = 0;        ///< by `Machine::predict`; 0 without a machine
  /// The longest work over the mean: 1 is perfect balance.
  double imbalance() const noexcept {
    return work_sum > 0 ? static_cast<double>(work) * peers / static_cast<double>(work_sum) : 1;
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
