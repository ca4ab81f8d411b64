#!/usr/bin/env bash
# The MPI half of the conformance suite, with each of Debian's two MPIs in a build of its own.
# usage: tests/mpi.sh [openmpi|mpich]...   (default: both)
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/compiler-cache.sh
for mpi in "${@:-openmpi mpich}"; do
  for name in $mpi; do
    for tool in mpicxx mpiexec; do
      command -v "$tool.$name" >/dev/null || { echo "tests/mpi.sh: there is no $tool.$name: cmake/install-dependencies.sh ci" >&2; exit 1; }
    done
    build=build/mpi-$name
    mkdir -p "$build"
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSCALAR_BUILD_EXAMPLES=OFF -DSCALAR_WARNINGS_AS_ERRORS=ON \
      -DSCALAR_PRECOMPILED_HEADERS=ON \
      -DSCALAR_WITH_MPI=ON "-DMPI_CXX_COMPILER=$(command -v "mpicxx.$name")" \
      "-DMPIEXEC_EXECUTABLE=$(command -v "mpiexec.$name")" "${launcher[@]}" >"$build/configure.log" 2>&1 ||
      { cat "$build/configure.log" >&2; exit 1; }
    cmake --build "$build" --target bsp_conformance_tests
    ctest --test-dir "$build" --output-on-failure --timeout 900 --no-tests=error -R "^bsp_conformance:.*MPI"
  done
done
