#pragma once
/// Library: the functions of LightGBM's C API that the adapter needs, from a library opened at run time.
#include <cstdint>
#include <string>

#include "backend/framework_library.hpp"
#include "backend/owned_handle.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend::lightgbm {

using Handle = void*;

/// An open lib_lightgbm. Thread safety: const members may be called from any thread.
class Library {
 public:
  /// Opens the library at `path`, or as FrameworkLibrary finds it if that is empty. Errors: `Errc::unavailable`.
  explicit Library(const std::string& path);

  // Signatures as in LightGBM/c_api.h, the same from 4.3 to 4.7. Functions return 0, or -1 and an error of the thread.
  static constexpr int float32 = 0, float64 = 1;  // types of data

  const char* (*last_error)() = nullptr;
  int (*register_log)(void (*write)(const char* text)) = nullptr;
  int (*dataset_create)(double** samples, int** sample_rows, std::int32_t columns, const int* samples_per_column,
                        std::int32_t sampled, std::int32_t local_rows, std::int64_t all_rows, const char* parameters,
                        Handle* out) = nullptr;
  int (*dataset_push)(Handle dataset, const void* data, int type, std::int32_t rows, std::int32_t columns,
                      std::int32_t first_row) = nullptr;
  int (*dataset_set)(Handle dataset, const char* field, const void* data, int count, int type) = nullptr;
  int (*dataset_free)(Handle dataset) = nullptr;
  int (*booster_create)(Handle dataset, const char* parameters, Handle* out) = nullptr;
  int (*booster_free)(Handle booster) = nullptr;
  int (*booster_update)(Handle booster, int* is_finished) = nullptr;
  int (*booster_evaluate)(Handle booster, int data, int* count, double* metrics) = nullptr;
  int (*booster_save)(Handle booster, int first, int count, int importance, std::int64_t size, std::int64_t* needed,
                      char* text) = nullptr;
  int (*booster_predict)(Handle booster, const void* data, int type, std::int32_t rows, std::int32_t columns,
                         int is_row_major, int kind, int first, int count, const char* parameters, std::int64_t* length,
                         double* out) = nullptr;
  int (*network_init)(int machines, int rank, void* reduce_scatter, void* all_gather) = nullptr;
  int (*network_free)() = nullptr;

  /// Throws `Error{Errc::failed}` with the library's message unless `status` is 0.
  void check(int status, const char* what) const;
  /// As FrameworkLibrary.
  void log_unset(const Runtime& runtime) const { file_.log_unset(runtime); }

 private:
  FrameworkLibrary file_;
};

using Owned = OwnedHandle;  // of a Dataset or Booster

/// Until the end of the scope, what the library says on this thread goes to a Runtime's log instead of stdout.
class LogScope {
 public:
  LogScope(const Library& library, const Runtime& runtime);
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;
  ~LogScope();

 private:
  static void write(const char* text) noexcept;

  const Library& library_;
  Runtime runtime_;
  std::string line_{};  // the library says a line in pieces
  LogScope* outer_;
};

}  // namespace scalar::inline v0::backend::lightgbm
