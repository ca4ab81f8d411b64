#!/usr/bin/env bash
# Line coverage of the tests: builds with --coverage in build/coverage, runs the tests, prints a table by folder.
# usage: tests/coverage.sh [ctest options]
#   tests/coverage.sh                                         # all but the labels package, docs and layers
#   TARGETS="data_tests" tests/coverage.sh -R '^data:'        # builds these targets only, runs these tests only
# The lines of each file are in build/coverage/lines.csv. Uses gcovr where it is installed; else it comes from PyPI
# into build/gcovr. Processes that a test kills have counted nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/coverage

cmake/install-dependencies.sh build run test
gcovr=$(command -v gcovr || echo build/gcovr/bin/gcovr)
if [ ! -x "$gcovr" ]; then
  mkdir -p build
  { python3 -m venv build/gcovr && build/gcovr/bin/pip install --quiet --disable-pip-version-check gcovr; } \
    >build/gcovr.log 2>&1 || { cat build/gcovr.log >&2; echo "No gcovr: apt-get install gcovr" >&2; exit 1; }
fi

. cmake/compiler-cache.sh
mkdir -p "$build"
cmake --preset coverage "${launcher[@]}" >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
# shellcheck disable=SC2086
cmake --build "$build" ${TARGETS:+--target $TARGETS}
find "$build" -name '*.gcda' -delete
failed=0
ctest --test-dir "$build" --output-on-failure --timeout 900 -j "$(nproc)" -LE '^(package|docs|layers)$' "$@" || failed=$?

options=(--root . --filter src/ --filter include/ --csv "$build/lines.csv")
if [[ "$("$gcovr" --help)" == *--merge-mode-functions* ]]; then options+=(--merge-mode-functions=separate); fi
"$gcovr" "${options[@]}" "$build" >"$build/gcovr.log" 2>&1 || { cat "$build/gcovr.log" >&2; exit 1; }
printf '%8s %8s %7s  %s\n' covered lines percent folder
tail -n +2 "$build/lines.csv" | awk -F, '
  { folder = $1; sub("/[^/]*$", "", folder); lines[folder] += $2; covered[folder] += $3; all += $2; hit += $3 }
  END {
    for (f in lines) if (lines[f]) printf "%8d %8d %6.1f%%  %s\n", covered[f], lines[f], 100 * covered[f] / lines[f], f
    if (all) printf "%8d %8d %6.1f%%  %s\n", hit, all, 100 * hit / all, "~all"
  }' | sort -k4 | sed 's/~all/all/'
[ "$failed" = 0 ] || echo "Some tests failed; the table has what ran." >&2
exit "$failed"
