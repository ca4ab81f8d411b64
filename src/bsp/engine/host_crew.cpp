// A crew whose helpers run on the host's threads, through an Executor.
#include <condition_variable>
#include <mutex>
#include <utility>

#include "bsp/engine/scheduler.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// A `Door` lets helpers into a run while the run lasts. The host may start a helper long after the run has ended, so a
/// helper holds the door and not the run, and the run waits only for helpers that have entered.
struct Door {
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
  HostCrew(Scheduler& scheduler, Network* network, Executor* executor)
      : Crew(scheduler, network), executor_(executor), door_(std::make_shared<Door>()) {
    door_->run = &scheduler;
  }

  void call() override {
    if (executor_ != nullptr) executor_->post(Helper(door_));
  }
  void drive() override {
    scheduler_.count_in();  // until the end: this thread sleeps when it is idle, and never leaves
    const unsigned worker = scheduler_.new_worker();
    scheduler_.open_first();
    for (;;) {
      const std::uint32_t seen = scheduler_.work(worker);
      if (scheduler_.is_finished()) break;
      park(seen);
    }
    door_->close();
  }

 private:
  Executor* executor_;
  std::shared_ptr<Door> door_;
};

std::unique_ptr<Crew> make_host_crew(Scheduler& scheduler, Network* network, Executor* executor) {
  return std::make_unique<HostCrew>(scheduler, network, executor);
}

}  // namespace detail

Helper::Helper(std::shared_ptr<detail::Door> door) noexcept : door_(std::move(door)) {}

void Helper::operator()() const noexcept {
  detail::Scheduler* run = door_->enter();
  if (run == nullptr) return;
  run->help();
  door_->leave();
}

}  // namespace scalar::inline v0::bsp
