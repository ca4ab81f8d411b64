#pragma once
/// XGBoost by its own C API, as a user without Scalar would call it.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backend/xgboost/library.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace rival {

/// Two classes that need interactions, steps and waves of their features.
inline scalar::DatasetParts classes(std::int64_t rows, std::int64_t columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  scalar::DatasetParts parts;
  parts.columns = columns;
  parts.classes = {"no", "yes"};
  std::vector<float> weight(static_cast<std::size_t>(columns));
  for (float& w : weight) w = normal(random);
  for (std::int64_t row = 0; row < rows; ++row) {
    float sum = 0;
    std::vector<float> x(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = normal(random);
      sum += weight[i] * (i % 3 == 0 ? std::sin(2 * x[i]) : x[i]);
    }
    if (columns > 3) sum += x[0] * x[1] + (x[2] > 0.5f ? 2 * x[3] : 0.0f);
    parts.features.insert(parts.features.end(), x.begin(), x.end());
    parts.targets.push_back(0.3f * sum + normal(random) > 0 ? 1.0f : 0.0f);
  }
  return parts;
}

/// A booster trained on `parts`, matrix included.
class Booster {
 public:
  Booster(const scalar::backend::xgboost::Library& library, const scalar::DatasetParts& parts,
          const scalar::GradientBoostedTrees& spec, int threads)
      : library_(library), matrix_(library.matrix_free), booster_(library.booster_free) {
    const auto rows = static_cast<std::uint64_t>(parts.targets.size());
    library.check(library.matrix_create(parts.features.data(), rows, static_cast<std::uint64_t>(parts.columns),
                                        std::numeric_limits<float>::quiet_NaN(), matrix_.out(), threads),
                  "matrix");
    const std::vector<float> labels(parts.targets.begin(), parts.targets.end());
    library.check(library.matrix_set_floats(matrix_.get(), "label", labels.data(), rows), "label");
    const scalar::backend::xgboost::Handle cached = matrix_.get();
    library.check(library.booster_create(&cached, 1, booster_.out()), "create");
    set("verbosity", "0");
    set("nthread", std::to_string(threads));
    set("tree_method", "hist");
    set("objective", "binary:logistic");
    set("base_score", "0.5");
    set("max_depth", std::to_string(spec.depth));
    set("max_bin", std::to_string(spec.bins));
    set("eta", std::to_string(spec.learning_rate));
    for (int tree = 0; tree < spec.trees; ++tree)
      library.check(library.booster_update(booster_.get(), tree, matrix_.get()), "update");
  }

  void set(const char* name, const std::string& value) {
    library_.check(library_.booster_set(booster_.get(), name, value.c_str()), name);
  }
  std::string json() const {
    const char* text = nullptr;
    std::uint64_t size = 0;
    library_.check(library_.booster_save(booster_.get(), R"({"format":"json"})", &size, &text), "save");
    return {text, static_cast<std::size_t>(size)};
  }
  /// In-place prediction of margins.
  const float* predict(const float* features, std::int64_t rows, std::int64_t columns) const {
    const std::string array = R"({"data":[)" + std::to_string(reinterpret_cast<std::uintptr_t>(features)) +
                              R"(,true],"shape":[)" + std::to_string(rows) + "," + std::to_string(columns) +
                              R"(],"typestr":"<f4","version":3})";
    constexpr const char* config =
        R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"missing":NaN,"cache_id":0})";
    const std::uint64_t* shape = nullptr;
    std::uint64_t dimensions = 0;
    const float* result = nullptr;
    library_.check(
        library_.booster_predict(booster_.get(), array.c_str(), config, nullptr, &shape, &dimensions, &result),
        "predict");
    return result;
  }

 private:
  const scalar::backend::xgboost::Library& library_;
  scalar::backend::xgboost::Owned matrix_, booster_;
};

inline std::string version(const scalar::backend::xgboost::Library& library) {
  int major = 0, minor = 0, patch = 0;
  library.version(&major, &minor, &patch);
  return "XGBoost " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace rival
