#pragma once
/// OwnedHandle: an object of a framework's C API, freed at the end.

namespace scalar::inline v0::backend {

/// An object behind a `void*`. Thread safety: as the framework's object.
class OwnedHandle {
 public:
  explicit OwnedHandle(int (*free)(void*)) : free_(free) {}
  OwnedHandle(const OwnedHandle&) = delete;
  OwnedHandle& operator=(const OwnedHandle&) = delete;
  ~OwnedHandle() {
    if (handle_ != nullptr) free_(handle_);
  }
  /// Where a function of the framework writes the object.
  void** out() { return &handle_; }
  void* get() const { return handle_; }

 private:
  int (*free_)(void*);
  void* handle_ = nullptr;
};

}  // namespace scalar::inline v0::backend
