#!/usr/bin/env bash
# The main job, end to end: installs what is missing, builds, trains, serves, asks, and draws what it measured.
# usage: examples/quickstart.sh [OUTPUT_DIRECTORY]     (default: quickstart-output)
# It builds in build/release, the folder of tests/run.sh, so that neither compiles what the other has compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-quickstart-output}
build=build/release
server=""
requests=$(seq 0 149)  # of each kind
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

# In the background: the frameworks that Scalar opens at run time. The quick start leaves out one that cannot be had.
cmake/fetch-frameworks.sh &
frameworks=$!

step "Building"
. cmake/compiler-cache.sh
mkdir -p "$build"
[ -f "$build/build.ninja" ] ||
  cmake --preset release -DSCALAR_BUILD_TESTS=OFF ${SCALAR_CMAKE_OPTIONS:-} "${launcher[@]}" >"$build/configure.log" 2>&1 ||
  { cat "$build/configure.log" >&2; echo "The configuration failed." >&2; exit 1; }
cmake --build "$build" --target quickstart quickstart_serve

wait "$frameworks" || echo "Not all frameworks are there: their rows will be missing."

step "Comparing backends over folds, and training on them, on one and two BSP peers"
mkdir -p "$output"
"$build/examples/quickstart" "$output" examples/data/penguins.csv /usr/share/datasets/fashion-mnist

step "Serving, and asking each request twice: first answers are misses, the same again are hits"
mkfifo "$output/address.$$"
"$build/examples/quickstart_serve" "$output" >"$output/address.$$" &
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
      for request in $requests; do
        echo "next"
        echo "url = \"$url/v2/models/$kind/infer\""
        echo "fail-with-body"
        echo "output = \"$output/answer-$kind.json\""
        if [ $kind = fashion-mlp ]; then
          echo "data-binary = \"@$output/requests/$request.bin\""
          echo "header = \"$(cat "$output/requests/$request.header")\""
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
for kind in penguins-trees fashion-mlp; do
  for cache in miss hit; do
    count=$(grep -c "^$kind	$cache	" "$output/timings.tsv" || true)
    [ "$count" = 150 ] || { echo "expected 150 answers of $kind to be a $cache, saw $count" >&2; exit 1; }
    grep "^$kind	$cache	" "$output/timings.tsv" | cut -f3 | sort -g |
      awk -v what="$kind  $cache" '{ t[NR] = 1000 * $1 }
        END { printf "%-22s median %8.3f ms, 90 %% below %8.3f ms\n", what, t[int((NR + 1) / 2)], t[int(0.9 * NR)] }'
  done
done
curl --silent --show-error --fail "$url/metrics" >"$output/metrics.txt"
grep -E '^scalar_cache_(hits|misses)_total' "$output/metrics.txt"
kill -TERM "$server"
wait "$server"
server=""

step "Drawing"
"$build/examples/quickstart_serve" "$output" --report
printf '\nWritten to %s: the models (one directory each), results.tsv, folds.tsv, timings.tsv, metrics.txt and\n  %s/quickstart.svg\n' "$output" "$output"
printf 'Done in %d s.\n' $((SECONDS - started))
