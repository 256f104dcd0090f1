#!/usr/bin/env bash
# Sets up .venv and runs the tests. Usage: scripts/test.sh [--without-mxnet] [arguments of pytest, such as files or -k NAME]
# Without arguments of pytest all tests run, in one process more than there are cores, as some tests wait for what they
# have started; at most in 4. With arguments, they run in one process; add -n NUMBER for more.
# With --without-mxnet, which comes first, the environment is .venv-without-mxnet, of the newest Python there is, and the
# tests are the unit tests of what works without MXNet; the others are skipped.
# GLUONFR_TEST_DATA names the folder with real data; tests that need it and do not find it are skipped.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

extras=cpu,demo,dev paths=tests without=""
if [ "${1:-}" = --without-mxnet ]; then
    shift
    extras=demo,dev paths=tests/unittests without=" without MXNet"
    GLUONFR_VENV=${GLUONFR_VENV:-$ROOT/.venv}-without-mxnet
fi
prepare_env "$extras"
say "running the tests$without: $("$PYTHON" -c 'import platform, numpy
print("Python {}, NumPy {}".format(platform.python_version(), numpy.__version__))')"
cd "$ROOT"
if [ $# -eq 0 ]; then
    processes=$("$PYTHON" -c 'from gluonfr.compat import usable_cores; print(min(4, usable_cores() + 1))')
    # worksteal keeps the order, so that most tests that share what is made for them stay in one process
    set -- -n "$processes" --dist worksteal
fi
"$PYTHON" -m pytest -q -o testpaths="$paths" "$@"  # those in testpaths where no argument names files
