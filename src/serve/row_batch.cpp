#include "serve/row_batch.hpp"

#include <utility>

namespace scalar::inline v0::serve {

std::vector<TensorInfo> column_tensors(const RowSignature& rows) {
  std::vector<TensorInfo> out;
  out.reserve(rows.inputs.size());
  for (const InputColumn& input : rows.inputs)
    out.push_back({input.name, input.is_text ? DataType::bytes : DataType::float64, {-1, 1}});
  return out;
}

TensorInfo dense_tensor(const RowSignature& rows) {
  return {"input", DataType::float32, {-1, static_cast<std::int64_t>(rows.inputs.size())}};
}

Signature listed_tensors(const RowSignature& rows) {
  Signature out;
  if (rows.prefers_dense && rows.is_numeric)
    out.inputs.push_back(dense_tensor(rows));
  else
    out.inputs = column_tensors(rows);
  if (rows.classes.empty())
    out.outputs = {{"prediction", DataType::float64, {-1, rows.outputs}}};
  else
    out.outputs = {{"probabilities", DataType::float32, {-1, rows.outputs}}, {"label", DataType::bytes, {-1, 1}}};
  return out;
}

RowBatch::RowBatch(std::span<const TensorView> inputs) : rows_(inputs[0].shape[0]) {
  if (inputs.size() == 1 && inputs[0].type == DataType::float32) {
    dense_ = FloatMatrix(reinterpret_cast<const float*>(inputs[0].data.data()), rows_, inputs[0].shape[1]);
    return;
  }
  const auto rows = static_cast<std::size_t>(rows_);
  columns_.reserve(inputs.size());
  for (const TensorView& input : inputs) {
    if (input.type == DataType::bytes)
      columns_.push_back({.numbers = {}, .texts = input.texts});
    else
      columns_.push_back({.numbers = {reinterpret_cast<const double*>(input.data.data()), rows}, .texts = {}});
  }
}

}  // namespace scalar::inline v0::serve
