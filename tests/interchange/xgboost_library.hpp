#pragma once
/// XGBoost itself, for what its models and its own margins are.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace xgboost_library {

using Handle = void*;
using Settings = std::map<std::string, std::string>;

/// The functions of one of XGBoost's libraries.
struct Api {
  void (*version)(int*, int*, int*);
  const char* (*last_error)();
  int (*matrix_create)(const float*, std::uint64_t, std::uint64_t, float, Handle*);
  int (*matrix_free)(Handle);
  int (*set_floats)(Handle, const char*, const float*, std::uint64_t);
  int (*set_texts)(Handle, const char*, const char**, std::uint64_t);
  int (*set_targets)(Handle, const char*, const char*);
  int (*booster_create)(const Handle*, std::uint64_t, Handle*);
  int (*booster_free)(Handle);
  int (*booster_set)(Handle, const char*, const char*);
  int (*booster_update)(Handle, int, Handle);
  int (*booster_save)(Handle, const char*, std::uint64_t*, const char**);
  int (*booster_load)(Handle, const void*, std::uint64_t);
  int (*booster_predict)(Handle, Handle, const char*, const std::uint64_t**, std::uint64_t*, const float**);

  int major = 0;

  void check(int status) const {
    if (status != 0) throw std::runtime_error(last_error());
  }
};

inline Api open(void* library) {
  Api api{};
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr) throw std::runtime_error(name);
  };
  find(api.version, "XGBoostVersion");
  find(api.last_error, "XGBGetLastError");
  find(api.matrix_create, "XGDMatrixCreateFromMat");
  find(api.matrix_free, "XGDMatrixFree");
  find(api.set_floats, "XGDMatrixSetFloatInfo");
  find(api.set_texts, "XGDMatrixSetStrFeatureInfo");
  find(api.set_targets, "XGDMatrixSetInfoFromInterface");
  find(api.booster_create, "XGBoosterCreate");
  find(api.booster_free, "XGBoosterFree");
  find(api.booster_set, "XGBoosterSetParam");
  find(api.booster_update, "XGBoosterUpdateOneIter");
  find(api.booster_save, "XGBoosterSaveModelToBuffer");
  find(api.booster_load, "XGBoosterLoadModelFromBuffer");
  find(api.booster_predict, "XGBoosterPredictFromDMatrix");
  int minor = 0, patch = 0;
  api.version(&api.major, &minor, &patch);
  return api;
}

/// Debian's library and the one that SCALAR_XGBOOST_LIBRARY names; what is absent is said.
inline std::vector<Api> all() {
  std::vector<Api> found;
  void* system = dlopen("libxgboost.so.0", RTLD_NOW | RTLD_LOCAL);
  if (system != nullptr)
    found.push_back(open(system));
  else
    WARN("skipped: the system has no libxgboost.so.0");
  const char* path = std::getenv("SCALAR_XGBOOST_LIBRARY");
  void* given = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (given != nullptr && given != system)
    found.push_back(open(given));
  else
    WARN("skipped for XGBoost 3.x: SCALAR_XGBOOST_LIBRARY does not name xgboost-cpu's libxgboost.so");
  return found;
}

/// Rows as XGBoost holds them.
struct Rows {
  std::vector<float> values;  ///< `[rows, columns]`
  std::int64_t columns = 0;
  std::vector<std::string> types;  ///< `[columns]`: "c" or "float"; empty: numbers

  std::int64_t count() const { return static_cast<std::int64_t>(values.size()) / columns; }
};

class Matrix {
 public:
  Matrix(const Api& api, const Rows& rows) : api_(api) {
    api.check(api.matrix_create(rows.values.data(), static_cast<std::uint64_t>(rows.count()),
                                static_cast<std::uint64_t>(rows.columns), std::numeric_limits<float>::quiet_NaN(),
                                &handle_));
    std::vector<const char*> types;
    for (const std::string& type : rows.types) types.push_back(type.c_str());
    if (!types.empty()) api.check(api.set_texts(handle_, "feature_type", types.data(), types.size()));
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  ~Matrix() { api_.matrix_free(handle_); }

  void set_labels(const std::vector<float>& labels, std::int64_t targets) {
    const std::string array = R"({"data":[)" + std::to_string(reinterpret_cast<std::uintptr_t>(labels.data())) +
                              R"(,true],"shape":[)" +
                              std::to_string(labels.size() / static_cast<std::size_t>(targets)) + "," +
                              std::to_string(targets) + R"(],"typestr":"<f4","version":3})";
    api_.check(api_.set_targets(handle_, "label", array.c_str()));
  }
  Handle get() const { return handle_; }

 private:
  const Api& api_;
  Handle handle_ = nullptr;
};

class Booster {
 public:
  /// One that learned from `rows`, whose labels are `[rows, targets]`.
  Booster(const Api& api, const Rows& rows, const std::vector<float>& labels, std::int64_t targets,
          const Settings& settings, int rounds)
      : api_(api) {
    Matrix matrix(api, rows);
    matrix.set_labels(labels, targets);
    const Handle cached = matrix.get();
    api.check(api.booster_create(&cached, 1, &handle_));
    api.check(api.booster_set(handle_, "nthread", "1"));
    api.check(api.booster_set(handle_, "verbosity", "0"));
    for (const auto& [name, value] : settings) api.check(api.booster_set(handle_, name.c_str(), value.c_str()));
    for (int round = 0; round < rounds; ++round) api.check(api.booster_update(handle_, round, matrix.get()));
  }
  /// One that was saved.
  Booster(const Api& api, const std::string& model) : api_(api) {
    api.check(api.booster_create(nullptr, 0, &handle_));
    api.check(api.booster_set(handle_, "nthread", "1"));
    api.check(api.booster_load(handle_, model.data(), model.size()));
  }
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;
  ~Booster() { api_.booster_free(handle_); }

  /// The model in the form "json" or "ubj".
  std::string save(const std::string& form) const {
    const char* data = nullptr;
    std::uint64_t size = 0;
    api_.check(api_.booster_save(handle_, (R"({"format":")" + form + R"("})").c_str(), &size, &data));
    return {data, static_cast<std::size_t>(size)};
  }
  /// `output_margin` of rows.
  std::vector<float> margins(const Rows& rows) const {
    const Matrix matrix(api_, rows);
    const std::uint64_t* shape = nullptr;
    std::uint64_t dimensions = 0, count = 1;
    const float* result = nullptr;
    api_.check(api_.booster_predict(
        handle_, matrix.get(),
        R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false})", &shape,
        &dimensions, &result));
    for (std::uint64_t i = 0; i < dimensions; ++i) count *= shape[i];
    return {result, result + count};
  }

 private:
  const Api& api_;
  Handle handle_ = nullptr;
};

}  // namespace xgboost_library
