# To be sourced: what tests ask outside of Scalar. A Python environment with tritonclient, onnx and onnxruntime in
# build/oracles, named by SCALAR_TEST_PYTHON, and the frameworks that adapters open, in their cache folder. Where one
# cannot be had, the tests that need it skip, saying so.
oracles=$PWD/build/oracles
packages=('tritonclient[http]' numpy onnx onnxruntime)
ready="$oracles/ready-${packages[*]//[^a-z]/-}"  # an environment of other packages is made anew
export ORT_DISABLE_TELEMETRY=1
if [ ! -e "$ready" ]; then
  mkdir -p build
  if python3 -m venv "$oracles" >build/oracles.log 2>&1 &&
     "$oracles/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >>build/oracles.log 2>&1; then
    touch "$ready"
  else
    echo "No Python oracles (see build/oracles.log): tests that ask them will skip."
  fi
fi
[ ! -e "$ready" ] || export SCALAR_TEST_PYTHON="$oracles/bin/python"
cmake/fetch-frameworks.sh || echo "Not all frameworks are there: tests that need one that is missing will skip."
