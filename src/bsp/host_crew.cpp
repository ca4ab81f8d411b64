// Helpers on the host's threads, through an Executor.
#include <condition_variable>
#include <mutex>
#include <utility>

#include "bsp/scheduler.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// Lets helpers into a run while it lasts. A helper may be started by the host long after, so it holds the gate, not
/// the run; and the run waits only for those inside.
struct Gate {
  std::mutex mutex;
  std::condition_variable emptied;
  Scheduler* run = nullptr;  // null: closed
  int inside = 0;

  Scheduler* enter() {
    const std::lock_guard lock(mutex);
    if (run != nullptr) ++inside;
    return run;
  }
  void leave() {
    const std::lock_guard lock(mutex);
    if (--inside == 0) emptied.notify_all();
  }
  void close() {
    std::unique_lock lock(mutex);
    run = nullptr;
    emptied.wait(lock, [&] { return inside == 0; });
  }
};

class HostCrew final : public Crew {
 public:
  HostCrew(Scheduler& scheduler, Executor& executor)
      : scheduler_(scheduler), executor_(executor), gate_(std::make_shared<Gate>()) {
    gate_->run = &scheduler;
  }

  void call() override { executor_.post(Helper(gate_)); }
  void rouse() noexcept override {
    if (parked_.load(std::memory_order_seq_cst)) scheduler_.epoch().notify_all();
  }
  void drive() override {
    scheduler_.count_in();  // for good: it sleeps rather than leaves
    const unsigned worker = scheduler_.new_worker();
    scheduler_.open_first();
    for (;;) {
      const std::uint32_t seen = scheduler_.work(worker);
      if (scheduler_.is_finished()) break;
      park(seen);
    }
    gate_->close();
  }

 private:
  // A Dekker pair with Scheduler::wake: it changes the epoch before it looks whether the caller is parked.
  void park(std::uint32_t seen) {
    parked_.store(true, std::memory_order_seq_cst);
    if (scheduler_.epoch().load(std::memory_order_seq_cst) == seen) scheduler_.epoch().wait(seen);
    parked_.store(false, std::memory_order_seq_cst);
  }

  Scheduler& scheduler_;
  Executor& executor_;
  std::shared_ptr<Gate> gate_;
  std::atomic<bool> parked_{false};
};

std::unique_ptr<Crew> make_host_crew(Scheduler& scheduler, Executor& executor) {
  return std::make_unique<HostCrew>(scheduler, executor);
}

}  // namespace detail

Helper::Helper(std::shared_ptr<detail::Gate> gate) noexcept : gate_(std::move(gate)) {}

void Helper::operator()() const noexcept {
  detail::Scheduler* run = gate_->enter();
  if (run == nullptr) return;
  run->help();
  gate_->leave();
}

}  // namespace scalar::inline v0::bsp
