#pragma once
/// ONNX Runtime if it is there, and the models of make_models.py.
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scalar/backend/onnxruntime/onnxruntime.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/paths.hpp"

namespace models {

using namespace scalar;

/// ONNX Runtime, as the machine has it; says it and is empty if there is none.
inline std::optional<backend::OnnxRuntime> onnxruntime() {
  try {
    return backend::OnnxRuntime();
  } catch (const Error& error) {
    WARN("skipped: " << error.what());
    return std::nullopt;
  }
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// The file of a model of make_models.py.
inline std::string path(const std::string& name) {
  return test::source_file("tests/backend/onnxruntime/models/" + name + ".onnx");
}
inline std::vector<std::byte> read(const std::string& name) { return bytes_of(test::read_file(path(name))); }

inline backend::ForeignFiles files(const std::string& name) {
  return {.format = "onnx", .files = {{name + ".onnx", read(name)}}};
}

/// A tensor of an input, with the memory that its view shows.
struct Given {
  DataType type;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data{};
  std::vector<std::string_view> texts{};

  template <class T>
  static Given numbers(DataType type, std::vector<std::int64_t> shape, std::vector<T> values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {type, std::move(shape), {bytes.begin(), bytes.end()}};
  }
  static Given floats(std::vector<std::int64_t> shape, std::vector<float> values) {
    return numbers(DataType::float32, std::move(shape), std::move(values));
  }
  TensorView view() const { return {type, shape, data, texts}; }
};

inline std::vector<Tensor> run(const Executable& model, const std::vector<Given>& given) {
  std::vector<TensorView> views;
  for (const Given& one : given) views.push_back(one.view());
  std::vector<Tensor> outputs;
  model.run(views, outputs);
  return outputs;
}

template <class T>
std::vector<T> numbers(const Tensor& tensor) {
  const auto values = tensor.as<T>();
  return {values.begin(), values.end()};
}

}  // namespace models
