#pragma once
/// The tensors of a model that takes rows: its signature, its inputs as a batch, its predictions as outputs.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "scalar/data/batch.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"

namespace scalar::inline v0::model {

/// The signature of a model whose rows `encoder` reads and that makes `outputs` predictions per row, as Signature says.
Signature signature_of(const Encoder& encoder, std::int64_t outputs);

/// The inputs of a call as a batch of rows. `set` reuses the memory of the previous call.
class TensorBatch {
 public:
  /// Takes the inputs of a model with the signature `signature`, one of `signature_of`. Numbers that have the
  /// signature's type and are aligned, and texts, are not copied, so the tensors must outlive the batch; other numbers
  /// are converted. Accepts `[rows]` for `[-1, 1]`. Errors: `Errc::shape_mismatch` and `Errc::type_mismatch` naming the
  /// input; `Errc::out_of_range` naming input, element and value for a number that is not exact in the signature's type.
  void set(std::span<const TensorView> inputs, const Signature& signature);
  BatchView view() const;
  /// Bytes of memory that are kept for the next call.
  std::size_t kept_bytes() const noexcept;

 private:
  std::int64_t rows_ = 0;
  FloatMatrix dense_{};
  std::vector<float> floats_{};  // of a dense batch that was converted
  std::vector<std::vector<double>> numbers_{};
  std::vector<BatchColumn> columns_{};
};

/// Writes predictions `[rows, outputs]` as the outputs of `signature_of`; `classes` are empty for a regression. Reuses
/// the memory of `outputs`.
void set_outputs(MatrixView<const double> predictions, const std::vector<std::string>& classes,
                 std::vector<Tensor>& outputs);

}  // namespace scalar::inline v0::model
