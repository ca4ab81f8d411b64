#!/usr/bin/env bash
# The main job, end to end: installs what is missing, builds, trains, serves, asks, and draws what it measured.
# usage: examples/quickstart.sh [OUTPUT_DIRECTORY]     (default: quickstart-output)
# SCALAR_BUILD_DIR names a build directory to use instead of build/quickstart.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-quickstart-output}
build=${SCALAR_BUILD_DIR:-build/quickstart}
server=""
started=$SECONDS

step() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - started)); }
finish() {
  status=$?
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then kill -TERM "$server"; wait "$server" || true; fi
  [ $status = 0 ] || echo "quickstart failed with exit status $status: what went wrong is said above." >&2
}
trap finish EXIT

step "Installing what is missing"
cmake/install-dependencies.sh build run

step "Building"
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
mkdir -p "$build"
[ -f "$build/build.ninja" ] ||
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSCALAR_BUILD_TESTS=OFF "${launcher[@]}" >"$build/configure.log" 2>&1 ||
  { cat "$build/configure.log" >&2; echo "The configuration failed." >&2; exit 1; }
cmake --build "$build" --target quickstart
quickstart=$build/examples/quickstart

step "Training on two backends, on one and two BSP peers"
mkdir -p "$output"
"$quickstart" "$output" examples/data/penguins.csv /usr/share/datasets/fashion-mnist

step "Serving, and asking each request twice: first answers are misses, the same again are hits"
mkfifo "$output/address.$$"
"$quickstart" "$output" --serve >"$output/address.$$" &
server=$!
read -r url <"$output/address.$$" || { echo "The server did not start." >&2; exit 1; }
rm "$output/address.$$"
echo "serving at $url"

{ # One curl process, one connection. Each request is followed by its time and what the cache did.
  echo "url = \"$url/v2\""
  echo "output = \"$output/server.json\""
  for kind in penguins-trees fashion-mlp; do
    echo "next"
    echo "url = \"$url/v2/models/$kind\""
    echo "output = \"$output/$kind.json\""
    for round in first again; do
      for request in $(seq 0 19); do
        echo "next"
        echo "url = \"$url/v2/models/$kind/infer\""
        echo "fail-with-body"
        echo "output = \"$output/answer-$kind.json\""
        if [ $kind = fashion-mlp ]; then
          echo "data-binary = \"@$output/requests/$request.bin\""
          echo "header = \"Inference-Header-Content-Length: 106\""
          echo "header = \"Expect:\""
        else
          echo "data-binary = \"@$output/requests/$request.json\""
          echo "header = \"Content-Type: application/json\""
        fi
        echo "write-out = \"$kind\\t%header{x-scalar-cache}\\t%{time_total}\\n\""
      done
    done
  done
} >"$output/curl.config"
curl --silent --show-error --config "$output/curl.config" >"$output/timings.tsv"
printf '\n'; cat "$output/server.json" "$output/penguins-trees.json"; printf '\n\none answer: '; cat "$output/answer-penguins-trees.json"; printf '\n\n'
awk -F'\t' '{ n[$1 "  " $2]++; sum[$1 "  " $2] += $3 }
  END { for (k in n) printf "%-26s %3d answers, mean %8.3f ms\n", k, n[k], 1000 * sum[k] / n[k] }' "$output/timings.tsv" | sort
for kind in penguins-trees fashion-mlp; do
  for cache in miss hit; do
    count=$(grep -c "^$kind	$cache	" "$output/timings.tsv" || true)
    [ "$count" = 20 ] || { echo "expected 20 answers of $kind to be a $cache, saw $count" >&2; exit 1; }
  done
done
curl --silent --show-error --fail "$url/metrics" >"$output/metrics.txt"
grep -E '^scalar_cache_(hits|misses)_total' "$output/metrics.txt"
kill -TERM "$server"
wait "$server"
server=""

step "Drawing"
"$quickstart" "$output" --report
printf '\nWritten to %s: the models (one directory each), results.tsv, timings.tsv, metrics.txt and\n  %s/quickstart.svg\n' "$output" "$output"
printf 'Done in %d s.\n' $((SECONDS - started))
