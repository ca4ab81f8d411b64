#!/usr/bin/env bash
# Runs the tritonserver of the PyPI wheel nvidia-pytriton on loopback, with the model linear10, and linear10_cache behind
# its response cache. usage: triton.sh DIRECTORY PORT       DIRECTORY: the unpacked wheel
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wheel=$(cd "$1" && pwd)
port=$2
server=$wheel/pytriton/tritonserver
work=$wheel/scalar-rival
mkdir -p "$work/backends/linear" "$work/models/linear10/1" "$work/models/linear10_cache/1"
g++ -std=c++17 -O3 -march=native -shared -fPIC -o "$work/backends/linear/libtriton_linear.so" "$here/triton_linear.cpp"
model() { # name, extra configuration
  printf 'name: "%s"\nbackend: "linear"\nmax_batch_size: 64\ninput [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 10 ] } ]\noutput [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 1 ] } ]\ninstance_group [ { kind: KIND_CPU count: 1 } ]\n%s\n' \
    "$1" "$2" >"$work/models/$1/config.pbtxt"
}
model linear10 ''
model linear10_cache 'response_cache { enable: true }'
chmod +x "$server/bin/tritonserver"
export LD_LIBRARY_PATH=$wheel/nvidia_pytriton.libs
exec "$server/bin/tritonserver" --model-repository="$work/models" --backend-directory="$work/backends" \
  --cache-directory="$server/caches" --cache-config=local,size=67108864 --http-address 127.0.0.1 --http-port "$port" \
  --allow-grpc false --metrics-address 127.0.0.1 --metrics-port $((port + 2))
