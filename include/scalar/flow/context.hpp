#pragma once
/// StepContext: what a step can use of the run that it is part of.
#include <cstdint>
#include <stop_token>
#include <string_view>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0 {

/// The run that a step is part of. A step whose function takes a `const StepContext&` as its first parameter gets it.
///
/// ```
/// auto fit_trees(const StepContext& context, const Table& train) {
///   return Trainer{GradientBoostedTrees{}, "native", context.runtime()}.fit(
///       train, {.stop = context.stop(), .progress = context.progress()});
/// }
/// ```
///
/// A view that is valid during the call of the step. Thread safety: all members may be called from any thread.
class StepContext {
 public:
  using Report = FunctionRef<void(std::int64_t done, std::int64_t total)>;

  StepContext(std::string_view step, const Runtime& runtime, std::stop_token stop, Report report)
      : step_(step), runtime_(runtime), stop_(std::move(stop)), report_(report) {}
  StepContext(const StepContext&) = delete;
  StepContext& operator=(const StepContext&) = delete;

  /// The name of the step.
  std::string_view step() const noexcept { return step_; }
  /// The Runtime that the flow runs on: its threads, log and clock.
  const Runtime& runtime() const noexcept { return runtime_; }
  /// Requested when the caller of the flow wants it to end. A step that ends early throws `Errc::canceled`.
  const std::stop_token& stop() const noexcept { return stop_; }
  /// Tells the caller of the flow that `done` of `total` pieces of this step's work are done; see `StepProgress`.
  /// Throws what the caller's `progress` throws.
  void report(std::int64_t done, std::int64_t total) const { report_(done, total); }
  /// A function for `FitOptions::progress` that reports what the fit has done.
  auto progress() const noexcept {
    return [this](const auto& fit) { report(fit.done, fit.total); };
  }

 private:
  std::string_view step_;
  const Runtime& runtime_;
  std::stop_token stop_;
  Report report_;
};

}  // namespace scalar::inline v0
