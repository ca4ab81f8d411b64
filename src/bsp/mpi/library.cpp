#include "bsp/mpi/library.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

const char* name_of_level(int level) noexcept {
  return level == MPI_THREAD_SINGLE     ? "MPI_THREAD_SINGLE"
         : level == MPI_THREAD_FUNNELED ? "MPI_THREAD_FUNNELED"
                                        : "less than MPI_THREAD_SERIALIZED";
}

void check_level(int provided, const char* who) {
  if (provided >= MPI_THREAD_SERIALIZED) return;
  fail(Errc::unsupported, "bsp::mpi",
       "{} with {}, but the engine calls MPI from several threads; ask for it with MPI_Init_thread(&argc, &argv, "
       "MPI_THREAD_SERIALIZED, &provided)",
       who, name_of_level(provided));
}

}  // namespace

std::string mpi_text(int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return fmt::format("error {}", code);
  return std::string(text, static_cast<std::size_t>(length));
}

void check_mpi(int code, const char* call) {
  if (code != MPI_SUCCESS) fail(Errc::failed, "bsp::mpi", "{}: {}", call, mpi_text(code));
}

bool MpiLibrary::is_alive() noexcept {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized), MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

MpiLibrary& MpiLibrary::get() {
  static MpiLibrary library;
  if (!is_alive()) fail(Errc::unsupported, "bsp::mpi", "MPI has been finalized, and cannot begin again");
  int provided = 0;
  check_mpi(MPI_Query_thread(&provided), "MPI_Query_thread");
  check_level(provided, "the host has initialized MPI");
  return library;
}

MpiLibrary::MpiLibrary() {
  int initialized = 0, provided = 0;
  check_mpi(MPI_Initialized(&initialized), "MPI_Initialized");
  if (initialized != 0) return;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  is_ours_ = true;
  if (provided >= MPI_THREAD_SERIALIZED) return;
  MPI_Finalize();
  check_level(provided, "this MPI can only be initialized");
}

MpiLibrary::~MpiLibrary() {
  if (is_ours_ && is_alive()) MPI_Finalize();
}

}  // namespace scalar::inline v0::bsp::detail
