#pragma once
/// Crew: the threads that work on a run, which are the thread that called it, and helpers on other threads.
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

/// A `Crew` provides the threads of a run: it says where helpers come from, and how the caller (the thread that called
/// `Engine::run`) waits while it has nothing to do.
class Crew {
 public:
  Crew(Scheduler& scheduler, Network* network) : scheduler_(scheduler), network_(network) {}
  virtual ~Crew() = default;
  /// Asks for one more call of `Scheduler::help` on another thread. Any worker may call this.
  virtual void call() = 0;
  /// The caller's work: opens the first superstep, and returns when the run is over and every helper has left.
  virtual void drive() = 0;
  /// Wakes a caller that sleeps: there is work, or the run is over.
  void rouse() noexcept;

 protected:
  /// Sleeps until the scheduler's epoch is not `seen`, frames have arrived, or it is time to look at the clock.
  void park(std::uint32_t seen);

  Scheduler& scheduler_;
  Network* network_;  // null: all peers are in this process

 private:
  std::atomic<bool> parked_{false};
  std::mutex mutex_;
  std::condition_variable roused_;
};

/// Helpers are tasks of the Runtime's TBB arena.
std::unique_ptr<Crew> make_tbb_crew(Scheduler& scheduler, Network* network, const Runtime& runtime);
/// Helpers are tasks that the host's executor runs; without an executor the caller works alone.
std::unique_ptr<Crew> make_host_crew(Scheduler& scheduler, Network* network, Executor* executor);

}  // namespace scalar::inline v0::bsp::detail
