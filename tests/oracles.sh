# To be sourced: a Python environment with the outside oracles that tests ask (tritonclient, XGBoost 3), in build/oracles.
# Exports SCALAR_TEST_PYTHON and SCALAR_XGBOOST_LIBRARY; where a package cannot be had, its variable stays unset and the
# tests that need it skip, saying so.
oracles=$PWD/build/oracles
if [ ! -e "$oracles/ready" ]; then
  mkdir -p build
  if python3 -m venv "$oracles" >build/oracles.log 2>&1 &&
     "$oracles/bin/pip" install --quiet --disable-pip-version-check 'tritonclient[http]' numpy >>build/oracles.log 2>&1; then
    "$oracles/bin/pip" install --quiet --disable-pip-version-check --no-deps xgboost-cpu >>build/oracles.log 2>&1 || true
    touch "$oracles/ready"
  else
    echo "No Python oracles (see build/oracles.log): tests that ask them will skip."
  fi
fi
if [ -e "$oracles/ready" ]; then
  export SCALAR_TEST_PYTHON="$oracles/bin/python"
  library=$(find -H "$oracles" -name libxgboost.so -print -quit)
  [ -z "$library" ] || export SCALAR_XGBOOST_LIBRARY="$library"
fi
