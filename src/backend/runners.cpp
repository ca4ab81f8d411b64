#include "scalar/backend/runners.hpp"

#include "core/entry_list.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend {
namespace {

constinit EntryList<Runner, &Runner::format> runners;

/// The component of this library that runs a format.
std::string_view component_of(std::string_view format) noexcept {
  if (format == "onnx") return "onnxruntime";
  if (format == "saved_model") return "tensorflow";
  if (format == "torchscript") return "torch";
  return {};
}

}  // namespace

bool enter_runner(Runner& runner) noexcept { return runners.enter(runner) == nullptr; }

Executable open_foreign(const ForeignFiles& model, const Device& device, const Runtime& runtime) {
  const Runner* const runner = runners.find(model.format);
  if (runner != nullptr) return runner->open(model, device, runtime);
  const std::string_view component = component_of(model.format);
  if (component.empty()) fail(Errc::unsupported, "foreign model", "nothing runs models of format \"{}\"", model.format);
  fail(Errc::unavailable, "foreign model", "models of format \"{}\" are run by Scalar::{}, which is not linked",
       model.format, component);
}

}  // namespace scalar::inline v0::backend
