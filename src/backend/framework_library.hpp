#pragma once
/// FrameworkLibrary: a framework's shared library, found and opened at run time.
#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend {

/// How the library of a framework is found.
struct FrameworkNames {
  std::string_view name;                            ///< "lightgbm": also the folder in the cache
  std::string_view title;                           ///< "LightGBM", for messages
  std::span<const std::string_view> system;         ///< file names that the dynamic linker may know
  std::string_view cached;                          ///< path in the framework's cache folder
  std::string_view advice;                          ///< how to get it, as the end of a sentence
  std::span<const std::string_view> environment{};  ///< variables that it reads when opened; see prepare_process
};

/// An open library, which stays open until the process ends. Thread safety: const members may be called from any
/// thread.
class FrameworkLibrary {
 public:
  /// Opens `path`; if that is empty, the file that `SCALAR_<NAME>_LIBRARY` names; if that is not set, the first that
  /// opens of `${SCALAR_CACHE:-~/.cache/scalar}/frameworks/<name>/<cached>` and the system's.
  /// Errors: `Errc::unavailable`, naming each path tried and why it did not open.
  FrameworkLibrary(const FrameworkNames& names, const std::string& path);

  /// Sets `function` to the symbol of that name. Errors: `Errc::unavailable` saying that `oldest` or newer is expected.
  template <class Function>
  void find(Function*& function, const char* symbol, std::string_view oldest) const {
    function = reinterpret_cast<Function*>(address(symbol, oldest));
  }
  /// Where the library was found.
  const std::string& path() const noexcept { return path_; }
  /// Logs, as one warning and once, the variables that were not set when the library was opened; nothing if all were.
  void log_unset(const Runtime& runtime) const;

 private:
  void* address(const char* symbol, std::string_view oldest) const;

  FrameworkNames names_;
  std::string path_{};
  void* handle_ = nullptr;
  std::string unset_{};
  mutable std::atomic<bool> is_logged_{false};
};

}  // namespace scalar::inline v0::backend
