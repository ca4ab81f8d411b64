#include "backend/framework_library.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <vector>

#include "core/fail.hpp"

namespace scalar::inline v0::backend {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// `${SCALAR_CACHE:-~/.cache/scalar}`; empty when there is no home.
std::string cache_folder() {
  std::string chosen = variable("SCALAR_CACHE");
  if (!chosen.empty()) return chosen;
  const std::string home = variable("HOME");
  return home.empty() ? home : home + "/.cache/scalar";
}

/// "SCALAR_LIGHTGBM_LIBRARY"
std::string variable_of(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return fmt::format("SCALAR_{}_LIBRARY", upper);
}

std::vector<std::string> candidates(const FrameworkNames& names, const std::string& path) {
  if (!path.empty()) return {path};
  if (const std::string chosen = variable(variable_of(names.name).c_str()); !chosen.empty()) return {chosen};
  std::vector<std::string> paths;
  if (const std::string folder = cache_folder(); !folder.empty())
    paths.push_back(fmt::format("{}/frameworks/{}/{}", folder, names.name, names.cached));
  paths.insert(paths.end(), names.system.begin(), names.system.end());
  return paths;
}

}  // namespace

FrameworkLibrary::FrameworkLibrary(const FrameworkNames& names, const std::string& path) : names_(names) {
  for (const std::string_view needed : names.environment)
    if (std::getenv(std::string(needed).c_str()) == nullptr)
      unset_ += fmt::format("{}{}", unset_.empty() ? "" : ", ", needed);
  std::string tried;
  for (const std::string& candidate : candidates(names, path)) {
    handle_ = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle_ != nullptr) {
      path_ = candidate;
      return;
    }
    const char* reason = dlerror();
    tried +=
        fmt::format("{}{} ({})", tried.empty() ? "" : "; ", candidate, reason != nullptr ? reason : "no reason given");
  }
  fail(Errc::unavailable, names.name, "{}'s library cannot be opened, tried {}; {}", names.title, tried, names.advice);
}

void FrameworkLibrary::log_unset(const Runtime& runtime) const {
  if (unset_.empty() || is_logged_.exchange(true)) return;
  runtime.log(LogLevel::warning, names_.name,
              fmt::format("{} was opened without {} in the environment: call scalar::backend::prepare_process() at the "
                          "start of main",
                          names_.title, unset_));
}

void* FrameworkLibrary::address(const char* symbol, std::string_view oldest) const {
  void* const found = dlsym(handle_, symbol);
  if (found == nullptr)
    fail(Errc::unavailable, names_.name, "{} has no function {}, expected {} {} or newer", path_, symbol, names_.title,
         oldest);
  return found;
}

}  // namespace scalar::inline v0::backend
