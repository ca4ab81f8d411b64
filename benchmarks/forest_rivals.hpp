#pragma once
/// Forests as other tools predict them: raw margins of one row, and of many, one output per row.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/lightgbm/library.hpp"
#include "backend/onnxruntime/session.hpp"
#include "scalar/core/tensor.hpp"

namespace rival {

/// `one(row)` is the margin of a row, `many(out)` those of all rows.
struct ForestRival {
  std::string name{};
  std::function<double(std::int64_t row)> one{};
  std::function<void(double* out)> many{};
};

/// LightGBM's own model, trained with its C API on one thread, and predicted by one thread.
class LightGbmForest {
 public:
  LightGbmForest(const scalar::backend::lightgbm::Library& library, std::string text)
      : library_(library), text_(std::move(text)), booster_(library.booster_free) {
    const scalar::backend::FrameworkNames names{
        .name = "lightgbm", .title = "LightGBM", .system = {}, .cached = "lib_lightgbm.so", .advice = "fetch it"};
    const scalar::backend::FrameworkLibrary file(names, "");
    file.find(load_, "LGBM_BoosterLoadModelFromString", "4.3");
    file.find(init_, "LGBM_BoosterPredictForMatSingleRowFastInit", "4.3");
    file.find(fast_, "LGBM_BoosterPredictForMatSingleRowFast", "4.3");
    int rounds = 0;
    library.check(load_(text_.c_str(), &rounds, booster_.out()), "load");
  }
  const std::string& text() const { return text_; }

  ForestRival rival(scalar::FloatMatrix x) {
    void* config = nullptr;  // lives as long as the program
    library_.check(init_(booster_.get(), raw, 0, -1, 0, static_cast<std::int32_t>(x.columns), "num_threads=1", &config),
                   "single row");
    return {"LightGBM's C API",
            [this, x, config](std::int64_t row) {
              std::int64_t length = 0;
              double out = 0;
              library_.check(fast_(config, x.data + row * x.stride, &length, &out), "predict");
              return out;
            },
            [this, x](double* out) {
              std::int64_t length = 0;
              library_.check(library_.booster_predict(booster_.get(), x.data, 0, static_cast<std::int32_t>(x.rows),
                                                      static_cast<std::int32_t>(x.columns), 1, raw, 0, -1,
                                                      "num_threads=1", &length, out),
                             "predict");
            }};
  }

 private:
  static constexpr int raw = 1;

  const scalar::backend::lightgbm::Library& library_;
  std::string text_;
  scalar::backend::lightgbm::Owned booster_;
  int (*load_)(const char* text, int* rounds, void** out) = nullptr;
  int (*init_)(void* booster, int kind, int first, int count, int type, std::int32_t columns, const char* parameters,
               void** config) = nullptr;
  int (*fast_)(void* config, const void* row, std::int64_t* length, double* out) = nullptr;
};

/// LightGBM's model as lleaves compiles it, called without Python; SCALAR_RIVAL_LLEAVES is a Python that has it.
inline std::optional<ForestRival> lleaves(const std::string& text, scalar::FloatMatrix x) {
  const char* python = std::getenv("SCALAR_RIVAL_LLEAVES");
  if (python == nullptr) return std::nullopt;
  const std::string folder = std::filesystem::temp_directory_path() / ("lleaves-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/model.txt") << text << "\npandas_categorical:null\n";  // as Python writes it
  const std::string command = std::string(python) + " " SCALAR_BENCHMARKS "/rivals/lleaves_forest.py " + folder +
                              "/model.txt " + folder + "/model.o && cc -shared -o " + folder + "/model.so " + folder +
                              "/model.o -lm";
  void* library = std::system(command.c_str()) == 0 ? ::dlopen((folder + "/model.so").c_str(), RTLD_NOW) : nullptr;
  std::filesystem::remove_all(folder);
  using Predict = void (*)(const double* rows, double* out, std::int32_t first, std::int32_t last);
  const auto predict = library != nullptr ? reinterpret_cast<Predict>(::dlsym(library, "forest_root")) : nullptr;
  if (predict == nullptr) return std::nullopt;
  auto wide = std::make_shared<std::vector<double>>(x.data, x.data + x.rows * x.columns);
  return ForestRival{"lleaves, called without Python",
                     [=](std::int64_t row) {
                       double out = 0;
                       predict(wide->data() + row * x.columns, &out, 0, 1);
                       return out;
                     },
                     [=](double* out) { predict(wide->data(), out, 0, static_cast<std::int32_t>(x.rows)); }};
}

/// A forest in an ONNX file whose only output is `prediction`, by ONNX Runtime's C API on one thread.
class OnnxForest {
 public:
  OnnxForest(const std::string& file, const scalar::Runtime& runtime)
      : library_(std::make_shared<const scalar::backend::onnxruntime::Library>("")),
        session_(library_, std::as_bytes(std::span(file)), 1, "forest", runtime) {}

  ForestRival rival(scalar::FloatMatrix x) {
    return {"ONNX Runtime's C API",
            [this, x](std::int64_t row) {
              double out = 0;
              run(x.slice(row, 1), &out);
              return out;
            },
            [this, x](double* out) { run(x, out); }};
  }

 private:
  void run(scalar::FloatMatrix x, double* out) {
    const auto& api = library_->api();
    const std::int64_t x_shape[] = {x.rows, x.columns}, out_shape[] = {x.rows, 1};
    scalar::backend::onnxruntime::Value *input = nullptr, *output = nullptr;
    constexpr int float32 = 1, float64 = 11;
    library_->check(
        api.wrap_tensor(library_->memory(), const_cast<float*>(x.data),
                        sizeof(float) * static_cast<std::size_t>(x.rows * x.columns), x_shape, 2, float32, &input),
        "x");
    library_->check(api.wrap_tensor(library_->memory(), out, sizeof(double) * static_cast<std::size_t>(x.rows),
                                    out_shape, 2, float64, &output),
                    "y");
    const scalar::backend::onnxruntime::Value* const inputs[] = {input};
    session_.run(inputs, {&output, 1});
    api.release_value(input);
    api.release_value(output);
  }

  std::shared_ptr<const scalar::backend::onnxruntime::Library> library_;
  scalar::backend::onnxruntime::OrtSession session_;
};

}  // namespace rival
