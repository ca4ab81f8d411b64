# To be sourced: what tests ask outside of Scalar. A Python environment with tritonclient in build/oracles, named by
# SCALAR_TEST_PYTHON, and the frameworks that adapters open, in their cache folder. Where one cannot be had, the tests that
# need it skip, saying so.
oracles=$PWD/build/oracles
if [ ! -e "$oracles/ready" ]; then
  mkdir -p build
  if python3 -m venv "$oracles" >build/oracles.log 2>&1 &&
     "$oracles/bin/pip" install --quiet --disable-pip-version-check 'tritonclient[http]' numpy >>build/oracles.log 2>&1; then
    touch "$oracles/ready"
  else
    echo "No Python oracles (see build/oracles.log): tests that ask them will skip."
  fi
fi
[ ! -e "$oracles/ready" ] || export SCALAR_TEST_PYTHON="$oracles/bin/python"
cmake/fetch-frameworks.sh || echo "Not all frameworks are there: tests that need one that is missing will skip."
