#pragma once
/// ForeignModel: a model in another tool's format, which that tool's library runs.
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scalar/backend/runners.hpp"
#include "scalar/core/device.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"
#include "scalar/data/uri.hpp"
#include "scalar/model/model_info.hpp"

namespace scalar::inline v0 {

/// What the files of a foreign model do not say.
struct ForeignOptions {
  Device device{};  ///< where it runs; a device that its runner does not have is `Errc::unsupported`
  /// Whether the model answers each row by itself, so that rows can be cached one by one. Empty: it does if the first
  /// dimension of every input and every output is free, and its runner does not know better. Say false for a model that
  /// mixes the rows of a call.
  std::optional<bool> batched{};

  friend bool operator==(const ForeignOptions&, const ForeignOptions&) = default;
};

/// A model in another tool's format, which that tool's library runs: an ONNX file, a TensorFlow SavedModel, or
/// TorchScript. It is saved, deployed and served as an AnyModel.
///
/// Immutable and cheap to copy: copies share. A default one is empty, and using it is `Error{Errc::empty}`.
/// Thread safety: all const members may be called from any thread.
class ForeignModel {
 public:
  ForeignModel() = default;
  /// Opens a model: `ForeignModel("onnx", {{"resnet.onnx", bytes}})`. For the formats and the paths see
  /// backend::ForeignFiles. Errors: those of backend::open_foreign; `Errc::invalid_argument` for `batched = true` and an
  /// input or output whose first dimension is not free.
  ForeignModel(std::string format, std::map<std::string, std::vector<std::byte>> files,
               const ForeignOptions& options = {}, ModelInfo info = {}, Runtime runtime = {});
  explicit ForeignModel(backend::ForeignFiles files, const ForeignOptions& options = {}, ModelInfo info = {},
                        Runtime runtime = {});

  explicit operator bool() const noexcept { return data_ != nullptr; }
  const backend::ForeignFiles& files() const;
  const ForeignOptions& options() const;
  const Signature& signature() const;
  const ModelInfo& info() const;

  /// Computes the outputs for `inputs`, both in the order of the signature. `outputs` keeps its memory from call to
  /// call. Errors: those of data::check_inputs and Executable::run.
  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const;

  /// Reads a model file of another tool, a SavedModel folder, or a foreign model that was saved, and keeps it as it is,
  /// where AnyModel::load turns what it can into Scalar's own parameters. The given options replace saved ones.
  /// Errors: those of AnyModel::load; `Errc::type_mismatch` for a model with a spec; `Errc::unsupported` for a format
  /// that nothing runs.
  static ForeignModel load(const data::Uri& uri, const ForeignOptions& options = {}, const Runtime& runtime = {});

 private:
  friend class AnyModel;
  struct Data;
  ForeignModel(std::shared_ptr<const Data> data, std::shared_ptr<const ModelInfo> info)
      : data_(std::move(data)), info_(std::move(info)) {}
  const Data& data() const;
  std::shared_ptr<const Data> data_;
  std::shared_ptr<const ModelInfo> info_;  // with data_
};

}  // namespace scalar::inline v0
