#pragma once
/// Options of `Flow::run`: progress and stop.
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

namespace scalar::inline v0 {

/// What happened to a step.
enum class StepEvent : std::uint8_t { started = 0, finished = 1, failed = 2, advanced = 3 };

/// An event of a step, and how far the step has come.
struct StepProgress {
  std::string_view step{};
  StepEvent event = StepEvent::started;
  std::chrono::duration<double> elapsed{};  ///< since it started, on the Runtime's clock
  std::int64_t done = 0, total = 0;         ///< what the step reported when it `advanced`
};

struct FlowRunOptions {
  /// Called when a step starts, when it ends, and when it reports how far it is (`StepContext::report`). Calls come
  /// from the threads that run the steps, one at a time; if a call throws, its step fails.
  std::function<void(const StepProgress&)> progress{};
  /// Once stop is requested, no further step starts, steps that take a StepContext may end early, and the run ends with
  /// `Errc::canceled`.
  std::stop_token stop{};
};

}  // namespace scalar::inline v0
