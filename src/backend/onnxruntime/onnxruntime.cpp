#include "scalar/backend/onnxruntime/onnxruntime.hpp"

#include "backend/onnxruntime/library.hpp"
#include "scalar/backend/erase.hpp"

namespace scalar::inline v0::backend {

OnnxRuntime::OnnxRuntime(const BackendOptions& options)
    : library_(std::make_shared<const onnxruntime::Library>(options.library)) {}

std::string OnnxRuntime::version() const { return std::string(library_->version()); }

std::shared_ptr<const AnyBackend::Interface> make_onnxruntime(const BackendOptions& options) {
  return erase(OnnxRuntime(options));
}

}  // namespace scalar::inline v0::backend
