// Operators that turn raw inputs into features.
#include <algorithm>
#include <cmath>
#include <map>

#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/tensors.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// Element `i` of a list that has one element for each column, or one for all.
double element_of(const Call& call, const std::vector<double>& list, std::size_t i, std::size_t columns) {
  if (list.size() != columns && list.size() != 1)
    corrupt(call.node, "has {} numbers for {} columns", list.size(), columns);
  return list[list.size() == 1 ? 0 : i];
}

/// `features` with a number in place of each missing one.
Features filled(const Call& call, Features features, const std::vector<double>& fills) {
  call.budget.take<Element>(call.node, features.columns.size());
  for (std::size_t i = 0; i < features.columns.size(); ++i) {
    Element& element = features.columns[i];
    const double fill = element_of(call, fills, i, features.columns.size());
    if (element.base == Element::Base::table && std::isnan(element.table->other))
      refuse(call.node, "replaces the NaN that stands for unknown texts");
    if (element.base == Element::Base::number && std::isnan(element.fill))
      element.fill = element.mean + fill * element.deviation;
  }
  return features;
}

/// A table from texts to numbers or texts, or from whole numbers to texts, as a LabelEncoder has it.
struct Mapping {
  std::vector<std::string> keys{};
  std::vector<std::int64_t> integer_keys{};
  std::vector<double> numbers{};
  std::vector<std::string> texts{};
  double other_number = -1;
  std::string other_text = "_Unused";
};

void read_keys(const Call& call, Mapping& mapping) {
  if (const auto* texts = call.node.get<std::vector<std::string>>("keys_strings")) mapping.keys = *texts;
  mapping.integer_keys = integer_list(call.node, "keys_int64s");
  if (const Tensor* tensor = tensor_attribute(call.node, "keys_tensor")) {
    if (tensor->type == DataType::bytes)
      mapping.keys = tensor->texts;
    else
      mapping.integer_keys = integers_of(call.node, *tensor, call.budget);
  }
  if (call.node.find("keys_floats") != nullptr) refuse(call.node, "maps fractions, expected texts or whole numbers");
}

void read_values(const Call& call, Mapping& mapping) {
  const Node& node = call.node;
  if (const auto* texts = node.get<std::vector<std::string>>("values_strings")) mapping.texts = *texts;
  if (const auto* floats = node.get<std::vector<float>>("values_floats")) {
    mapping.numbers.assign(floats->begin(), floats->end());
    mapping.other_number = static_cast<double>(attribute_or<float>(node, "default_float", -0.0f));
  }
  for (const std::int64_t value : integer_list(node, "values_int64s"))
    mapping.numbers.push_back(static_cast<double>(value));
  if (const auto* other = node.get<std::int64_t>("default_int64");
      other != nullptr && node.find("values_floats") == nullptr)
    mapping.other_number = static_cast<double>(*other);
  if (const Tensor* tensor = tensor_attribute(node, "values_tensor")) {
    if (tensor->type == DataType::bytes)
      mapping.texts = tensor->texts;
    else
      mapping.numbers = numbers_of(node, *tensor, call.budget);
  }
  if (const Tensor* tensor = tensor_attribute(node, "default_tensor"); tensor != nullptr && tensor->elements() == 1) {
    if (tensor->type == DataType::bytes)
      mapping.other_text = tensor->texts.at(0);
    else
      mapping.other_number = numbers_of(node, *tensor, call.budget).at(0);
  }
  mapping.other_text = attribute_or<std::string>(node, "default_string", mapping.other_text);
}

Mapping read_mapping(const Call& call) {
  Mapping mapping;
  if (const auto* classes = call.node.get<std::vector<std::string>>("classes_strings")) {  // version 1
    // It maps either way: texts to their numbers, and numbers to texts.
    mapping.keys = mapping.texts = *classes;
    for (std::size_t i = 0; i < classes->size(); ++i) {
      mapping.integer_keys.push_back(static_cast<std::int64_t>(i));
      mapping.numbers.push_back(static_cast<double>(i));
    }
    mapping.other_number = static_cast<double>(attribute_or<std::int64_t>(call.node, "default_int64", -1));
    return mapping;
  }
  read_keys(call, mapping);
  read_values(call, mapping);
  const std::size_t keys = mapping.keys.size() + mapping.integer_keys.size(),
                    values = mapping.numbers.size() + mapping.texts.size();
  if (keys != values) corrupt(call.node, "has {} keys and {} values", keys, values);
  return mapping;
}

/// The texts that a mapping from whole numbers gives, by the decimals of the numbers.
class NamesOfNumbers {
 public:
  explicit NamesOfNumbers(const Mapping& mapping) : mapping_(mapping) {
    for (std::size_t i = 0; i < mapping.texts.size(); ++i)
      texts_.emplace(std::to_string(mapping.integer_keys[i]), &mapping.texts[i]);
  }
  const std::string& of(const std::string& number) const {
    const auto found = texts_.find(number);
    return found == texts_.end() ? mapping_.other_text : *found->second;
  }

 private:
  const Mapping& mapping_;
  std::map<std::string, const std::string*> texts_;
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Removes the empty text from the keys of a mapping if that is what an Encoder does with it: count it as any other
/// text, or put a known text in its place, which is returned.
std::string take_empty_key(Mapping& mapping) {
  const auto found = std::ranges::find(mapping.keys, "");
  if (found == mapping.keys.end()) return {};
  const auto position = found - mapping.keys.begin();
  const double value = mapping.numbers[static_cast<std::size_t>(position)];
  std::string fill;
  if (!same(value, mapping.other_number)) {
    for (std::size_t i = 0; i < mapping.keys.size(); ++i)
      if (!mapping.keys[i].empty() && mapping.numbers[i] == value) fill = mapping.keys[i];
    if (fill.empty()) return {};
  }
  mapping.keys.erase(found);
  mapping.numbers.erase(mapping.numbers.begin() + position);
  return fill;
}

Features encode_texts(const Call& call, const Texts& texts, Mapping mapping) {
  if (mapping.keys.empty() || mapping.numbers.size() != mapping.keys.size())
    refuse(call.node, "maps texts to texts, expected to numbers");
  const std::string fill = take_empty_key(mapping);
  auto table = std::make_shared<TextTable>();
  table->categories = std::move(mapping.keys);
  table->values = std::move(mapping.numbers);
  table->other = mapping.other_number;
  call.budget.take<Element>(call.node, texts.columns.size());
  Features result;
  for (const TextSource& source : texts.columns) {
    Element element{.base = Element::Base::table, .column = source.column};
    element.table = table;
    element.text_fill = source.fill.empty() ? fill : source.fill;
    result.columns.push_back(std::move(element));
  }
  return result;
}

/// A column for each of some numbers, which stand for the texts of a table.
Features one_hot_of_table(const Call& call, const Element& numbered, const std::vector<std::int64_t>& wanted) {
  const auto refuse_unless = [&](bool holds) {
    if (!holds) refuse(call.node, "makes a column for each of some numbers, which an Encoder does for texts alone");
  };
  refuse_unless(numbered.base == Element::Base::table && !std::isnan(numbered.table->other));
  call.budget.take<Element>(call.node, wanted.size());
  constexpr auto several = static_cast<std::size_t>(-1);
  const std::size_t categories = numbered.table->values.size();
  std::map<double, std::size_t> category_of;
  for (std::size_t c = 0; c <= categories; ++c) {
    if (std::isnan(numbered.at_category(c))) continue;
    const auto [at, is_new] = category_of.try_emplace(numbered.at_category(c), c < categories ? c : several);
    if (!is_new) at->second = several;
  }
  Features result;
  for (const std::int64_t number : wanted) {
    const auto found = category_of.find(static_cast<double>(number));
    refuse_unless(found != category_of.end() && found->second != several);
    Element element = numbered;
    element.base = Element::Base::category;
    element.mean = 0;
    element.deviation = 1;
    element.category = found->second;
    result.columns.push_back(std::move(element));
  }
  return result;
}

Constant encode_constant(const Call& call, const Tensor& tensor, const NamesOfNumbers& names) {
  Tensor result{.type = DataType::bytes, .shape = tensor.shape};
  for (const std::int64_t number : integers_of(call.node, tensor, call.budget))
    result.texts.push_back(names.of(std::to_string(number)));
  return {std::make_shared<const Tensor>(std::move(result))};
}

/// True if an element tells whether a text is empty.
bool asks_for_empty_text(const Element& element) {
  return element.base == Element::Base::table && element.table->categories == std::vector<std::string>{""} &&
         element.at_category(0) == 1 && element.at_category(1) == 0;
}

}  // namespace

std::vector<Value> apply_scaler(const Call& call) {
  Features features = call.features(0);
  const std::vector<double> offset = number_list(call.node, "offset", call.budget),
                            scale = number_list(call.node, "scale", call.budget);
  call.budget.take<Element>(call.node, features.columns.size());
  for (std::size_t i = 0; i < features.columns.size(); ++i) {
    Element& element = features.columns[i];
    const double factor = element_of(call, scale, i, features.columns.size());
    element.mean += element_of(call, offset, i, features.columns.size()) * element.deviation;
    if (factor == 0) refuse(call.node, "multiplies column {} by 0", i);
    element.deviation /= factor;
  }
  return {std::move(features)};
}

std::vector<Value> apply_imputer(const Call& call) {
  const std::vector<double> fills = number_list(call.node, "imputed_value_floats", call.budget);
  if (!std::isnan(attribute_or<float>(call.node, "replaced_value_float", 0)) || fills.empty())
    refuse(call.node, "replaces a value other than NaN");
  return {filled(call, call.features(0), fills)};
}

std::vector<Value> apply_one_hot(const Call& call) {
  const auto* categories = call.node.get<std::vector<std::string>>("cats_strings");
  const Texts* texts = call.as<Texts>(0);
  if (const auto* features = call.as<Features>(0); features != nullptr && features->columns.size() == 1)
    return {one_hot_of_table(call, features->columns[0], integer_list(call.node, "cats_int64s"))};
  if (texts == nullptr || categories == nullptr)
    refuse(call.node, "makes a column for each of some numbers, which an Encoder does for texts alone");
  if (texts->columns.size() != 1) refuse(call.node, "takes {} columns, expected 1", texts->columns.size());
  auto table = std::make_shared<TextTable>();
  table->categories = *categories;
  table->values.resize(categories->size());
  table->refuses_others = attribute_or<std::int64_t>(call.node, "zeros", 1) == 0;
  call.budget.take<Element>(call.node, categories->size());
  Features result;
  for (std::size_t i = 0; i < categories->size(); ++i) {
    Element element{.base = Element::Base::category, .column = texts->columns[0].column};
    element.category = i;
    element.table = table;
    element.text_fill = texts->columns[0].fill;
    result.columns.push_back(std::move(element));
  }
  return {std::move(result)};
}

std::vector<Value> apply_label_encoder(const Call& call) {
  Mapping mapping = read_mapping(call);
  if (const auto* texts = call.as<Texts>(0)) return {encode_texts(call, *texts, std::move(mapping))};
  if (mapping.texts.empty() || mapping.integer_keys.size() != mapping.texts.size())
    refuse(call.node, "maps numbers to numbers");
  const NamesOfNumbers names(mapping);
  if (const auto* constant = call.as<Constant>(0)) return {encode_constant(call, *constant->tensor, names)};
  const Label& label = call.need<Label>(0, "a text, a constant or the most probable class");
  Label named;
  for (const std::string& name : label.classes) named.classes.push_back(names.of(name));
  return {std::move(named)};
}

std::vector<Value> apply_is_nan(const Call& call) {
  const Features& features = call.features(0);
  call.budget.take<Element>(call.node, features.columns.size());
  return {MissingTest{features.columns}};
}

std::vector<Value> apply_where(const Call& call) {
  if (const auto* test = call.as<MissingTest>(0)) {
    const Features& features = call.features(2);
    if (test->columns.size() != features.columns.size() ||
        !std::ranges::equal(test->columns, features.columns, {}, &Element::column, &Element::column))
      refuse(call.node, "replaces values where others are NaN");
    return {filled(call, features, numbers_of(call.node, call.constant(1), call.budget))};
  }
  // As skl2onnx writes a SimpleImputer of texts: Where(is the text empty, what replaces it, the text).
  const auto* condition = call.as<Features>(0);
  const auto* fill = call.as<Constant>(1);
  const auto* texts = call.as<Texts>(2);
  if (condition == nullptr || fill == nullptr || texts == nullptr || texts->columns.size() != 1 ||
      condition->columns.size() != 1 || fill->tensor->texts.size() != 1 ||
      !asks_for_empty_text(condition->columns[0]) || condition->columns[0].column != texts->columns[0].column)
    refuse(call.node, "chooses between values, other than to replace the empty text of a column by another");
  Texts result = *texts;
  if (result.columns[0].fill.empty()) result.columns[0].fill = fill->tensor->texts[0];
  return {std::move(result)};
}

}  // namespace scalar::inline v0::interchange::onnx
