#pragma once
/// Numbers and texts in the tensors and attributes of an ONNX graph.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchange/onnx_import/budget.hpp"
#include "interchange/onnx_import/values.hpp"

namespace scalar::inline v0::interchange::onnx {

/// The elements of a tensor as doubles. Errors: `Errc::unsupported` for texts and 16-bit floats.
std::vector<double> numbers_of(const Node& node, const Tensor& tensor, Budget& budget);
/// The elements of a tensor of whole numbers. Errors: `Errc::unsupported` for another type.
std::vector<std::int64_t> integers_of(const Node& node, const Tensor& tensor, Budget& budget);
/// The names that the elements of a tensor are as classes. Errors: `Errc::unsupported` for fractions.
std::vector<std::string> class_names(const Node& node, const Tensor& tensor, Budget& budget);

/// The attribute `name`, a list of floats, or `name_as_tensor`; empty if there is neither. `is_double` is set if its
/// elements are doubles.
std::vector<double> number_list(const Node& node, const std::string& name, Budget& budget, bool* is_double = nullptr);
/// A list of integers; empty if there is none.
std::vector<std::int64_t> integer_list(const Node& node, std::string_view name);
/// The classes in `strings` or `integers`, whichever attribute there is.
std::vector<std::string> class_list(const Node& node, std::string_view strings, std::string_view integers);
/// An attribute, or what it is by default.
template <class T>
T attribute_or(const Node& node, std::string_view name, T otherwise) {
  const T* value = node.get<T>(name);
  return value == nullptr ? otherwise : *value;
}
/// The tensor in an attribute. Errors: `Errc::unsupported` if it lies in another file.
const Tensor* tensor_attribute(const Node& node, std::string_view name);

}  // namespace scalar::inline v0::interchange::onnx
