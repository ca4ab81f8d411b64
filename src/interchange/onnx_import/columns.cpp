// Operators that rearrange columns, or add and multiply them by constants.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/tensors.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

std::size_t columns_of(const Value& value) {
  if (const auto* features = std::get_if<Features>(&value)) return features->columns.size();
  if (const auto* texts = std::get_if<Texts>(&value)) return texts->columns.size();
  if (const auto* scores = std::get_if<Scores>(&value)) return scores->columns.size();
  return 1;
}

template <class T>
Constant constant_of(DataType type, std::vector<std::int64_t> shape, const T* values, std::size_t count) {
  Tensor tensor{.type = type, .shape = std::move(shape)};
  tensor.data.resize(count * sizeof(T));
  if (count != 0) std::memcpy(tensor.data.data(), values, tensor.data.size());
  return {std::make_shared<const Tensor>(std::move(tensor))};
}

bool is_whole(double value) { return std::isfinite(value) && value == std::floor(value); }

/// True if an element has whole numbers only.
bool is_whole(const Element& element) {
  if (element.base == Element::Base::constant) return is_whole(element.at(0));
  if (element.base == Element::Base::number) return false;
  if (element.base == Element::Base::category) return is_whole(element.at(0)) && is_whole(element.at(1));
  const auto& values = element.table->values;
  for (std::size_t i = 0; i <= values.size(); ++i)
    if (!is_whole(element.at_category(i))) return false;
  return true;
}

/// True if all values of an element are 0 or 1.
bool is_truth(const Element& element) {
  if (!element.is_text()) return false;
  for (std::size_t i = 0; i <= element.table->values.size(); ++i)
    if (const double value = element.at_category(i); value != 0 && value != 1) return false;
  return true;
}

/// Appends the columns of `value`, which must be of the kind of `result`.
void append(const Call& call, Value& result, const Value& value) {
  if (auto* features = std::get_if<Features>(&result)) {
    if (const auto* more = std::get_if<Features>(&value))
      return void(features->columns.insert(features->columns.end(), more->columns.begin(), more->columns.end()));
  } else if (auto* texts = std::get_if<Texts>(&result)) {
    if (const auto* more = std::get_if<Texts>(&value))
      return void(texts->columns.insert(texts->columns.end(), more->columns.begin(), more->columns.end()));
  } else if (auto* scores = std::get_if<Scores>(&result)) {
    const auto* more = std::get_if<Scores>(&value);
    if (more != nullptr && more->core == scores->core && more->link == scores->link &&
        more->argument == scores->argument)
      return void(scores->columns.insert(scores->columns.end(), more->columns.begin(), more->columns.end()));
  }
  refuse(call.node, "joins columns of different kinds");
}

template <class Columns>
Columns chosen(const Call& call, const Columns& from, const std::vector<std::int64_t>& indices) {
  call.budget.take<typename decltype(from.columns)::value_type>(call.node, indices.size());
  Columns result = from;
  result.columns.clear();
  for (std::int64_t index : indices) {
    const auto count = static_cast<std::int64_t>(from.columns.size());
    if (index < 0) index += count;
    if (index < 0 || index >= count) corrupt(call.node, "takes column {} of {}", index, count);
    result.columns.push_back(from.columns[static_cast<std::size_t>(index)]);
  }
  return result;
}

/// `value * factor + term`.
void transform(const Call& call, Element& element, double factor, double term) {
  if (factor == 0) {
    element = Element{.base = Element::Base::constant, .column = 0};
    factor = 1;
  }
  element.deviation /= factor;
  element.mean -= term * element.deviation;
  if (!std::isfinite(element.deviation) || element.deviation == 0 || !std::isfinite(element.mean))
    refuse(call.node, "scales by {} and adds {}, which leaves no finite numbers", factor, term);
}
void transform(const Call&, ScoreColumn& column, double factor, double term) {
  column.scale *= factor;
  column.offset = column.offset * factor + term;
}

/// `value op number`, or `number op value`, as a factor and a term.
std::pair<double, double> line_of(const Call& call, double number, bool number_is_first) {
  const std::string& op = call.node.op_type;
  if (op == "Add") return {1, number};
  if (op == "Mul") return {number, 0};
  if (op == "Sub") return number_is_first ? std::pair{-1.0, number} : std::pair{1.0, -number};
  if (number_is_first) refuse(call.node, "divides by what is not constant");
  return {1 / number, 0};
}

template <class Columns>
Columns transformed(const Call& call, Columns columns, const Tensor& constant, bool constant_is_first) {
  const std::vector<double> numbers = numbers_of(call.node, constant, call.budget);
  const std::size_t count = columns.columns.size();
  call.budget.take<typename decltype(columns.columns)::value_type>(call.node, count);
  const bool is_row = numbers.size() == 1 || (numbers.size() == count && constant.shape.back() != 1);
  if (!is_row || constant.shape.size() > 2)
    refuse(call.node, "has a constant of {} numbers for {} columns", numbers.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto [factor, term] = line_of(call, numbers[numbers.size() == 1 ? 0 : i], constant_is_first);
    transform(call, columns.columns[i], factor, term);
  }
  return columns;
}

template <class Columns>
Columns negated(const Call& call, Columns columns) {
  call.budget.take<typename decltype(columns.columns)::value_type>(call.node, columns.columns.size());
  for (auto& column : columns.columns) transform(call, column, -1, 0);
  return columns;
}

}  // namespace

std::vector<Value> apply_constant(const Call& call) {
  const Node& node = call.node;
  if (const Tensor* tensor = tensor_attribute(node, "value"))
    return {Constant{std::make_shared<const Tensor>(*tensor)}};
  if (const auto* number = node.get<float>("value_float")) return {constant_of(DataType::float32, {}, number, 1)};
  if (const auto* number = node.get<std::int64_t>("value_int")) return {constant_of(DataType::int64, {}, number, 1)};
  if (const auto* list = node.get<std::vector<float>>("value_floats"))
    return {constant_of(DataType::float32, {static_cast<std::int64_t>(list->size())}, list->data(), list->size())};
  if (const auto* list = node.get<std::vector<std::int64_t>>("value_ints"))
    return {constant_of(DataType::int64, {static_cast<std::int64_t>(list->size())}, list->data(), list->size())};
  refuse(node, "has a constant of another kind than numbers or a tensor");
}

std::vector<Value> apply_identity(const Call& call) {
  if (call.inputs.empty() || call.inputs[0] == nullptr) corrupt(call.node, "has no input");
  call.budget.take<Element>(call.node, columns_of(*call.inputs[0]));
  return {*call.inputs[0]};
}

std::vector<Value> apply_cast(const Call& call) {
  const DataType to = type_of(attribute_or<std::int64_t>(call.node, "to", 0), describe(call.node));
  if (call.as<Texts>(0) != nullptr && to != DataType::bytes) refuse(call.node, "reads texts as {}", name(to));
  if (call.as<Constant>(0) != nullptr) refuse(call.node, "casts a constant");
  const auto* features = call.as<Features>(0);
  if (call.as<Scores>(0) != nullptr && to != DataType::float32 && to != DataType::float64)
    refuse(call.node, "casts scores to {}", name(to));
  if (features == nullptr || to == DataType::float32 || to == DataType::float64) return apply_identity(call);
  for (const Element& element : features->columns) {
    const bool is_kept = to == DataType::int64 || to == DataType::int32 ? is_whole(element)
                                                                        : to == DataType::boolean && is_truth(element);
    if (!is_kept) refuse(call.node, "casts numbers of the inputs to {}", name(to));
  }
  return apply_identity(call);
}

std::vector<Value> apply_reshape(const Call& call) {
  if (call.inputs.empty() || call.inputs[0] == nullptr) corrupt(call.node, "has no input");
  const auto columns = static_cast<std::int64_t>(columns_of(*call.inputs[0]));
  std::vector<std::int64_t> shape{-1, columns};
  if (call.node.op_type == "Reshape") shape = integers_of(call.node, call.constant(1), call.budget);
  const bool keeps =
      (shape.size() == 2 && shape[0] <= 0 && (shape[1] == columns || (shape[0] == 0 && shape[1] == -1))) ||
      (shape.size() == 1 && shape[0] == -1 && columns == 1);
  if (!keeps) refuse(call.node, "changes the number of columns, {}", columns);
  return apply_identity(call);
}

std::vector<Value> apply_concat(const Call& call) {
  const auto axis = attribute_or<std::int64_t>(call.node, "axis", 1);
  if (axis != 1 && axis != -1) refuse(call.node, "joins along axis {}, expected 1", axis);
  std::vector<Value> result;
  for (const Value* input : call.inputs) {
    if (input == nullptr) corrupt(call.node, "has an input without a name");
    call.budget.take<Element>(call.node, columns_of(*input));
    if (result.empty())
      result.push_back(*input);
    else
      append(call, result[0], *input);
  }
  if (result.empty()) corrupt(call.node, "has no inputs");
  return result;
}

std::vector<Value> apply_gather(const Call& call) {
  if (const auto* classes = call.as<Constant>(0); classes != nullptr && call.as<Label>(1) != nullptr)
    return {Label{class_names(call.node, *classes->tensor, call.budget)}};
  const auto axis = attribute_or<std::int64_t>(call.node, "axis", call.node.op_type == "Gather" ? 0 : 1);
  if (axis != 1 && axis != -1) refuse(call.node, "takes rows, expected columns");
  const std::vector<std::int64_t> indices = integers_of(call.node, call.constant(1), call.budget);
  if (const auto* features = call.as<Features>(0)) return {chosen(call, *features, indices)};
  if (const auto* texts = call.as<Texts>(0)) return {chosen(call, *texts, indices)};
  return {chosen(call, call.need<Scores>(0, "made of columns"), indices)};
}

std::vector<Value> apply_negation(const Call& call) {
  if (const auto* features = call.as<Features>(0)) return {negated(call, *features)};
  return {negated(call, call.need<Scores>(0, "made of columns of numbers"))};
}

std::vector<Value> apply_arithmetic(const Call& call) {
  if (call.inputs.size() != 2) corrupt(call.node, "has {} inputs, expected 2", call.inputs.size());
  const bool first = call.as<Constant>(0) != nullptr;
  const Tensor& constant = call.constant(first ? 0 : 1);
  const std::size_t other = first ? 1 : 0;
  if (const auto* features = call.as<Features>(other)) return {transformed(call, *features, constant, first)};
  return {transformed(call, call.need<Scores>(other, "made of columns of numbers"), constant, first)};
}

}  // namespace scalar::inline v0::interchange::onnx
