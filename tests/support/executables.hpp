#pragma once
/// Runners of formats that only tests know, with executables written here.
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "scalar/backend/runners.hpp"
#include "scalar/core/error.hpp"

namespace test {

/// How often the executables have run, and the rows of the last call.
inline std::atomic<int> runs{0}, rows{0};

/// An executable made of a function.
class FunctionExecutable final : public scalar::Executable::Interface {
 public:
  using Function = void (*)(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs);
  FunctionExecutable(scalar::Signature signature, Function function)
      : signature_(std::move(signature)), function_(function) {}
  const scalar::Signature& signature() const noexcept override { return signature_; }
  void run(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) const override {
    ++runs;
    rows = inputs.empty() || inputs[0].shape.empty() ? 0 : static_cast<int>(inputs[0].shape[0]);
    outputs.resize(signature_.outputs.size());
    function_(inputs, outputs);
  }

 private:
  scalar::Signature signature_;
  Function function_;
};

inline const float* floats(const scalar::TensorView& tensor) {
  return reinterpret_cast<const float*>(tensor.data.data());
}
inline void set(scalar::Tensor& tensor, std::vector<std::int64_t> shape, const std::vector<float>& values) {
  tensor.type = scalar::DataType::float32;
  tensor.shape = std::move(shape);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
  tensor.data.assign(bytes.begin(), bytes.end());
}

/// y = 2 x[0] + 3 x[1] + 1, FP32 [-1, 2] -> [-1, 1].
inline void affine(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < inputs[0].shape[0]; ++i)
    values.push_back(2 * floats(inputs[0])[2 * i] + 3 * floats(inputs[0])[2 * i + 1] + 1);
  set(outputs[0], {inputs[0].shape[0], 1}, values);
}
/// Repeats each word as often as `times` says: BYTES [-1], UINT8 [-1, 1] -> BYTES [-1, 1], and its length INT64 [-1].
inline void repeat(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  const std::int64_t count = inputs[0].shape[0];
  outputs[0] = {.type = scalar::DataType::bytes, .shape = {count, 1}, .data = {}, .texts = {}};
  outputs[1] = {.type = scalar::DataType::int64, .shape = {count}, .data = {}, .texts = {}};
  outputs[1].data.resize(static_cast<std::size_t>(count) * 8);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::string text;
    for (int k = 0; k < static_cast<int>(inputs[1].data[i]); ++k) text += inputs[0].texts[i];
    const auto size = static_cast<std::int64_t>(text.size());
    std::memcpy(outputs[1].data.data() + 8 * i, &size, 8);
    outputs[0].texts.push_back(std::move(text));
  }
}
/// The sum of all elements of a matrix, FP32 [-1, -1] -> [].
inline void total(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  float sum = 0;
  for (std::int64_t i = 0; i < inputs[0].elements(); ++i) sum += floats(inputs[0])[i];
  set(outputs[0], {}, {sum});
}
/// The rows, each without its first element: FP32 [-1, -1] -> [-1, -1].
inline void tails(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  const std::int64_t count = inputs[0].shape[0], columns = inputs[0].shape[1];
  std::vector<float> values;
  for (std::int64_t i = 0; i < count * columns; ++i)
    if (i % columns != 0) values.push_back(floats(inputs[0])[i]);
  set(outputs[0], {count, columns - 1}, values);
}
/// The number of columns of each row: FP32 [-1, -1] -> [-1, 1].
inline void widths(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  const std::int64_t count = inputs[0].shape[0];
  set(outputs[0], {count, 1},
      std::vector<float>(static_cast<std::size_t>(count), static_cast<float>(inputs[0].shape[1])));
}
/// One row, whatever it is given.
inline void one_row(std::span<const scalar::TensorView>, std::vector<scalar::Tensor>& outputs) {
  set(outputs[0], {1, 1}, {7});
}
inline void broken(std::span<const scalar::TensorView>, std::vector<scalar::Tensor>&) {
  throw scalar::Error(scalar::Errc::failed, "the framework gave up");
}

inline scalar::TensorInfo numbers(std::string name, std::vector<std::int64_t> shape) {
  return {.name = std::move(name), .type = scalar::DataType::float32, .shape = std::move(shape), .batched = true};
}

/// The executables by the name that a model's only file has as its contents.
struct Known {
  const char* name;
  scalar::Signature signature;
  FunctionExecutable::Function function;
};
inline const std::vector<Known>& known() {
  using scalar::DataType;
  static const std::vector<Known> all{{"affine", {{numbers("x", {-1, 2})}, {numbers("y", {-1, 1})}}, affine},
                                      {"repeat",
                                       {{{.name = "word", .type = DataType::bytes, .shape = {-1}},
                                         {.name = "times", .type = DataType::uint8, .shape = {-1, 1}}},
                                        {{.name = "words", .type = DataType::bytes, .shape = {-1, 1}},
                                         {.name = "length", .type = DataType::int64, .shape = {-1}}}},
                                       repeat},
                                      {"total", {{numbers("x", {-1, -1})}, {numbers("sum", {})}}, total},
                                      {"tails", {{numbers("x", {-1, -1})}, {numbers("tail", {-1, -1})}}, tails},
                                      {"widths", {{numbers("x", {-1, -1})}, {numbers("width", {-1, 1})}}, widths},
                                      {"one_row", {{numbers("x", {-1, 2})}, {numbers("y", {-1, 1})}}, one_row},
                                      {"broken", {{numbers("x", {-1, 2})}, {numbers("y", {-1, 1})}}, broken}};
  return all;
}

/// Opens the executable that the file names. Errors: `Errc::corrupt` for an unknown one.
inline scalar::Executable open_known(const scalar::backend::ForeignFiles& model, const scalar::Device& device,
                                     const scalar::Runtime&) {
  scalar::require_cpu(device, "the runner of tests");
  const std::vector<std::byte>& bytes = model.files.begin()->second;
  const std::string content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Known& one : known())
    if (content == one.name)
      return scalar::Executable(std::make_shared<FunctionExecutable>(one.signature, one.function));
  throw scalar::Error(scalar::Errc::corrupt, "no executable of the tests");
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span(text.data(), text.size()));
  return {view.begin(), view.end()};
}

/// The files of the model with the executable `name`, in a format that only the tests' runner knows.
inline scalar::backend::ForeignFiles executable_files(const std::string& name) {
  static scalar::backend::Runner runner{.format = "test_executable", .component = "tests", .open = open_known};
  static const bool entered = scalar::backend::enter_runner(runner);
  (void)entered;
  return {.format = "test_executable", .files = {{"model.txt", bytes_of(name)}}};
}

}  // namespace test
