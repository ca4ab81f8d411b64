#include "interchange/onnx/graph_builder.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/fail.hpp"
#include "core/quoted.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

template <class T>
Tensor make_tensor(DataType type, std::vector<std::int64_t>&& shape, std::span<const T> values) {
  Tensor tensor{.type = type, .shape = std::move(shape), .data = {}, .texts = {}};
  tensor.data.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const float> values) {
  return make_tensor(DataType::float32, std::move(shape), values);
}
Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const double> values) {
  return make_tensor(DataType::float64, std::move(shape), values);
}
Tensor tensor_of(std::vector<std::int64_t> shape, std::span<const std::int64_t> values) {
  return make_tensor(DataType::int64, std::move(shape), values);
}

std::string GraphBuilder::unique(std::string_view hint) {
  std::string name(hint);
  for (std::int64_t number = 1; name.empty() || !names_.insert(name).second; ++number)
    name = std::string(hint) + "_" + std::to_string(number);
  return name;
}

std::string GraphBuilder::input(const std::string& name, DataType type, std::vector<Dimension> shape) {
  if (!names_.insert(name).second) fail(Errc::already_exists, "ONNX graph", "two inputs are called {}", quoted(name));
  graph_.inputs.push_back({.name = name, .type = type, .shape = std::move(shape), .other = {}});
  return name;
}

std::string GraphBuilder::output(std::string_view name, const std::string& value, DataType type,
                                 std::vector<Dimension> shape) {
  const std::string taken = unique(name);
  add("Identity", {value}, {taken}, {});
  graph_.outputs.push_back({.name = taken, .type = type, .shape = std::move(shape), .other = {}});
  return taken;
}

std::string GraphBuilder::initializer(std::string_view hint, Tensor tensor) {
  std::string name = unique(hint);
  graph_.initializers.push_back({.name = name, .tensor = std::move(tensor), .external = {}});
  return name;
}

std::string GraphBuilder::add(std::string_view op_type, std::vector<std::string> inputs,
                              std::vector<Attribute> attributes, std::string_view domain) {
  std::string output = unique(lower(op_type));
  add(op_type, std::move(inputs), {output}, std::move(attributes), domain);
  return output;
}

void GraphBuilder::add(std::string_view op_type, std::vector<std::string> inputs, std::vector<std::string> outputs,
                       std::vector<Attribute> attributes, std::string_view domain) {
  graph_.nodes.push_back({.op_type = std::string(op_type),
                          .domain = std::string(domain),
                          .name = {},
                          .inputs = std::move(inputs),
                          .outputs = std::move(outputs),
                          .attributes = std::move(attributes)});
}

}  // namespace scalar::inline v0::interchange::onnx
