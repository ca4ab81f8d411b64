#pragma once
/// The counts of a server, and their text for Prometheus.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "scalar/cache/cache.hpp"
#include "serve/budget.hpp"

namespace scalar::inline v0::serve {

/// Counts by HTTP status. All statuses that are not in `codes` are counted as 0.
class StatusCounts {
 public:
  static constexpr std::array<int, 17> codes{200, 400, 404, 405, 408, 413, 414, 415, 417,
                                             429, 431, 500, 501, 503, 504, 505, 0};
  void add(int status) noexcept {
    std::size_t i = 0;
    while (i + 1 < codes.size() && codes[i] != status) ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t count(std::size_t i) const noexcept { return counts_[i].load(std::memory_order_relaxed); }
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) sum += count(i);
    return sum;
  }

 private:
  std::array<std::atomic<std::uint64_t>, codes.size()> counts_{};
};

/// A histogram of durations with fixed buckets.
class Latencies {
 public:
  static constexpr std::array<std::uint64_t, 18> bounds_us{
      25,     50,     100,     250,     500,     1'000,     2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  void add(std::chrono::nanoseconds taken) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(taken.count(), 0));
    std::size_t i = 0;
    while (i < bounds_us.size() && ns > bounds_us[i] * 1000) ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(ns, std::memory_order_relaxed);
  }
  std::uint64_t count(std::size_t i) const noexcept { return counts_[i].load(std::memory_order_relaxed); }
  std::chrono::nanoseconds sum() const noexcept {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(sum_ns_.load(std::memory_order_relaxed)));
  }
  double sum_seconds() const noexcept { return static_cast<double>(sum().count()) * 1e-9; }

 private:
  std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

/// Adds every count of `more` to `sum`.
void add(cache::CacheStats& sum, const cache::CacheStats& more);

/// The counts of one model name, across its versions.
struct ModelMetrics {
  StatusCounts requests{};
  Latencies latency{};
  std::atomic<std::uint64_t> rows{0};

  /// Adds the counts of a version that was removed, so that totals never decrease.
  void retire(const cache::CacheStats& stats);
  cache::CacheStats retired() const;

 private:
  mutable std::mutex mutex_{};
  cache::CacheStats retired_{};
};

/// The counts of the server itself.
struct ServerMetrics {
  StatusCounts responses{};
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> evicted{0};
  std::atomic<std::uint64_t> out_of_descriptors{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::int64_t> queued{0};
  std::atomic<std::uint64_t> abandoned{0};
};

class Snapshot;
/// Appends all metrics, in the text format 0.0.4 of Prometheus.
void append_metrics(std::string& out, const ServerMetrics& server, const Budget& memory, const Snapshot& models);

}  // namespace scalar::inline v0::serve
