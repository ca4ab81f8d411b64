#include "interchange/onnx_import/tensors.hpp"

#include <algorithm>

namespace scalar::inline v0::interchange::onnx {
namespace {

template <class To, class From>
std::vector<To> converted(const Tensor& tensor) {
  const auto elements = tensor.as<From>();
  std::vector<To> result(elements.size());
  std::ranges::transform(elements, result.begin(), [](From value) { return static_cast<To>(value); });
  return result;
}

/// The elements of a tensor of whole numbers; empty for other types and for no elements.
template <class To>
std::vector<To> whole_numbers(const Tensor& tensor) {
  switch (tensor.type) {
    case DataType::boolean:
    case DataType::uint8:
      return converted<To, std::uint8_t>(tensor);
    case DataType::int8:
      return converted<To, std::int8_t>(tensor);
    case DataType::int16:
      return converted<To, std::int16_t>(tensor);
    case DataType::uint16:
      return converted<To, std::uint16_t>(tensor);
    case DataType::int32:
      return converted<To, std::int32_t>(tensor);
    case DataType::uint32:
      return converted<To, std::uint32_t>(tensor);
    case DataType::int64:
      return converted<To, std::int64_t>(tensor);
    default:
      return {};
  }
}

}  // namespace

std::vector<double> numbers_of(const Node& node, const Tensor& tensor, Budget& budget) {
  budget.take<double>(node, static_cast<std::size_t>(tensor.elements()));
  if (tensor.type == DataType::float32) return converted<double, float>(tensor);
  if (tensor.type == DataType::float64) return converted<double, double>(tensor);
  std::vector<double> result = whole_numbers<double>(tensor);
  if (static_cast<std::int64_t>(result.size()) != tensor.elements())
    refuse(node, "takes a constant of type {}", name(tensor.type));
  return result;
}

std::vector<std::int64_t> integers_of(const Node& node, const Tensor& tensor, Budget& budget) {
  budget.take<std::int64_t>(node, static_cast<std::size_t>(tensor.elements()));
  std::vector<std::int64_t> result = whole_numbers<std::int64_t>(tensor);
  if (static_cast<std::int64_t>(result.size()) != tensor.elements())
    refuse(node, "takes a constant of type {} where whole numbers are expected", name(tensor.type));
  return result;
}

std::vector<std::string> class_names(const Node& node, const Tensor& tensor, Budget& budget) {
  if (tensor.type == DataType::bytes) return tensor.texts;
  std::vector<std::string> names;
  for (const std::int64_t value : integers_of(node, tensor, budget)) names.push_back(std::to_string(value));
  return names;
}

const Tensor* tensor_attribute(const Node& node, std::string_view name) {
  const auto* found = node.get<NamedTensor>(name);
  if (found == nullptr) return nullptr;
  if (found->external) refuse(node, "has a tensor in another file");
  return &found->tensor;
}

std::vector<double> number_list(const Node& node, const std::string& name, Budget& budget, bool* is_double) {
  if (const Tensor* tensor = tensor_attribute(node, name + "_as_tensor")) {
    if (is_double != nullptr) *is_double = tensor->type == DataType::float64;
    return numbers_of(node, *tensor, budget);
  }
  const auto* floats = node.get<std::vector<float>>(name);
  if (floats == nullptr) return {};
  budget.take<double>(node, floats->size());
  return {floats->begin(), floats->end()};
}

std::vector<std::int64_t> integer_list(const Node& node, std::string_view name) {
  const auto* integers = node.get<std::vector<std::int64_t>>(name);
  return integers == nullptr ? std::vector<std::int64_t>() : *integers;
}

std::vector<std::string> class_list(const Node& node, std::string_view strings, std::string_view integers) {
  if (const auto* names = node.get<std::vector<std::string>>(strings); names != nullptr && !names->empty())
    return *names;
  std::vector<std::string> names;
  for (const std::int64_t value : integer_list(node, integers)) names.push_back(std::to_string(value));
  return names;
}

}  // namespace scalar::inline v0::interchange::onnx
