#pragma once
/// Who works on a run: the thread that called it, and helpers on borrowed threads.
#include <memory>

#include "scalar/bsp/executor.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::bsp::detail {

class Scheduler;

/// Where helpers come from and how the caller waits while there is nothing for it to do.
class Crew {
 public:
  virtual ~Crew() = default;
  /// Asks for one more call of `Scheduler::help`. Any worker calls it.
  virtual void call() = 0;
  /// There is work, or the run is over: a caller that sleeps must look.
  virtual void rouse() noexcept = 0;
  /// The caller's part: opens the first superstep and returns when the run is over and every helper has left.
  virtual void drive() = 0;
};

std::unique_ptr<Crew> make_tbb_crew(Scheduler& scheduler, const Runtime& runtime);
std::unique_ptr<Crew> make_host_crew(Scheduler& scheduler, Executor& executor);

}  // namespace scalar::inline v0::bsp::detail
