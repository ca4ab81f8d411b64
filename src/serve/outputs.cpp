#include "serve/outputs.hpp"

#include <limits>
#include <optional>

#include "core/fail.hpp"
#include "scalar/data/check_inputs.hpp"
#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

constexpr std::uint64_t around_answer = 256;  // the names of the model and its version
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept { return a != 0 && b > most / a ? most : a * b; }
std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept { return b > most - a ? most : a + b; }

/// The length of dimension `i` of an output: 1 when nothing says it.
std::uint64_t expected_length(const RequestForm& form, const TensorInfo& output, std::size_t i, std::int64_t rows) {
  if (form.is_batched && i == 0) return static_cast<std::uint64_t>(rows);
  return output.shape[i] == -1 ? 1 : static_cast<std::uint64_t>(output.shape[i]);
}

std::uint64_t least_elements(const RequestForm& form, const TensorInfo& output, std::int64_t rows) {
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < output.shape.size(); ++i) count = times(count, expected_length(form, output, i, rows));
  return count;
}

/// The longest text of a number of this type in JSON, with its comma, such as -2.2250738585072014e-308.
std::uint64_t text_bytes(DataType type) noexcept {
  constexpr std::uint64_t longest_double = 25, longest_float = 16, longest_integer = 21;
  if (type == DataType::float64) return longest_double;
  if (type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16) return longest_float;
  return longest_integer;
}

/// The memory to encode one output with `count` elements, whose texts have `text` bytes in all.
std::uint64_t encoded_bytes(const TensorInfo& info, bool is_binary, std::uint64_t count, std::uint64_t text) {
  constexpr std::uint64_t around = 256;  // the name, type, parameters of an output
  std::uint64_t elements = 0;
  if (is_binary)  // gathered before they are appended, so they are briefly in memory twice
    elements = times(2, info.type == DataType::bytes ? times(count, sizeof(std::uint32_t)) + text
                                                     : times(count, size_bytes(info.type)));
  else  // in a text, every byte may be escaped; it has quotes and a comma
    elements = info.type == DataType::bytes ? times(text, 6) + times(count, 3) : times(count, text_bytes(info.type));
  return elements + around + info.shape.size() * 32;
}

std::uint64_t text_of(const Tensor& tensor) {
  std::uint64_t total = 0;
  for (const std::string& text : tensor.texts) total += text.size();
  return total;
}

/// The number of elements of an output. Throws when its type or shape is not what the model promises.
std::uint64_t checked_elements(const RequestForm& form, const TensorInfo& info, const Tensor& output,
                               std::int64_t rows) {
  const std::optional<std::int64_t> count = data::elements_of(output.shape);
  const bool has_rows = !form.is_batched || (!output.shape.empty() && output.shape[0] == rows);
  if (count && has_rows && output.type == info.type && data::fits(output.shape, info.shape))
    return static_cast<std::uint64_t>(*count);
  fail(Errc::failed, "output " + quoted(info.name), "the model gave {} {} for {} rows, its signature says {} {}",
       name(output.type), shape_text(output.shape), rows, name(info.type), shape_text(info.shape));
}

}  // namespace

std::uint64_t least_outputs(const RequestForm& form, std::int64_t rows) {
  std::uint64_t total = 0;
  for (const TensorInfo& output : form.outputs) total = plus(total, least_elements(form, output, rows));
  return total;
}

std::uint64_t expected_answer_bytes(const RequestForm& form, const InferRequest& request) {
  std::uint64_t total = around_answer;
  for (const InferRequest::Wanted& wanted : request.wanted()) {
    const TensorInfo& info = form.outputs[wanted.output];
    const std::uint64_t count = least_elements(form, info, request.rows());
    total += encoded_bytes(info, wanted.is_binary, count, times(count, form.label_bytes));
  }
  return total;
}

std::uint64_t answer_bytes(const RequestForm& form, const InferRequest& request, std::span<const Tensor> outputs) {
  std::uint64_t total = around_answer;
  for (const InferRequest::Wanted& wanted : request.wanted()) {
    const Tensor& output = outputs[wanted.output];
    total += encoded_bytes(form.outputs[wanted.output], wanted.is_binary, static_cast<std::uint64_t>(output.elements()),
                           text_of(output));
  }
  return total;
}

std::uint64_t expected_output_bytes(const RequestForm& form, std::int64_t rows) {
  std::uint64_t total = times(times(static_cast<std::uint64_t>(rows), form.doubles_per_row), sizeof(double));
  for (const TensorInfo& info : form.outputs) {
    const bool is_text = info.type == DataType::bytes;
    total += times(least_elements(form, info, rows),
                   is_text ? sizeof(std::string) + form.label_bytes : size_bytes(info.type));
  }
  return total;
}

std::uint64_t output_bytes(std::span<const Tensor> outputs) {
  std::uint64_t total = 0;
  for (const Tensor& output : outputs)
    total += output.data.size() + output.texts.size() * sizeof(std::string) + text_of(output);
  return total;
}

void check_outputs(const RequestForm& form, const InferRequest& request, std::span<const Tensor> outputs,
                   const Limits& limits) {
  if (outputs.size() != form.outputs.size())
    fail(Errc::failed, "", "the model gave {} outputs, its signature has {}", outputs.size(), form.outputs.size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorInfo& info = form.outputs[i];
    const Tensor& output = outputs[i];
    const std::uint64_t count = checked_elements(form, info, output, request.rows());
    const bool is_text = info.type == DataType::bytes;
    if (output.texts.size() != (is_text ? count : 0) || output.data.size() != times(count, size_bytes(info.type)))
      fail(Errc::failed, "output " + quoted(info.name), "the model gave {} elements, the shape {} has {}",
           is_text ? output.texts.size() : output.data.size() / size_bytes(info.type), shape_text(output.shape), count);
    total = plus(total, count);
  }
  if (total > limits.elements) fail(Errc::too_large, "", "the outputs have more than {} elements", limits.elements);
}

}  // namespace scalar::inline v0::serve
