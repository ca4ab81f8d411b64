#include "scalar/model/row_tensors.hpp"

#include <algorithm>
#include <cstring>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/data/check_inputs.hpp"
#include "scalar/data/tensor_numbers.hpp"

namespace scalar::inline v0::model {
namespace {

std::string place_of(const TensorInfo& info) { return "input " + quoted(info.name); }

/// The rows of a tensor, which has the shape and the memory that it should.
std::int64_t rows_of(const TensorView& tensor, const TensorInfo& expected) {
  const bool is_vector = tensor.shape.size() == 1 && expected.shape[1] == 1 && tensor.shape[0] >= 0;
  if (!is_vector && !data::fits(tensor.shape, expected.shape))
    fail(Errc::shape_mismatch, place_of(expected), "has the shape {}, expected {}",
         shape_text({tensor.shape.begin(), tensor.shape.end()}), shape_text(expected.shape));
  data::check_memory(tensor, expected.name);
  return tensor.shape[0];
}

/// The numbers of a tensor: its own when they are `Number`s at an aligned address, else converted ones in `memory`.
template <class Number>
std::span<const Number> numbers_of(const TensorView& tensor, const TensorInfo& expected, std::vector<Number>& memory) {
  if (tensor.type == DataType::bytes)
    fail(Errc::type_mismatch, place_of(expected), "has elements of type BYTES, expected numbers");
  const auto count = static_cast<std::size_t>(tensor.elements());
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(tensor.data.data()) % alignof(Number) == 0;
  if (tensor.type == expected.type && is_aligned) return {reinterpret_cast<const Number*>(tensor.data.data()), count};
  memory.resize(count);
  try {
    data::copy_numbers(tensor, std::span<Number>(memory));
  } catch (const Error& error) {
    throw error.within(place_of(expected));
  }
  return memory;
}

std::span<const std::string_view> texts_of(const TensorView& tensor, const TensorInfo& expected) {
  if (tensor.type != DataType::bytes)
    fail(Errc::type_mismatch, place_of(expected), "has elements of type {}, expected BYTES", name(tensor.type));
  return tensor.texts;
}

/// Gives `tensor` the type and the shape of an output, and room for its elements.
void shape_output(Tensor& tensor, DataType type, std::int64_t rows, std::int64_t columns) {
  const auto elements = static_cast<std::size_t>(rows * columns);
  tensor.type = type;
  tensor.shape.assign({rows, columns});
  tensor.data.resize(elements * size_bytes(type));
  tensor.texts.resize(type == DataType::bytes ? elements : 0);
}

}  // namespace

Signature signature_of(const Encoder& encoder, std::int64_t outputs) {
  Signature signature;
  if (encoder.is_identity())
    signature.inputs = {{.name = "input", .type = DataType::float32, .shape = {-1, encoder.feature_count()}}};
  else
    for (const InputColumn& input : encoder.inputs())
      signature.inputs.push_back(
          {.name = input.name, .type = input.is_text ? DataType::bytes : DataType::float64, .shape = {-1, 1}});
  if (encoder.classes().empty())
    signature.outputs = {{.name = "prediction", .type = DataType::float64, .shape = {-1, outputs}}};
  else
    signature.outputs = {{.name = "probabilities", .type = DataType::float32, .shape = {-1, outputs}},
                         {.name = "label", .type = DataType::bytes, .shape = {-1, 1}}};
  return signature;
}

void TensorBatch::set(std::span<const TensorView> inputs, const Signature& signature) {
  if (inputs.size() != signature.inputs.size())
    fail(Errc::shape_mismatch, "", "{} input tensors, expected {}", inputs.size(), signature.inputs.size());
  columns_.clear();
  dense_ = {};
  rows_ = 0;
  numbers_.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& expected = signature.inputs[i];
    const std::int64_t rows = rows_of(inputs[i], expected);
    if (i > 0 && rows != rows_)
      fail(Errc::shape_mismatch, place_of(expected), "has {} rows, the inputs before it have {}", rows, rows_);
    rows_ = rows;
    if (expected.type == DataType::float32)  // only a dense input is
      dense_ = FloatMatrix(numbers_of(inputs[i], expected, floats_).data(), rows, expected.shape[1]);
    else if (expected.type == DataType::bytes)
      columns_.push_back({.texts = texts_of(inputs[i], expected)});
    else
      columns_.push_back({.numbers = numbers_of(inputs[i], expected, numbers_[i])});
  }
}

BatchView TensorBatch::view() const { return columns_.empty() ? BatchView(dense_) : BatchView(columns_, rows_); }

std::size_t TensorBatch::kept_bytes() const noexcept {
  std::size_t bytes = floats_.capacity() * sizeof(float) + columns_.capacity() * sizeof(BatchColumn);
  for (const std::vector<double>& column : numbers_)
    bytes += sizeof(std::vector<double>) + column.capacity() * sizeof(double);
  return bytes;
}

void set_outputs(MatrixView<const double> predictions, const std::vector<std::string>& classes,
                 std::vector<Tensor>& outputs) {
  outputs.resize(classes.empty() ? 1 : 2);
  const DataType type = classes.empty() ? DataType::float64 : DataType::float32;
  shape_output(outputs[0], type, predictions.rows, predictions.columns);
  if (classes.empty()) {
    auto* const out = reinterpret_cast<double*>(outputs[0].data.data());
    for (std::int64_t i = 0; i < predictions.rows; ++i)
      std::copy_n(predictions.row(i).begin(), predictions.columns, out + i * predictions.columns);
    return;
  }
  shape_output(outputs[1], DataType::bytes, predictions.rows, 1);
  auto* const out = reinterpret_cast<float*>(outputs[0].data.data());
  for (std::int64_t i = 0; i < predictions.rows; ++i) {
    const std::span<const double> row = predictions.row(i);
    std::transform(row.begin(), row.end(), out + i * predictions.columns,
                   [](double probability) { return static_cast<float>(probability); });
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    outputs[1].texts[static_cast<std::size_t>(i)] = classes[static_cast<std::size_t>(best)];
  }
}

}  // namespace scalar::inline v0::model
