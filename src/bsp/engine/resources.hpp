#pragma once
/// Which cores workers stay on, and how engines share a Runtime's threads.
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

/// The core of each of `workers` workers; empty: anywhere. Errors: `Errc::invalid_argument` for a core that this
/// process may not use, or a list without cores.
std::vector<int> cores_of(const ResourceOptions& resources, int workers);

/// Keeps the calling thread on one core while it lives.
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

/// The engines at work on one Runtime: each may use its weight's part of the threads, at least one.
class ActiveEngines {
 public:
  /// One engine's run, from its begin to its end.
  class Share {
   public:
    Share(ActiveEngines& engines, int threads, double weight);
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// How many workers may be at work now; moves as other engines come and go.
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
