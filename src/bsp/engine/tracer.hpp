#pragma once
/// Tracer: records the supersteps of a run in a Trace.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "scalar/bsp/cost/trace.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp {

/// A stretch of time in which one worker ran peers.
struct BusyTime {
  std::uint64_t run = 0, superstep = 0;
  unsigned worker = 0;
  std::int64_t begin = 0, end = 0;
};

struct Trace::Impl {
  TraceOptions options;
  std::chrono::steady_clock::time_point origin = std::chrono::steady_clock::now();
  mutable std::mutex mutex;
  std::uint64_t runs = 0, supersteps = 0, messages = 0, bytes = 0;
  std::chrono::nanoseconds time{}, work{};
  std::deque<SuperstepRecord> records;
  std::deque<BusyTime> busy;

  std::int64_t now() const noexcept {
    return (std::chrono::steady_clock::now() - origin) / std::chrono::nanoseconds(1);
  }
};

namespace detail {

/// A `Stint` is a worker's uninterrupted work: from the first peer that it runs, until it counts its peers as arrived.
struct Stint {
  std::int64_t begin = 0;
  Tally sent{};
};

/// Records one run.
class Tracer {
 public:
  Tracer(Trace& trace, World& world, std::uint32_t workers);

  std::int64_t now() const noexcept { return trace_.now(); }
  Stint& begin_stint();
  void end_stint(Stint& stint, unsigned worker);
  /// Peer `rank` has run from `begin` to `end`. Called by the worker that ran it.
  void ran(int rank, std::int64_t begin, std::int64_t end) noexcept {
    work_[static_cast<std::size_t>(rank - world_.first())].fetch_add(end - begin, std::memory_order_relaxed);
  }
  void opened() noexcept { begin_ = trace_.now(); }
  /// All local peers have arrived.
  void arrived() noexcept;
  /// The superstep is over, and the next begins.
  void concluded() noexcept;

 private:
  void count_sent();
  std::chrono::nanoseconds critical_work() const noexcept;

  Trace::Impl& trace_;
  World& world_;
  std::uint32_t workers_;
  std::uint64_t run_;
  std::int64_t begin_ = 0;
  std::vector<std::atomic<std::int64_t>> work_;  // by local rank
  SuperstepRecord record_;
  std::vector<std::unique_ptr<Stint>> stints_, idle_;  // stints of this superstep; spare ones
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
