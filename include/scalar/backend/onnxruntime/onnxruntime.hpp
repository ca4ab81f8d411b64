#pragma once
/// ONNX Runtime as a backend and as the runner of ONNX models. Its library is opened at run time, so this component
/// always builds.
#include <memory>
#include <string>
#include <string_view>

#include "scalar/backend/backend.hpp"
#include "scalar/backend/registry.hpp"
#include "scalar/backend/runners.hpp"
#include "scalar/spec/linear_regression.hpp"
#include "scalar/spec/logistic_regression.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::backend {

namespace onnxruntime {
class Library;
}

/// Runs any ONNX model with ONNX Runtime (1.16 or a later 1.x), and learns linear models and networks by graphs that
/// compute gradients. Uses the Runtime's thread budget. Prints nothing: ONNX Runtime's warnings go to the Runtime's
/// log.
///
/// Call `prepare_process()` first: from version 1.29 on, ONNX Runtime reports to its makers and writes files to the
/// user's home unless `ORT_DISABLE_TELEMETRY` is set. Without that variable, those versions are refused.
/// Copies share the library, which stays open until the process ends.
/// Thread safety: all members may be called from any thread.
class OnnxRuntime {
 public:
  /// Opens `options.library`, or the one that `SCALAR_ONNXRUNTIME_LIBRARY` names, or that of the cache folder, or the
  /// system's. Errors: `Errc::unavailable`, naming the paths tried, the missing function, the version that is too old,
  /// or the variable that must be set.
  explicit OnnxRuntime(const BackendOptions& options = {});

  std::string_view name() const { return "onnxruntime"; }
  /// The version of the library, such as "1.32.0".
  std::string version() const;

  Support supports(const LinearRegression& spec, int peers = 1) const;
  Support supports(const LogisticRegression& spec, int peers = 1) const;
  Support supports(const MultilayerPerceptron& spec, int peers = 1) const;

  /// Learn as Native does, but ONNX Runtime computes what takes long: the Gram matrix of LinearRegression and the loss
  /// and gradient of LogisticRegression in float64, so that both find native's minimum; and the steps of a network in
  /// float32, along native's trajectory up to rounding. Peers, processes and shards share a fit as with Native.
  LinearParameters fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;
  LinearParameters fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options = {},
                       const Runtime& runtime = {}) const;
  MlpParameters fit(const MultilayerPerceptron& spec, const Dataset& data, const FitOptions& options = {},
                    const Runtime& runtime = {}) const;

  /// Prepares a model: the only file of `model`, or the only one that ends in ".onnx".
  ///
  /// Inputs are not copied, except texts. An output that is a list of maps from class to probability (ZipMap) becomes a
  /// tensor with a row for each map and a column for each class, in the order of the maps.
  /// Errors: `Errc::corrupt`, with what ONNX Runtime says, for a model that it refuses; `Errc::unsupported` for another
  /// device than the processor, for operators that ONNX Runtime does not have, and for other inputs and outputs than
  /// tensors.
  Executable open(const ForeignFiles& model, const Device& device = {}, const Runtime& runtime = {}) const;

 private:
  std::shared_ptr<const onnxruntime::Library> library_;
};

/// ONNX Runtime as an AnyBackend, for the registry.
std::shared_ptr<const AnyBackend::Interface> make_onnxruntime(const BackendOptions& options);

/// What runs models of format "onnx", for the list of runners.
Executable open_onnx(const ForeignFiles& model, const Device& device, const Runtime& runtime);

}  // namespace scalar::inline v0::backend
