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

}  // namespace scalar::inline v0
