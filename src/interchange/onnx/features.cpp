#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/onnx/stages.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// The name of an input. ONNX knows no value without a name.
std::string input_name(const std::vector<ColumnEncoding>& columns, std::size_t number) {
  const std::string& name = columns[number].name;
  if (!json::is_utf8(name))
    fail(Errc::invalid_argument, "ONNX export", "the name of input {}, {}, is not UTF-8", number, quoted(name));
  if (!name.empty()) return name;
  std::string made = "column_" + std::to_string(number);
  while (std::ranges::find(columns, made, &ColumnEncoding::name) != columns.end()) made += "_";
  return made;
}

/// The numbers of all columns side by side, filled, scaled and rounded to float32: `[N, columns]`.
std::string add_numbers(GraphBuilder& builder, std::vector<std::string> inputs,
                        const std::vector<const ColumnEncoding*>& columns) {
  std::string numbers = inputs.size() == 1 ? inputs[0] : builder.add("Concat", std::move(inputs), {{"axis", 1}});
  std::vector<double> fills, means, deviations;
  bool is_filled = false, is_moved = false, is_divided = false;
  for (const ColumnEncoding* column : columns) {
    fills.push_back(column->fill);
    means.push_back(column->is_scaled ? column->mean : 0);
    // A constant column becomes 0: any number divided by infinity.
    deviations.push_back(!column->is_scaled       ? 1
                         : column->deviation == 0 ? std::numeric_limits<double>::infinity()
                                                  : column->deviation);
    is_filled |= !std::isnan(fills.back());
    is_moved |= means.back() != 0;
    is_divided |= deviations.back() != 1;
  }
  if (is_filled) {
    const std::string is_missing = builder.add("IsNaN", {numbers});
    numbers = builder.add("Where", {is_missing, builder.vector("fill", fills), numbers});
  }
  if (is_moved) numbers = builder.add("Sub", {numbers, builder.vector("mean", means)});
  if (is_divided) numbers = builder.add("Div", {numbers, builder.vector("deviation", deviations)});
  return add_cast(builder, numbers, DataType::float32);
}

/// The numbers of the categories of a text column, `[N, 1]`: `Number` is float, or int64 for what is made one-hot.
template <class Number>
std::string add_category_numbers(GraphBuilder& builder, const std::string& input, const ColumnEncoding& column,
                                 Number unknown) {
  std::vector<std::string> keys;
  std::vector<Number> values;
  for (std::size_t i = 0; i < column.categories.size(); ++i) {
    if (column.categories[i].empty()) continue;
    keys.push_back(column.categories[i]);
    values.push_back(static_cast<Number>(i));
  }
  // The empty text is missing, unless the column has a text in its place.
  const auto fill =
      column.fill_text.empty() ? column.categories.end() : std::ranges::find(column.categories, column.fill_text);
  keys.emplace_back();
  values.push_back(fill == column.categories.end() ? unknown : static_cast<Number>(fill - column.categories.begin()));
  if constexpr (std::is_same_v<Number, float>)
    return builder.add("LabelEncoder", {input},
                       {{"keys_strings", keys}, {"values_floats", values}, {"default_float", unknown}}, ml_domain);
  else
    return builder.add("LabelEncoder", {input},
                       {{"keys_strings", keys}, {"values_int64s", values}, {"default_int64", unknown}}, ml_domain);
}

/// One feature for each category of a text column, `[N, categories]`.
std::string add_one_hot(GraphBuilder& builder, const std::string& input, const ColumnEncoding& column) {
  const auto width = static_cast<std::int64_t>(column.categories.size());
  std::string cells;  // [N, 1, categories]
  const bool is_plain =
      column.fill_text.empty() && std::ranges::find(column.categories, std::string()) == column.categories.end();
  if (is_plain) {
    cells = builder.add("OneHotEncoder", {input}, {{"cats_strings", column.categories}, {"zeros", 1}}, ml_domain);
  } else {
    const std::string numbers = add_category_numbers<std::int64_t>(builder, input, column, -1);
    std::vector<std::int64_t> known(column.categories.size());
    std::iota(known.begin(), known.end(), 0);
    cells = builder.add("OneHotEncoder", {numbers}, {{"cats_int64s", known}, {"zeros", 1}}, ml_domain);
  }
  return builder.add("Reshape", {cells, builder.vector("shape", std::vector<std::int64_t>{0, width})});
}

}  // namespace

std::string add_cast(GraphBuilder& builder, const std::string& value, DataType type) {
  return builder.add("Cast", {value}, {{"to", code_of(type)}});
}

std::string add_features(GraphBuilder& builder, const Encoder& encoder) {
  const std::vector<Dimension> batch{{-1, "N"}, {1, ""}};
  if (encoder.is_identity())
    return builder.input("input", DataType::float32, {{-1, "N"}, {encoder.feature_count(), ""}});
  const EncoderParts parts = encoder.parts();
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < parts.columns.size(); ++i)
    inputs.push_back(builder.input(input_name(parts.columns, i),
                                   parts.columns[i].is_text ? DataType::bytes : DataType::float64, batch));

  // Numbers are encoded together, so they come first; `from` says which of the joined features each feature is.
  std::vector<std::string> number_inputs, joined;
  std::vector<const ColumnEncoding*> numbers;
  for (std::size_t i = 0; i < parts.columns.size(); ++i) {
    if (parts.columns[i].is_text) continue;
    number_inputs.push_back(inputs[i]);
    numbers.push_back(&parts.columns[i]);
  }
  if (!numbers.empty()) joined.push_back(add_numbers(builder, std::move(number_inputs), numbers));
  std::vector<std::int64_t> from;
  std::int64_t next_number = 0, next_text = static_cast<std::int64_t>(numbers.size());
  for (std::size_t i = 0; i < parts.columns.size(); ++i) {
    const ColumnEncoding& column = parts.columns[i];
    if (!column.is_text) {
      from.push_back(next_number++);
      continue;
    }
    const std::size_t width = column.is_one_hot ? column.categories.size() : 1;
    for (std::size_t k = 0; k < width; ++k) from.push_back(next_text++);
    if (width == 0) continue;
    joined.push_back(column.is_one_hot ? add_one_hot(builder, inputs[i], column)
                                       : add_category_numbers<float>(builder, inputs[i], column,
                                                                     std::numeric_limits<float>::quiet_NaN()));
  }
  std::string features = joined.size() == 1 ? joined[0] : builder.add("Concat", joined, {{"axis", 1}});
  if (std::ranges::is_sorted(from)) return features;
  return builder.add("Gather", {features, builder.vector("order", from)}, {{"axis", 1}});
}

}  // namespace scalar::inline v0::interchange::onnx
