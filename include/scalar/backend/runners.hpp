#pragma once
/// Runners: who runs models that are in a framework's own format.
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/backend/executable.hpp"
#include "scalar/core/device.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend {

/// The files of a model in a framework's own format.
struct ForeignFiles {
  std::string format{};  ///< "onnx", "saved_model" (TensorFlow) or "torchscript"
  /// Contents by path, relative to the model's folder; the files of a format with one file have its name.
  std::map<std::string, std::vector<std::byte>> files{};
};

using OpenForeign = Executable (*)(const ForeignFiles& model, const Device& device, const Runtime& runtime);

/// An entry in the list of those who run models of a format. Entries live until the program ends.
struct Runner {
  std::string_view format;
  std::string_view component;  ///< the CMake component, "onnxruntime"
  OpenForeign open = nullptr;
  Runner* next = nullptr;  ///< set by `enter_runner`
};

/// Adds a runner; false when another one runs its format. Called before `main` by the object file that linking an
/// adapter's component forces into a program. Thread safety: from any thread.
bool enter_runner(Runner& runner) noexcept;

/// Prepares a model to be run. Errors: `Errc::unavailable` naming the component to link when no linked one runs the
/// format, or the adapter's when its library cannot be opened; `Errc::unsupported` for a device that the runner does
/// not have; `Errc::corrupt`, with what the framework says, for a model that it refuses.
Executable open_foreign(const ForeignFiles& model, const Device& device = {}, const Runtime& runtime = {});

}  // namespace scalar::inline v0::backend
