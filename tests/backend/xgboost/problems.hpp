#pragma once
/// The libraries to try, and XGBoost's own predictions.
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "backend/tree_problems.hpp"
#include "backend/xgboost/library.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace problems {

using namespace scalar;

/// The library that is found first, which may be 3.x of PyPI, and Debian's; what is absent is said.
inline std::vector<std::string> libraries() {
  std::vector<std::string> found;
  for (const std::string path : {"", "libxgboost.so.0"}) try {
      (void)backend::xgboost::Library(path);
      found.push_back(path);
    } catch (const Error& error) {
      WARN("skipped: " << error.what());
    }
  return found;
}

/// The forest in a model that XGBoost saved.
inline Forest forest_of(std::string_view text) { return std::get<Forest>(interchange::read_xgboost(text).parameters); }

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

}  // namespace problems
