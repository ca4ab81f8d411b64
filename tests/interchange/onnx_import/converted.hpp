#pragma once
/// The models of files/, and what the frameworks that trained them predict.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/core/json.hpp"
#include "scalar/interchange/read_onnx.hpp"
#include "support/golden.hpp"

namespace converted {

using namespace scalar;

/// Rows as a framework was asked for them, and its answers.
struct Expected {
  std::vector<std::vector<json::Value>> rows{};
  std::vector<std::vector<double>> answers{};
  std::vector<std::string> classes{};
};

inline Expected expected_of(const std::string& path) {
  const json::Value content = json::parse(test::read_file(path));
  Expected expected;
  for (const json::Value& row : content.at("rows").as_array())
    expected.rows.emplace_back(row.as_array().begin(), row.as_array().end());
  for (const json::Value& row : content.at("expected").as_array()) {
    expected.answers.emplace_back();
    for (const json::Value& value : row.as_array()) expected.answers.back().push_back(value.as_double());
  }
  for (const json::Value& name : content.at("classes").as_array()) expected.classes.push_back(name.as_string());
  return expected;
}

inline interchange::ImportedModel read(const std::string& file) {
  return interchange::read_onnx(std::as_bytes(std::span(file)));
}

/// The values of one column of all rows.
struct ColumnValues {
  std::vector<double> numbers{};
  std::vector<std::string_view> texts{};
};

inline std::vector<ColumnValues> columns_of(const Encoder& encoder, const std::vector<std::vector<json::Value>>& rows) {
  std::vector<ColumnValues> columns(encoder.inputs().size());
  for (const auto& row : rows) {
    REQUIRE(row.size() == columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (encoder.inputs()[i].is_text)
        columns[i].texts.push_back(row[i].as_string());
      else
        columns[i].numbers.push_back(row[i].is_null() ? std::numeric_limits<double>::quiet_NaN() : row[i].as_double());
    }
  }
  return columns;
}

/// `[rows, outputs]`: what the native predictor says.
inline std::vector<std::vector<double>> predict(const interchange::ImportedModel& model,
                                                const std::vector<std::vector<json::Value>>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const std::vector<ColumnValues> columns = columns_of(model.encoder, rows);
  std::vector<BatchColumn> views;
  for (const ColumnValues& column : columns) views.push_back({column.numbers, column.texts});
  std::vector<float> features(static_cast<std::size_t>(count * model.encoder.feature_count()));
  const MatrixView<float> matrix(features.data(), count, model.encoder.feature_count());
  model.encoder.encode(BatchView(views, count), matrix);
  const CompiledModel compiled =
      std::visit([](const auto& parameters) { return backend::compile(parameters); }, model.parameters);
  std::vector<double> out(static_cast<std::size_t>(count * compiled.outputs()));
  compiled.predict(matrix, BatchOut(out.data(), count, compiled.outputs()));
  std::vector<std::vector<double>> result;
  for (std::int64_t row = 0; row < count; ++row)
    result.emplace_back(out.begin() + row * compiled.outputs(), out.begin() + (row + 1) * compiled.outputs());
  return result;
}

/// The largest difference of two answers, relative to the framework's where that is above 1.
inline double largest_difference(const std::vector<std::vector<double>>& ours,
                                 const std::vector<std::vector<double>>& theirs) {
  REQUIRE(ours.size() == theirs.size());
  double largest = 0;
  for (std::size_t row = 0; row < ours.size(); ++row) {
    REQUIRE(ours[row].size() == theirs[row].size());
    for (std::size_t k = 0; k < ours[row].size(); ++k) {
      const double difference = std::fabs(ours[row][k] - theirs[row][k]) / std::fmax(1, std::fabs(theirs[row][k]));
      if (!(difference <= largest)) largest = difference;  // NaN, too
    }
  }
  return largest;
}

}  // namespace converted
