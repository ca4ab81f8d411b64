#include "scalar/backend/runners.hpp"

#include <atomic>

#include "core/fail.hpp"

namespace scalar::inline v0::backend {
namespace {

/// Runners are entered before main, in any order of object files: constant initialization makes the list exist by then.
constinit std::atomic<Runner*> runners{nullptr};

const Runner* find(std::string_view format) noexcept {
  for (const Runner* runner = runners.load(std::memory_order_acquire); runner != nullptr; runner = runner->next)
    if (runner->format == format) return runner;
  return nullptr;
}

/// The component of this library that runs a format.
std::string_view component_of(std::string_view format) noexcept {
  if (format == "onnx") return "onnxruntime";
  if (format == "saved_model") return "tensorflow";
  if (format == "torchscript") return "torch";
  return {};
}

}  // namespace

bool enter_runner(Runner& runner) noexcept {
  if (find(runner.format) != nullptr) return false;
  runner.next = runners.load(std::memory_order_relaxed);
  while (!runners.compare_exchange_weak(runner.next, &runner, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return true;
}

Executable open_foreign(const ForeignFiles& model, const Device& device, const Runtime& runtime) {
  const Runner* const runner = find(model.format);
  if (runner != nullptr) return runner->open(model, device, runtime);
  const std::string_view component = component_of(model.format);
  if (component.empty()) fail(Errc::unsupported, "foreign model", "nothing runs models of format \"{}\"", model.format);
  fail(Errc::unavailable, "foreign model", "models of format \"{}\" are run by Scalar::{}, which is not linked",
       model.format, component);
}

}  // namespace scalar::inline v0::backend
