#pragma once
/// The tensors of a model of rows.
#include <span>
#include <vector>

#include "scalar/data/batch.hpp"
#include "scalar/data/tensor.hpp"
#include "scalar/serve/servable.hpp"

namespace scalar::inline v0::serve {

/// One tensor for each raw column: FP64 or BYTES `[-1, 1]`.
std::vector<TensorInfo> column_tensors(const RowSignature& rows);
/// The tensor of all raw columns together: `input` FP32 `[-1, inputs]`.
TensorInfo dense_tensor(const RowSignature& rows);
/// The tensors that the metadata lists.
Signature listed_tensors(const RowSignature& rows);

/// The inputs of a model of rows, in one of its two forms, as a batch over the same memory.
class RowBatch {
 public:
  /// `inputs` are one dense FP32 tensor, or one FP64 or BYTES tensor for each column.
  explicit RowBatch(std::span<const TensorView> inputs);
  BatchView view() const { return columns_.empty() ? BatchView(dense_) : BatchView(columns_, rows_); }

 private:
  FloatMatrix dense_{};
  std::vector<BatchColumn> columns_{};
  std::int64_t rows_ = 0;
};

}  // namespace scalar::inline v0::serve
