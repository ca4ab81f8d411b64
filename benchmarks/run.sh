#!/usr/bin/env bash
# Builds and runs all benchmarks, and prints their rows as one table.
# usage: benchmarks/run.sh [OUTPUT_FILE]
# Rivals that are no Debian package are found through SCALAR_RIVAL_SKLEARN (a python with scikit-learn),
# SCALAR_RIVAL_TRITON (a directory with the unpacked PyPI wheel nvidia-pytriton) and SCALAR_RIVAL_GAPBS (the directory of
# GAPBS's programs); `benchmarks/rivals/install.sh DIR` gets them and prints the exports. SCALAR_RIVAL_MPI,
# SCALAR_RIVAL_LPF and SCALAR_RIVAL_BULK are commands, see rivals/mpi.cpp, lpf.c and bulk.cpp; SCALAR_RIVAL_GRAPE and
# SCALAR_RIVAL_PREGEL too, see graph_mpi.cpp. Without them those rows say "not measured".
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-build/benchmarks.md}
build=build/benchmark
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake/install-dependencies.sh build
mkdir -p "$build"
cmake --preset benchmark "${launcher[@]}" >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build"

triton=""
finish() { [ -z "$triton" ] || { kill -TERM "$triton" 2>/dev/null || true; wait "$triton" 2>/dev/null || true; }; }
trap finish EXIT

rows=$build/rows.md
: >"$rows"
measure() { # name, arguments: runs one benchmark and keeps its rows without the header
  echo "== $1" >&2
  "$build/benchmarks/benchmark_$1" "${@:2}" >"$build/$1.md" || [ $? = 1 ] || echo "| $1 | **failed** | | | | | | |" >>"$build/$1.md"
  cat "$build/$1.md" >&2
  grep -v -e '^| what ' -e '^|---' "$build/$1.md" >>"$rows" || true
}
for name in mlp trees forest mlp_predict onnxruntime; do measure "$name"; done
OMP_WAIT_POLICY=active measure trees  # the rival with spinning threads: better on an idle machine, worse on a busy one
if [ -n "${SCALAR_RIVAL_TRITON:-}" ]; then
  benchmarks/rivals/triton.sh "$SCALAR_RIVAL_TRITON" 18500 >"$build/triton.log" 2>&1 &
  triton=$!
  for _ in $(seq 600); do curl -sf -o /dev/null http://127.0.0.1:18500/v2/health/ready && break; read -rt 0.1 <> <(:) || true; done
  measure serve --triton "$triton" 18500 linear10
else
  measure serve
fi
measure cache
for name in bsp bsp_messages bsp_blocks bsp_costs bsp_collectives bsp_tcp bsp_faults bsp_bounded bsp_ssp graph; do measure "$name"; done
for name in graph_programs graph_mpi; do measure "$name"; done

{
  printf '%s, %s cores, %s, %s\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(g++ --version | head -n 1)" "$(date -u +%F)"
  printf '| what | ours | rival | rival'"'"'s | rounds | faster | goal | |\n|---|---|---|---|---|---|---|---|\n'
  cat "$rows"
} | tee "$output"
