#!/usr/bin/env bash
# Gets the rivals that PyPI has into a directory and prints the exports that benchmarks/run.sh reads.
# usage: eval "$(benchmarks/rivals/install.sh DIRECTORY)"
set -euo pipefail
mkdir -p "$1"
cd "$1"
if [ ! -x python/bin/python ]; then
  python3 -m venv python >&2
  python/bin/pip install --quiet --disable-pip-version-check scikit-learn >&2
fi
if [ ! -d triton/pytriton ]; then
  python/bin/pip download --quiet --disable-pip-version-check --no-deps --dest download nvidia-pytriton==0.7.0 >&2
  mkdir -p triton
  python/bin/python -m zipfile -e download/nvidia_pytriton*.whl triton >&2
fi
printf 'export SCALAR_RIVAL_SKLEARN=%q SCALAR_RIVAL_TRITON=%q\n' "$PWD/python/bin/python" "$PWD/triton"
