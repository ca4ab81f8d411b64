#pragma once
/// What the caller of `Flow::run` may watch and stop.
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

namespace scalar::inline v0 {

/// What happened to a step.
enum class StepEvent : std::uint8_t { started = 0, finished = 1, failed = 2 };

struct FlowRunOptions {
  /// Called when a step starts (with 0 seconds) and when it ends (with the seconds it took). One call at a time, from
  /// the threads that run the steps; what it throws fails that step.
  std::function<void(std::string_view step, StepEvent event, double seconds)> progress{};
  /// Once stop is requested no further step starts; those running finish.
  std::stop_token stop{};
};

}  // namespace scalar::inline v0
