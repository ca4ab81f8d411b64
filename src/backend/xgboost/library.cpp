#include "backend/xgboost/library.hpp"

#include <array>
#include <string_view>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::xgboost {
namespace {

constexpr std::array<std::string_view, 2> system_files{"libxgboost.so.0", "libxgboost.so"};
constexpr std::array<std::string_view, 1> environment{"OMP_WAIT_POLICY"};
constexpr FrameworkNames names{
    .name = "xgboost",
    .title = "XGBoost",
    .system = system_files,
    .cached = "xgboost/lib/libxgboost.so",
    .advice =
        "run cmake/fetch-frameworks.sh xgboost, install libxgboost0, or give the path of PyPI xgboost-cpu's "
        "lib/libxgboost.so as BackendOptions.library",
    .environment = environment};

}  // namespace

Library::Library(const std::string& path) : file_(names, path) {
  const auto find = [&](auto& function, const char* symbol) { file_.find(function, symbol, "1.7"); };
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
  find(matrix_set_texts, "XGDMatrixSetStrFeatureInfo");
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
