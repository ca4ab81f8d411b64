#!/bin/sh
# Runs tritonclient_test.py against the fixture server given as first argument, with the Python in SCALAR_TEST_PYTHON.
python="${SCALAR_TEST_PYTHON:-python3}"
if ! "$python" -c 'import tritonclient.http' 2>/dev/null; then
  echo "SKIPPED: tritonclient[http] is not installed for $python; set SCALAR_TEST_PYTHON to a Python that has it"
  exit 77
fi
exec "$python" "$(dirname "$0")/tritonclient_test.py" "$1"
