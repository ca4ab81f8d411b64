#!/usr/bin/env bash
# All tests: installs what is missing, builds and runs them.
# usage: tests/run.sh [ctest options]
# Python oracles run where their packages can be installed; otherwise those tests skip and say so.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release  # the folder of examples/quickstart.sh, too
started=$SECONDS
step() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - started)); }
trap 'status=$?; [ $status = 0 ] || echo "tests/run.sh failed with exit status $status: what went wrong is said above." >&2' EXIT

step "Installing what is missing"
cmake/install-dependencies.sh build run test
. tests/oracles.sh

step "Building"
. cmake/compiler-cache.sh
mkdir -p "$build"
cmake --preset release -DSCALAR_BUILD_TESTS=ON ${SCALAR_CMAKE_OPTIONS:-} "${launcher[@]}" >"$build/configure.log" 2>&1 ||
  { cat "$build/configure.log" >&2; echo "The configuration failed." >&2; exit 1; }
cmake --build "$build"

step "Running"
ctest --test-dir "$build" --output-on-failure --timeout 900 -j "$(nproc)" "$@"
step "All tests passed"
