#pragma once
/// Who works on a run: the thread that called it, and helpers on borrowed threads.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "scalar/bsp/executor.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::bsp::detail {

class Network;
class Scheduler;

/// Where helpers come from and how the caller waits while there is nothing for it to do.
class Crew {
 public:
  Crew(Scheduler& scheduler, Network* network) : scheduler_(scheduler), network_(network) {}
  virtual ~Crew() = default;
  /// Asks for one more call of `Scheduler::help`. Any worker calls it.
  virtual void call() = 0;
  /// The caller's part: opens the first superstep and returns when the run is over and every helper has left.
  virtual void drive() = 0;
  /// There is work, or the run is over: a caller that is parked must look.
  void rouse() noexcept;

 protected:
  /// Sleeps until the epoch is not `seen`, frames have come, or it is time to look at the clock.
  void park(std::uint32_t seen);

  Scheduler& scheduler_;
  Network* network_;  // null: all peers are in this process

 private:
  std::atomic<bool> parked_{false};
  std::mutex mutex_;
  std::condition_variable roused_;
};

std::unique_ptr<Crew> make_tbb_crew(Scheduler& scheduler, Network* network, const Runtime& runtime);
/// Without an executor the caller works alone.
std::unique_ptr<Crew> make_host_crew(Scheduler& scheduler, Network* network, Executor* executor);

}  // namespace scalar::inline v0::bsp::detail
