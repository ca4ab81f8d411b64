#include "backend/xgboost/library.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstdlib>
#include <mutex>
#include <type_traits>
#include <vector>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::xgboost {
namespace {

constexpr const char* wait_policy = "OMP_WAIT_POLICY";

/// Opens a library with OMP_WAIT_POLICY=passive: an OpenMP library reads its environment when it is loaded, which may
/// happen in here.
void* open(const char* path) {
  static std::mutex mutex;  // the whole process has one environment
  const std::lock_guard lock(mutex);
  const bool unset = std::getenv(wait_policy) == nullptr;
  if (unset) setenv(wait_policy, "passive", 0);
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (unset) unsetenv(wait_policy);
  return handle;
}

}  // namespace

Library::Library(const std::string& path) {
  const std::vector<std::string> paths =
      path.empty() ? std::vector<std::string>{"libxgboost.so.0", "libxgboost.so"} : std::vector<std::string>{path};
  void* handle = nullptr;
  std::string tried;
  for (const std::string& candidate : paths) {
    handle = open(candidate.c_str());
    if (handle != nullptr) break;
    const char* reason = dlerror();
    tried +=
        fmt::format("{}{} ({})", tried.empty() ? "" : "; ", candidate, reason != nullptr ? reason : "no reason given");
  }
  if (handle == nullptr)
    fail(Errc::unavailable, "xgboost",
         "XGBoost's library cannot be opened, tried {}; install libxgboost0 or give the path of PyPI xgboost-cpu's "
         "lib/libxgboost.so as BackendOptions.library",
         tried);
  const auto find = [&](auto& function, const char* symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (function == nullptr)
      fail(Errc::unavailable, "xgboost", "{} has no function {}, expected XGBoost 1.7 or newer",
           path.empty() ? "libxgboost" : path, symbol);
  };
  find(version, "XGBoostVersion");
  find(last_error, "XGBGetLastError");
  find(get_global_config, "XGBGetGlobalConfig");
  find(set_global_config, "XGBSetGlobalConfig");
  find(matrix_create, "XGDMatrixCreateFromMat_omp");
  find(quantile_matrix_create, "XGQuantileDMatrixCreateFromCallback");
  find(proxy_create, "XGProxyDMatrixCreate");
  find(proxy_set_dense, "XGProxyDMatrixSetDataDense");
  find(matrix_free, "XGDMatrixFree");
  find(matrix_set_floats, "XGDMatrixSetFloatInfo");
  find(booster_create, "XGBoosterCreate");
  find(booster_free, "XGBoosterFree");
  find(booster_set, "XGBoosterSetParam");
  find(booster_update, "XGBoosterUpdateOneIter");
  find(booster_evaluate, "XGBoosterEvalOneIter");
  find(booster_save, "XGBoosterSaveModelToBuffer");
  find(booster_predict_matrix, "XGBoosterPredictFromDMatrix");
  find(booster_predict, "XGBoosterPredictFromDense");
}

void Library::check(int status, const char* what) const {
  if (status == 0) return;
  std::string message = last_error();
  // A stack trace follows the first line.
  if (const auto trace = message.find("\nStack trace"); trace != std::string::npos) message.resize(trace);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  fail(Errc::failed, "xgboost", "{}: {}", what, message);
}

Quiet::Quiet(const Library& library) : library_(library) {
  const char* json = nullptr;
  library.check(library.get_global_config(&json), "XGBGetGlobalConfig");
  before_ = json;
  library.check(library.set_global_config(R"({"verbosity":0})"), "XGBSetGlobalConfig");
}

Quiet::~Quiet() { library_.set_global_config(before_.c_str()); }

}  // namespace scalar::inline v0::backend::xgboost
