#pragma once
/// The input of a prediction: a few rows, as raw columns or as one dense matrix, owned by the caller.
#include <cstdint>
#include <span>
#include <string_view>

#include "scalar/core/tensor.hpp"

namespace scalar::inline v0 {

/// One raw input column of a batch, `[rows]`: numbers (NaN is missing) or texts (an empty one is missing), never both.
struct BatchColumn {
  std::span<const double> numbers{};
  std::span<const std::string_view> texts{};
};

/// Rows to predict: the raw columns of a model's signature in its order, or, if all inputs of the model are numeric,
/// one dense float32 matrix `[rows, features]`.
///
/// A view: it owns nothing and must not outlive the data it refers to.
class BatchView {
 public:
  BatchView(FloatMatrix dense) : dense_(dense), rows_(dense.rows) {}  // NOLINT: a matrix is a batch
  BatchView(std::span<const BatchColumn> columns, std::int64_t rows) : columns_(columns), rows_(rows) {}

  std::int64_t rows() const noexcept { return rows_; }
  bool is_dense() const noexcept { return columns_.empty(); }
  const FloatMatrix& dense() const noexcept { return dense_; }
  std::span<const BatchColumn> columns() const noexcept { return columns_; }

 private:
  FloatMatrix dense_{};
  std::span<const BatchColumn> columns_{};
  std::int64_t rows_ = 0;
};

/// Where predictions go, row-major `[rows, outputs]`.
using BatchOut = MatrixView<double>;

}  // namespace scalar::inline v0
