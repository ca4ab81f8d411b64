#pragma once
/// How the scheduler tells a trace what happens.
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

/// When one worker ran peers.
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

/// What a worker does from the first peer that it runs to where it arrives for all of them.
struct Stint {
  std::int64_t begin = 0;
  Tally sent{};
};

/// One run's recorder.
class Tracer {
 public:
  Tracer(Trace& trace, World& world, std::uint32_t workers);

  std::int64_t now() const noexcept { return trace_.now(); }
  Stint& begin_stint();
  void end_stint(Stint& stint, unsigned worker);
  /// Peer `rank` has computed. Called by the worker that ran it.
  void ran(int rank, std::int64_t begin, std::int64_t end) noexcept {
    work_[static_cast<std::size_t>(rank - world_.first())].fetch_add(end - begin, std::memory_order_relaxed);
  }
  void opened() noexcept { begin_ = trace_.now(); }
  /// All local peers have arrived.
  void arrived() noexcept;
  /// The superstep is over; the next opens.
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
  std::vector<std::unique_ptr<Stint>> stints_, idle_;  // those with something to count; those to be used again
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
