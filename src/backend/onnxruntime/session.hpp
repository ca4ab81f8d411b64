#pragma once
/// OrtSession: a model that ONNX Runtime has prepared.
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/onnxruntime/library.hpp"
#include "backend/onnxruntime/log.hpp"
#include "scalar/data/signature.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// An output that is a sequence of maps from class to probability, as converters of classifiers write with ZipMap; it
/// is read as a tensor with a row for each map and a column for each class.
enum class OutputForm { tensor, maps };

/// Thread safety: const members may be called from any thread.
class OrtSession {
 public:
  /// Prepares a model for `threads` threads, the caller's included. `place` is the context of errors.
  /// Errors: `Errc::corrupt`, with what ONNX Runtime says, for a model that it refuses; `Errc::unsupported` for
  /// operators that it does not have, and for inputs and outputs that are no tensors.
  OrtSession(std::shared_ptr<const Library> library, std::span<const std::byte> model, int threads,
             const std::string& place, const Runtime& runtime);

  const Library& library() const noexcept { return *library_; }
  const Signature& signature() const noexcept { return signature_; }
  OutputForm form(std::size_t output) const { return forms_[output]; }

  /// Computes all outputs, in the order of the signature. An output that is null is allocated, into another one the
  /// result is written. Errors: `Errc::failed`.
  void run(std::span<const Value* const> inputs, std::span<Value*> outputs) const;

 private:
  void read_signature();

  std::shared_ptr<const Library> library_;
  std::string place_;
  LogRoute log_;
  Owned<Session> session_;
  Signature signature_{};
  std::vector<OutputForm> forms_{};
  std::vector<const char*> input_names_{}, output_names_{};  // of signature_
};

/// The element type that ONNX calls by this number (`TensorProto.DataType`), or nothing for complex numbers and those
/// of less than 16 bits.
std::optional<DataType> data_type_of(int onnx) noexcept;
int onnx_type_of(DataType type) noexcept;

}  // namespace scalar::inline v0::backend::onnxruntime
