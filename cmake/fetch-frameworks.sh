#!/usr/bin/env bash
# Fetches the shared libraries of the frameworks that Scalar's adapters open at run time, in pinned versions, from the
# Python package index that pip is configured to use. Building Scalar needs none of them.
# usage: cmake/fetch-frameworks.sh [lightgbm|onnxruntime|xgboost]...   (default: all of them, 37 MB)
# Writes ${SCALAR_CACHE:-~/.cache/scalar}/frameworks/<name>/, where the adapters look, and a file `version` in it. A
# folder of the pinned version is left as it is; a new one takes its place when it is complete. Any number of these
# commands may run at a time. Exit status: 0 if all are there, 1 if one could not be had, 2 for an unknown name.
set -euo pipefail

declare -A package=([lightgbm]=lightgbm==4.7.0 [onnxruntime]=onnxruntime==1.32.0 [xgboost]=xgboost-cpu==3.2.0)
# Files of the package to keep, each with the prefix to remove from its path. XGBoost's library finds its own OpenMP
# runtime by a relative path, so these two keep their places.
declare -A files=(
  [lightgbm]='lightgbm/lib/=lightgbm/lib/lib_lightgbm.so'
  [onnxruntime]='onnxruntime/capi/=onnxruntime/capi/libonnxruntime.so.*'
  [xgboost]='=xgboost/lib/libxgboost.so =xgboost_cpu.libs/*'
)
# The file that adapters open.
declare -A library=([lightgbm]=lib_lightgbm.so [onnxruntime]=libonnxruntime.so [xgboost]=xgboost/lib/libxgboost.so)

say() { echo "fetch-frameworks.sh: $*" >&2; }

names=("$@")
[ $# -gt 0 ] || names=(lightgbm onnxruntime xgboost)
for name in "${names[@]}"; do
  [ -n "${package[$name]:-}" ] || { say "no framework is called \"$name\"; there are lightgbm, onnxruntime and xgboost"; exit 2; }
done

[ -n "${SCALAR_CACHE:-}" ] || [ -n "${HOME:-}" ] || { say "neither SCALAR_CACHE nor HOME is set"; exit 1; }
folder="${SCALAR_CACHE:-$HOME/.cache/scalar}/frameworks"
mkdir -p "$folder"

# The pip of this Python, or one in a virtual environment: Debian's Python comes without pip.
pip() {
  local python=python3
  command -v python3 >/dev/null || { echo "python3 is missing"; return 1; }
  if ! python3 -m pip --version >/dev/null 2>&1; then
    python3 -m venv "$work/venv" || { echo "Python has neither pip nor venv: install python3-venv"; return 1; }
    python="$work/venv/bin/python"
  fi
  "$python" -m pip "$@"
}

# Unpacks the files `$3...` ("<prefix>=<pattern>") of the package in folder `$1` into folder `$2`.
unpack() {
  python3 - "$@" <<'PYTHON'
import fnmatch, pathlib, sys, zipfile
source, target, *wanted = sys.argv[1:]
archive = zipfile.ZipFile(next(pathlib.Path(source).glob("*.whl")))
for entry in wanted:
    prefix, pattern = entry.split("=", 1)
    matches = [name for name in fnmatch.filter(archive.namelist(), pattern) if not name.endswith("/")]
    if not matches:
        sys.exit(f"the package has no file {pattern}")
    for name in matches:
        path = pathlib.Path(target, name.removeprefix(prefix))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(name))
PYTHON
}

fetch() ( # name
  name=$1 version=${package[$1]#*==}
  exec 9>"$folder/.$name.lock"
  flock 9
  [ "$(cat "$folder/$name/version" 2>/dev/null)" != "$version" ] || return 0
  work=$(mktemp -d "$folder/.$name.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/package" "$work/new"
  # The wheels differ by Python only in what is not needed here, so a version that exists is asked for by name.
  if ! pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
         --dest "$work/package" "${package[$name]}" >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    say "${package[$name]} could not be downloaded; above is why"
    return 1
  fi
  # shellcheck disable=SC2086
  (set -f; unpack "$work/package" "$work/new" ${files[$name]}) || { say "${package[$name]} is not as expected"; return 1; }
  [ "$name" != onnxruntime ] || ln -s "$(cd "$work/new"; echo libonnxruntime.so.*)" "$work/new/libonnxruntime.so"
  [ -e "$work/new/${library[$name]}" ] || { say "${package[$name]} has no ${library[$name]}"; return 1; }
  echo "$version" >"$work/new/version"
  [ ! -e "$folder/$name" ] || mv -T "$folder/$name" "$work/old"
  mv -T "$work/new" "$folder/$name"
)

# In the background, so that they download at the same time, and that `set -e` holds inside.
downloads=()
for name in "${names[@]}"; do
  fetch "$name" &
  downloads+=($!)
done
status=0
for download in "${downloads[@]}"; do wait "$download" || status=1; done
exit $status
