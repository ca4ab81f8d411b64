#pragma once
/// Library: the functions of XGBoost's C API that the adapter needs, from a library opened at run time.
#include <cstdint>
#include <string>

#include "backend/framework_library.hpp"
#include "backend/owned_handle.hpp"

namespace scalar::inline v0::backend::xgboost {

using Handle = void*;

/// An open libxgboost. Thread safety: const members may be called from any thread.
class Library {
 public:
  /// Opens the library at `path`, or as FrameworkLibrary finds it if that is empty. Errors: `Errc::unavailable`.
  explicit Library(const std::string& path);

  // Signatures as in xgboost/c_api.h, where `bst_ulong` is 64 bits wide; the same from 1.7 to 3.2.
  void (*version)(int* major, int* minor, int* patch) = nullptr;
  const char* (*last_error)() = nullptr;
  int (*get_global_config)(const char** json) = nullptr;
  int (*set_global_config)(const char* json) = nullptr;
  int (*matrix_create)(const float* data, std::uint64_t rows, std::uint64_t columns, float missing, Handle* out,
                       int threads) = nullptr;
  using Next = int (*)(void* batches);  // 0: there are no more batches
  using Reset = void (*)(void* batches);
  int (*quantile_matrix_create)(void* batches, Handle proxy, Handle cuts_of, Reset reset, Next next, const char* config,
                                Handle* out) = nullptr;
  int (*proxy_create)(Handle* out) = nullptr;
  int (*proxy_set_dense)(Handle proxy, const char* array) = nullptr;
  int (*matrix_free)(Handle matrix) = nullptr;
  int (*matrix_set_floats)(Handle matrix, const char* field, const float* values, std::uint64_t count) = nullptr;
  int (*matrix_set_texts)(Handle matrix, const char* field, const char** texts, std::uint64_t count) = nullptr;
  int (*booster_create)(const Handle* matrices, std::uint64_t count, Handle* out) = nullptr;
  int (*booster_free)(Handle booster) = nullptr;
  int (*booster_set)(Handle booster, const char* name, const char* value) = nullptr;
  int (*booster_update)(Handle booster, int iteration, Handle matrix) = nullptr;
  int (*booster_evaluate)(Handle booster, int iteration, Handle* matrices, const char** names, std::uint64_t count,
                          const char** text) = nullptr;
  int (*booster_save)(Handle booster, const char* config, std::uint64_t* size, const char** data) = nullptr;
  int (*booster_predict_matrix)(Handle booster, Handle matrix, const char* config, const std::uint64_t** shape,
                                std::uint64_t* dimensions, const float** result) = nullptr;
  int (*booster_predict)(Handle booster, const char* array, const char* config, Handle matrix,
                         const std::uint64_t** shape, std::uint64_t* dimensions, const float** result) = nullptr;

  /// Throws `Error{Errc::failed}` with the library's message unless `status` is 0.
  void check(int status, const char* what) const;
  /// As FrameworkLibrary.
  void log_unset(const Runtime& runtime) const { file_.log_unset(runtime); }

 private:
  FrameworkLibrary file_;
};

using Owned = OwnedHandle;  // of a DMatrix or Booster

/// Silences the library on this thread until the end of the scope.
class Quiet {
 public:
  explicit Quiet(const Library& library);
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet();

 private:
  const Library& library_;
  std::string before_;
};

}  // namespace scalar::inline v0::backend::xgboost
