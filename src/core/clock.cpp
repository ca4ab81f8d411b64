#include "scalar/core/clock.hpp"

#include <thread>

namespace scalar::inline v0 {
namespace {

class SteadyClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
  void sleep_until(TimePoint time) override { std::this_thread::sleep_until(time); }
};

}  // namespace

std::shared_ptr<Clock> Clock::steady() { return std::make_shared<SteadyClock>(); }

TimePoint ManualClock::now() const noexcept {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::sleep_until(TimePoint time) {
  std::unique_lock lock(mutex_);
  ++sleepers_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return now_ >= time; });
  --sleepers_;
}

void ManualClock::advance(Duration by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
  changed_.notify_all();
}

void ManualClock::wait_for_sleepers(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return sleepers_ >= count; });
}

}  // namespace scalar::inline v0
