#pragma once
/// Library: ONNX Runtime, opened at run time, with the environment that all its sessions share.
#include <string>
#include <string_view>

#include "backend/framework_library.hpp"
#include "backend/onnxruntime/api.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// Thread safety: const members may be called from any thread.
class Library {
 public:
  /// Opens `path`, or the library that is found as FrameworkLibrary says. The first one also creates ONNX Runtime's
  /// environment, of which a process has one; it lives until the process ends.
  /// Errors: `Errc::unavailable` for no library, one without ONNX Runtime's API, and a version before 1.16.
  explicit Library(const std::string& path);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library();

  const Api& api() const noexcept { return api_; }
  std::string_view version() const noexcept { return version_; }
  const Env* env() const noexcept { return env_; }
  const MemoryInfo* memory() const noexcept { return memory_; }
  Allocator* allocator() const noexcept { return allocator_; }
  /// Logs once which environment variables were not set when the library was opened.
  void log_unset(const Runtime& runtime) const { library_.log_unset(runtime); }

  /// Throws what `status` says, if anything, at `place`; `Errc::unsupported` for what ONNX Runtime does not implement,
  /// else `code`.
  void check(Status* status, std::string_view place, Errc code = Errc::failed) const {
    if (status != nullptr) refuse(status, place, code);
  }

 private:
  [[noreturn]] void refuse(Status* status, std::string_view place, Errc code) const;

  FrameworkLibrary library_;
  std::string version_;
  Api api_;
  Env* env_ = nullptr;
  MemoryInfo* memory_ = nullptr;
  Allocator* allocator_ = nullptr;
};

/// Something of ONNX Runtime's that is released at the end.
template <class T>
class Owned {
 public:
  explicit Owned(void (*release)(T*)) : release_(release) {}
  Owned(Owned&& other) noexcept : release_(other.release_), object_(other.object_) { other.object_ = nullptr; }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  T** out() { return &object_; }
  T* get() const { return object_; }

 private:
  void (*release_)(T*);
  T* object_ = nullptr;
};

}  // namespace scalar::inline v0::backend::onnxruntime
