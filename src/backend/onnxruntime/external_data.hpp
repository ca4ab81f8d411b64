#pragma once
/// with_external_data: puts a model together whose tensors lie in several files.
#include <optional>
#include <string>

#include "scalar/backend/runners.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// The graph file `name` of `model` with the tensors in it that lie in other files of `model`; nothing if it has no
/// such tensors. ONNX Runtime would look for these files on the machine's disk.
///
/// Errors: `Errc::not_found` naming tensor and file for a file that is not among the model's; `Errc::corrupt` for one
/// that is too short, and for a location outside the model's folder; `Errc::unsupported` for graphs that also define
/// operators; `Errc::too_large` for more than 2 GiB.
std::optional<std::string> with_external_data(const ForeignFiles& model, const std::string& name);

}  // namespace scalar::inline v0::backend::onnxruntime
