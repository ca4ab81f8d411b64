#!/usr/bin/env bash
# Installs the Debian packages that Scalar needs; silent when nothing is missing.
# usage: cmake/install-dependencies.sh [build|run|test|ci]...   (default: build run)
# Works as root or with sudo. Removes nothing: where apt would have to, it stops and names the package.
set -euo pipefail

build="g++ cmake ninja-build libeigen3-dev libtbb-dev libboost-dev libsimdjson-dev libfmt-dev libssl-dev zlib1g-dev libxxhash-dev
  libxgboost-dev"
run="curl dataset-fashion-mnist"
test="catch2 libcereal-dev prometheus python3 python3-venv libgomp1"  # libgomp1: for LightGBM
ci="ccache clang-16 clang-format-16 libclang-rt-16-dev clang-tidy-16 libopenmpi-dev openmpi-bin libmpich-dev mpich iproute2 doxygen"

packages=""
for group in "${@:-build run}"; do
  for name in $group; do packages="$packages ${!name}"; done
done

missing=""
for package in $packages; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "These packages are missing, and neither root nor sudo is at hand:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "These Debian packages are missing; apt-get installs them now:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
$sudo apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; echo "apt-get update failed." >&2; exit 1; }
# shellcheck disable=SC2086
if removed=$($sudo apt-get install --simulate --no-install-recommends $missing 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p') && [ -n "$removed" ]; then
  echo "Installing$missing would remove these packages, so nothing was done:" $removed >&2
  exit 1
fi
# shellcheck disable=SC2086
if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove $missing >"$log" 2>&1; then
  cat "$log" >&2
  echo "apt-get install failed for:$missing" >&2
  exit 1
fi
