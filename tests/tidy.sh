#!/usr/bin/env bash
# clang-tidy 16, with the checks of .clang-tidy, on the sources and public headers that differ from a commit.
# usage: tests/tidy.sh [COMMIT|--all]   (default: HEAD~1)
# Needs the compile commands of the preset clang: cmake --preset clang -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-HEAD~1}
build=build/clang
[ -f "$build/compile_commands.json" ] || { echo "tests/tidy.sh: there is no $build/compile_commands.json" >&2; exit 1; }

if [ "$base" = --all ]; then
  files=$(git ls-files 'src/*.cpp' 'include/*.hpp')
else
  files=$(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'include/*.hpp')
fi
sources=() headers=()
for file in $files; do
  case $file in
    *.cpp) grep -qF "/$file\"" "$build/compile_commands.json" && sources+=("$file") || echo "not compiled here: $file" ;;
    *.hpp) headers+=("$file") ;;
  esac
done
echo "${#sources[@]} sources and ${#headers[@]} headers"
check() { xargs -r -n 1 -P "$(nproc)" clang-tidy-16 --quiet --warnings-as-errors='*' "$@"; }
[ ${#sources[@]} = 0 ] || printf '%s\n' "${sources[@]}" | check -p "$build"
[ ${#headers[@]} = 0 ] || printf '%s\n' "${headers[@]}" | xargs -r -P "$(nproc)" -I{} clang-tidy-16 --quiet --warnings-as-errors='*' {} -- \
  -x c++ -std=c++20 -Wno-pragma-once-outside-header -Iinclude -Isrc
