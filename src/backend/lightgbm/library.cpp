#include "backend/lightgbm/library.hpp"

#include <array>
#include <string_view>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::lightgbm {
namespace {

constexpr std::array<std::string_view, 1> system_files{"lib_lightgbm.so"};
constexpr std::array<std::string_view, 1> environment{"OMP_WAIT_POLICY"};
constexpr FrameworkNames names{
    .name = "lightgbm",
    .title = "LightGBM",
    .system = system_files,
    .cached = "lib_lightgbm.so",
    .advice =
        "run cmake/fetch-frameworks.sh lightgbm, or give the path of PyPI lightgbm's lib/lib_lightgbm.so as "
        "BackendOptions.library; it needs libgomp1",
    .environment = environment};

thread_local LogScope* current = nullptr;  // the callback has no argument for it

}  // namespace

Library::Library(const std::string& path) : file_(names, path) {
  const auto find = [&](auto& function, const char* symbol) { file_.find(function, symbol, "4.3"); };
  find(last_error, "LGBM_GetLastError");
  find(register_log, "LGBM_RegisterLogCallback");
  find(dataset_create, "LGBM_DatasetCreateFromSampledColumn");
  find(dataset_push, "LGBM_DatasetPushRows");
  find(dataset_set, "LGBM_DatasetSetField");
  find(dataset_free, "LGBM_DatasetFree");
  find(booster_create, "LGBM_BoosterCreate");
  find(booster_free, "LGBM_BoosterFree");
  find(booster_update, "LGBM_BoosterUpdateOneIter");
  find(booster_evaluate, "LGBM_BoosterGetEval");
  find(booster_save, "LGBM_BoosterSaveModelToString");
  find(booster_predict, "LGBM_BoosterPredictForMat");
  find(network_init, "LGBM_NetworkInitWithFunctions");
  find(network_free, "LGBM_NetworkFree");
  // Before 4.0 LGBM_DatasetCreateFromSampledColumn had other arguments; 4.3 brought the function that is asked for
  // here.
  int (*set_max_threads)(int) = nullptr;
  find(set_max_threads, "LGBM_SetMaxThreads");
}

void Library::check(int status, const char* what) const {
  if (status != 0) fail(Errc::failed, "lightgbm", "{}: {}", what, last_error());
}

LogScope::LogScope(const Library& library, const Runtime& runtime)
    : library_(library), runtime_(runtime), outer_(current) {
  current = this;
  library_.register_log(&LogScope::write);
}

LogScope::~LogScope() {
  current = outer_;
  if (outer_ == nullptr) library_.register_log(nullptr);
}

void LogScope::write(const char* text) noexcept {
  if (current == nullptr) return;
  try {
    std::string& line = current->line_;
    line += text;
    for (std::size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
      if (end > 0) current->runtime_.log(LogLevel::debug, "lightgbm", std::string_view(line).substr(0, end));
      line.erase(0, end + 1);
    }
  } catch (...) {
    // A message that finds no memory is lost; the library cannot be told.
  }
}

}  // namespace scalar::inline v0::backend::lightgbm
