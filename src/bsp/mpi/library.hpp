#pragma once
/// The MPI library of this process: initialized once, and called by one thread at a time.
#include <mpi.h>

#include <mutex>
#include <string>

namespace scalar::inline v0::bsp::detail {

/// The text of a code that an MPI function has returned.
std::string mpi_text(int code);
/// Errors: `Errc::failed` unless `code` is MPI_SUCCESS. `call` names the function.
void check_mpi(int code, const char* call);

/// The one MPI of the process. All transports share its lock, since MPI_THREAD_SERIALIZED allows one call at a time.
class MpiLibrary {
 public:
  /// Initializes MPI if the host has not. Errors: `Errc::unsupported`.
  static MpiLibrary& get();
  /// Whether MPI can be called: not before it is initialized, and not after it is finalized.
  static bool is_alive() noexcept;
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

 private:
  MpiLibrary();
  ~MpiLibrary();

  std::mutex mutex_;
  bool is_ours_ = false;
};

}  // namespace scalar::inline v0::bsp::detail
