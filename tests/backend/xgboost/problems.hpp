#pragma once
/// Data sets, the libraries to try, and XGBoost's own predictions.
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "backend/xgboost/library.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "scalar/interchange/xgboost.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

namespace problems {

using namespace scalar;

/// Debian's library (an empty path), and the one that SCALAR_XGBOOST_LIBRARY names; what is absent is said.
inline std::vector<std::string> libraries() {
  std::vector<std::string> found;
  try {
    (void)backend::xgboost::Library("");
    found.emplace_back();
  } catch (const Error& error) {
    WARN("skipped: " << error.what());
  }
  if (const char* path = std::getenv("SCALAR_XGBOOST_LIBRARY"))
    found.emplace_back(path);
  else
    WARN("skipped for XGBoost 3.x: SCALAR_XGBOOST_LIBRARY does not name xgboost-cpu's libxgboost.so");
  return found;
}

/// The forest in a model that XGBoost saved.
inline Forest forest_of(std::string_view text) { return std::get<Forest>(interchange::read_xgboost(text).parameters); }

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

/// A booster of the library's own, told what to do in its own words.
class Booster {
 public:
  Booster(const backend::xgboost::Library& library, const DatasetParts& parts,
          const std::map<std::string, std::string>& parameters, int rounds, float base_margin = 0)
      : library_(library), parts_(parts), matrix_(library.matrix_free), booster_(library.booster_free) {
    const backend::xgboost::Quiet quiet(library);
    const auto rows = static_cast<std::uint64_t>(parts.targets.size());
    library.check(library.matrix_create(parts.features.data(), rows, static_cast<std::uint64_t>(parts.columns),
                                        std::numeric_limits<float>::quiet_NaN(), matrix_.out(), 1),
                  "matrix");
    const std::vector<float> labels(parts.targets.begin(), parts.targets.end());
    library.check(library.matrix_set_floats(matrix_.get(), "label", labels.data(), rows), "label");
    const std::vector<float> weights(parts.weights.begin(), parts.weights.end());
    if (!weights.empty())
      library.check(library.matrix_set_floats(matrix_.get(), "weight", weights.data(), rows), "weight");
    const std::vector<float> margins(labels.size(), base_margin);
    if (base_margin != 0)
      library.check(library.matrix_set_floats(matrix_.get(), "base_margin", margins.data(), rows), "base_margin");
    const backend::xgboost::Handle cached = matrix_.get();
    library.check(library.booster_create(&cached, 1, booster_.out()), "create");
    library.check(library.booster_set(booster_.get(), "nthread", "1"), "nthread");
    for (const auto& [name, value] : parameters)
      library.check(library.booster_set(booster_.get(), name.c_str(), value.c_str()), name.c_str());
    for (int round = 0; round < rounds; ++round)
      library.check(library.booster_update(booster_.get(), round, matrix_.get()), "update");
  }

  std::string json() const {
    const char* text = nullptr;
    std::uint64_t size = 0;
    library_.check(library_.booster_save(booster_.get(), R"({"format":"json"})", &size, &text), "save");
    return {text, static_cast<std::size_t>(size)};
  }

  /// `output_margin` of the training rows.
  std::vector<float> margins() const { return margins(library_, booster_.get(), parts_); }

  static std::vector<float> margins(const backend::xgboost::Library& library, backend::xgboost::Handle booster,
                                    const DatasetParts& parts) {
    const std::string array = R"({"data":[)" + std::to_string(reinterpret_cast<std::uintptr_t>(parts.features.data())) +
                              R"(,true],"shape":[)" + std::to_string(parts.targets.size()) + "," +
                              std::to_string(parts.columns) + R"(],"typestr":"<f4","version":3})";
    constexpr const char* config =
        R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"missing":NaN,"cache_id":0})";
    const std::uint64_t* shape = nullptr;
    std::uint64_t dimensions = 0;
    const float* result = nullptr;
    library.check(library.booster_predict(booster, array.c_str(), config, nullptr, &shape, &dimensions, &result),
                  "predict");
    std::uint64_t count = 1;
    for (std::uint64_t i = 0; i < dimensions; ++i) count *= shape[i];
    return {result, result + count};
  }

 private:
  const backend::xgboost::Library& library_;
  const DatasetParts& parts_;
  backend::xgboost::Owned matrix_, booster_;
};

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

}  // namespace problems
