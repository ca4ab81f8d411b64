// One process of fits over MPI: `mpiexec -n 2 backend_native_mpi_process`. Ends with 0 when every kind of model is that
// of one process alone.
#include <cstdio>
#include <exception>
#include <string>

#include "backend/native/fits.hpp"
#include "scalar/bsp/processes/mpi.hpp"

int main() {
  try {
    const scalar::FitOptions options{.peers = 3, .shards = 6, .transport = scalar::bsp::mpi()};
    int different = 0;
    for (const std::string kind : fits::kinds)
      if (fits::learned(kind, options) != fits::learned(kind, {.shards = 6})) ++different;
    std::printf("%d different\n", different);
    return different == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
