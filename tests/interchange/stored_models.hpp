#pragma once
/// The models in tests/interchange/models that make_models.py made, and what their libraries predict with them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/core/json.hpp"
#include "scalar/interchange/imported_model.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

namespace stored_models {

using namespace scalar;

inline std::string file(const std::string& name) {
  std::ifstream stream(test::source_file("tests/interchange/models/" + name), std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Rows of inputs by name, and the library's margins of each.
struct Expected {
  std::vector<std::string> inputs{};
  std::vector<std::vector<json::Value>> rows{};
  std::vector<std::vector<double>> margins{};
};

inline Expected expected(const std::string& name) {
  const json::Value content = json::parse(file(name + ".rows.json"));
  Expected made;
  for (const json::Value& input : content.at("inputs").as_array()) made.inputs.push_back(input.as_string());
  for (const json::Value& row : content.at("rows").as_array()) made.rows.push_back(row.as_array());
  for (const json::Value& row : content.at("margins").as_array()) {
    made.margins.emplace_back();
    for (const json::Value& margin : row.as_array()) made.margins.back().push_back(margin.as_double());
  }
  return made;
}

/// Our margins of the rows, `[rows][outputs]`: raw inputs through the encoder into the native predictor.
inline std::vector<std::vector<double>> margins(const interchange::ImportedModel& model, const Expected& expected) {
  const auto rows = static_cast<std::int64_t>(expected.rows.size());
  std::vector<std::vector<double>> numbers;
  std::vector<std::vector<std::string_view>> texts;
  numbers.reserve(expected.inputs.size());
  texts.reserve(expected.inputs.size());
  std::vector<BatchColumn> columns;
  for (const InputColumn& input : model.encoder.inputs()) {
    const auto at = std::find(expected.inputs.begin(), expected.inputs.end(), input.name);
    REQUIRE(at != expected.inputs.end());
    const auto column = static_cast<std::size_t>(at - expected.inputs.begin());
    numbers.emplace_back();
    texts.emplace_back();
    for (const auto& row : expected.rows) {
      const json::Value& value = row[column];
      if (input.is_text)
        texts.back().push_back(value.is_null() ? std::string_view() : std::string_view(value.as_string()));
      else
        numbers.back().push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.as_double());
    }
    columns.push_back(input.is_text ? BatchColumn{.texts = texts.back()} : BatchColumn{.numbers = numbers.back()});
  }
  std::vector<float> features(static_cast<std::size_t>(rows * model.encoder.feature_count()));
  model.encoder.encode(BatchView(columns, rows),
                       MatrixView<float>(features.data(), rows, model.encoder.feature_count()));
  const CompiledModel compiled =
      std::visit([](const auto& parameters) { return backend::compile(parameters); }, model.parameters);
  std::vector<double> out(static_cast<std::size_t>(rows * compiled.margins()));
  compiled.margins({features.data(), rows, model.encoder.feature_count()}, {out.data(), rows, compiled.margins()});
  std::vector<std::vector<double>> made;
  for (std::int64_t row = 0; row < rows; ++row)
    made.emplace_back(out.begin() + row * compiled.margins(), out.begin() + (row + 1) * compiled.margins());
  return made;
}

/// The largest difference from the library's margins, each times `scale`.
inline double largest_difference(const interchange::ImportedModel& model, const std::string& name, double scale = 1) {
  const Expected their = expected(name);
  const auto ours = margins(model, their);
  REQUIRE(ours.size() == their.margins.size());
  double largest = 0;
  for (std::size_t row = 0; row < ours.size(); ++row) {
    REQUIRE(ours[row].size() == their.margins[row].size());
    for (std::size_t k = 0; k < ours[row].size(); ++k)
      largest = (std::max)(largest, std::abs(ours[row][k] - scale * their.margins[row][k]));
  }
  return largest;
}

}  // namespace stored_models
