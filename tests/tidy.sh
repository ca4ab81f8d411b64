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
# A public header is looked at through the file that checks that it compiles by itself.
compiled=()
for file in $files; do
  source=$file
  case $file in
    *.hpp) source=$(find "$build" -path "*_verify_interface_header_sets/${file#include/}.cxx" | head -n 1) ;;
  esac
  if [ -n "$source" ] && grep -qF "$source\"" "$build/compile_commands.json"; then
    compiled+=("$source")
  else
    echo "not compiled here: $file"
  fi
done
echo "${#compiled[@]} files"
[ ${#compiled[@]} = 0 ] || printf '%s\n' "${compiled[@]}" |
  xargs -r -n 1 -P "$(nproc)" clang-tidy-16 --quiet --warnings-as-errors='*' -p "$build"
