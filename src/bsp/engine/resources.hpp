#pragma once
/// Pins workers to cores, and divides a Runtime's threads among the engines that run at the same time.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <sched.h>

#include "scalar/bsp/engine_options.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::bsp::detail {

/// The core of each of `workers` workers; empty: they may run on any. Errors: `Errc::invalid_argument` for a core that
/// this process may not use, or an empty list of cores.
std::vector<int> cores_of(const ResourceOptions& resources, int workers);

/// Keeps the calling thread on one core while this object lives. A negative core: does nothing.
class Pin {
 public:
  explicit Pin(int core) noexcept;
  ~Pin();
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  cpu_set_t before_;
  bool is_pinned_ = false;
};

/// The engines at work on one Runtime. Each may use a part of the threads in proportion to its weight, at least one.
class ActiveEngines {
 public:
  /// What one engine may use while it runs; made when a run begins, and destroyed when it ends.
  class Share {
   public:
    Share(ActiveEngines& engines, int threads, double weight);
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// How many workers may be at work now; changes as other engines begin and end.
    const std::atomic<std::uint32_t>& allowed() const noexcept { return allowed_; }

   private:
    friend class ActiveEngines;
    ActiveEngines& engines_;
    int threads_;
    double weight_;
    std::atomic<std::uint32_t> allowed_{1};
  };

 private:
  void divide();
  std::mutex mutex_;
  std::vector<Share*> shares_;
};

}  // namespace scalar::inline v0::bsp::detail
