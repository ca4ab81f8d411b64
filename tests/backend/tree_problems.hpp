#pragma once
/// Data sets for the backends that learn trees, and what is compared of their forests.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

namespace problems {

using namespace scalar;

/// `body` throws an Error with this code, whose text has `text`.
inline void require_error(const std::function<void()>& body, Errc code, const std::string& text) {
  try {
    body();
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find(text) != std::string::npos);
    return;
  }
  FAIL("nothing was thrown, expected: " << text);
}

/// Rows of whole numbers below 20: every backend knows every cut.
inline DatasetParts whole_numbers(Loss loss, bool missing, unsigned seed) {
  std::mt19937 random(seed);
  DatasetParts parts;
  parts.columns = 5;
  for (int row = 0; row < 1500; ++row) {
    float sum = std::normal_distribution<float>()(random);
    for (int column = 0; column < 5; ++column) {
      float x = static_cast<float>(random() % 20);
      if (missing && random() % 6 == 0) x = std::numeric_limits<float>::quiet_NaN();
      parts.features.push_back(x);
      sum += std::isnan(x) ? 0.5f : std::sin(x * static_cast<float>(column + 1));
    }
    parts.targets.push_back(loss == Loss::squared    ? sum
                            : loss == Loss::logistic ? static_cast<float>(sum > 0)
                                                     : static_cast<float>(sum > 1   ? 2
                                                                          : sum > 0 ? 1
                                                                                    : 0));
  }
  if (loss != Loss::squared) parts.classes = {"a", "b"};
  if (loss == Loss::softmax) parts.classes.emplace_back("c");
  return parts;
}

/// Rows with everything a comparison can trip over but infinities, which XGBoost does not take.
inline DatasetParts awkward(Loss loss, int rows, int columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  DatasetParts parts;
  parts.columns = columns;
  for (int row = 0; row < rows; ++row) {
    float sum = normal(random);
    for (int column = 0; column < columns; ++column) {
      const unsigned kind = random() % 100;
      float x = normal(random);
      if (kind < 10)
        x = std::numeric_limits<float>::quiet_NaN();
      else if (kind < 18)
        x = kind % 2 == 0 ? 0.0f : -0.0f;
      else if (kind < 22)
        x = 1e-42f * static_cast<float>(random() % 50);
      else if (kind < 25)
        x = kind % 2 == 0 ? 3e38f : -3e38f;
      else if (kind < 45)
        x = std::round(x * 3);
      parts.features.push_back(x);
      sum += std::isnan(x) ? 0.3f * static_cast<float>(column % 3) : std::tanh(x) * (column % 2 == 0 ? 0.5f : -0.5f);
    }
    parts.targets.push_back(loss == Loss::squared    ? sum
                            : loss == Loss::logistic ? static_cast<float>(sum > 0)
                                                     : static_cast<float>(sum > 1   ? 2
                                                                          : sum > 0 ? 1
                                                                                    : 0));
  }
  if (loss == Loss::logistic) parts.classes = {"no", "yes"};
  if (loss == Loss::softmax) parts.classes = {"low", "middle", "high"};
  return parts;
}

/// Rows of a comma-separated file; text becomes the number of its first appearance, "?" is missing.
inline std::vector<std::vector<float>> read(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::vector<float>> rows;
  std::map<std::string, float> words;
  for (std::string line; std::getline(file, line);) {
    std::vector<float> row;
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = (std::min)(line.find(',', begin), line.size());
      std::string cell = line.substr(begin, end - begin);
      cell.erase(0, cell.find_first_not_of(' '));
      char* rest = nullptr;
      const float number = std::strtof(cell.c_str(), &rest);
      if (cell == "?")
        row.push_back(std::numeric_limits<float>::quiet_NaN());
      else
        row.push_back(
            !cell.empty() && *rest == 0 ? number : words.emplace(cell, static_cast<float>(words.size())).first->second);
      begin = end + 1;
    }
    if (row.size() > 1) rows.push_back(std::move(row));
  }
  return rows;
}

/// The last column is the target. Empty when the file is not there.
inline DatasetParts table(const std::string& name, Loss loss) {
  const auto rows = read(test::shared_data(name));
  DatasetParts parts;
  if (rows.empty()) return parts;
  std::map<float, float> classes;
  for (const auto& row : rows) classes.emplace(row.back(), 0.0f);
  float next = 0;
  for (auto& [value, number] : classes) number = next++;
  parts.columns = static_cast<std::int64_t>(rows[0].size()) - 1;
  for (const auto& row : rows) {
    if (row.size() != rows[0].size()) continue;
    parts.features.insert(parts.features.end(), row.begin(), row.end() - 1);
    parts.targets.push_back(loss == Loss::squared ? row.back() : classes[row.back()]);
  }
  if (loss != Loss::squared)
    for (const auto& [value, number] : classes) parts.classes.push_back(std::to_string(value));
  return parts;
}

inline std::vector<double> margins(const Forest& forest, const Dataset& data) {
  std::vector<double> out(static_cast<std::size_t>(data.rows() * forest.outputs));
  backend::compile(forest).margins(data.features(), {out.data(), data.rows(), forest.outputs});
  return out;
}

inline double mean_loss(Loss loss, const Dataset& data, const std::vector<double>& margin, std::int64_t outputs) {
  double sum = 0, weight = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    const double* m = margin.data() + row * outputs;
    const double y = data.target(row);
    double term = (m[0] - y) * (m[0] - y) / 2;
    if (loss == Loss::logistic) term = std::log1p(std::exp(y > 0 ? -m[0] : m[0]));
    if (loss == Loss::softmax) {
      double total = 0;
      for (std::int64_t k = 0; k < outputs; ++k) total += std::exp(m[k]);
      term = std::log(total) - m[static_cast<int>(y)];
    }
    sum += data.weight(row) * term;
    weight += data.weight(row);
  }
  return sum / weight;
}

/// A set of categories is found that no order of their numbers has.
template <class Fit>
void check_sets(const Fit& fit) {
  DatasetParts parts{.columns = 1, .categories = {9}};
  for (int i = 0; i < 900; ++i) {
    const int category = i % 9;
    parts.features.push_back(static_cast<float>(category));
    parts.targets.push_back(category == 1 || category == 4 || category == 8 ? 5 : -1);
  }
  const Dataset data(parts);
  GradientBoostedTrees spec{.trees = 1, .depth = 1, .learning_rate = 1, .loss = Loss::squared, .l2 = 0};
  const auto loss = [&](const Forest& forest) { return mean_loss(Loss::squared, data, margins(forest, data), 1); };
  CHECK(loss(fit(spec, data)) > 1);
  spec.category_splits = CategorySplits::sets;
  const Forest sets = fit(spec, data);
  CHECK(sets.has_categories());
  CHECK(loss(sets) < 1e-9);
}

}  // namespace problems
