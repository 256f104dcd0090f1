#!/usr/bin/env bash
# Sets up .venv and runs the tests. Usage: scripts/test.sh [--without-mxnet] [arguments of pytest, such as files or -k NAME]
# With --without-mxnet, which comes first, the environment is .venv-without-mxnet, of the newest Python there is, and the
# tests are the unit tests of what works without MXNet; the others are skipped.
# GLUONFR_TEST_DATA names the folder with real data; tests that need it and do not find it are skipped.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

if [ "${1:-}" = --without-mxnet ]; then
    shift
    set -- -o testpaths=tests/unittests "$@"
    GLUONFR_VENV=${GLUONFR_VENV:-$ROOT/.venv}-without-mxnet
    prepare_env demo,dev
    say "running the tests without MXNet: $("$PYTHON" -c 'import platform, numpy
print("Python {}, NumPy {}".format(platform.python_version(), numpy.__version__))')"
else
    prepare_env cpu,demo,dev
    say "running the tests"
fi
cd "$ROOT"
"$PYTHON" -m pytest -q "$@"  # pyproject.toml names the folder tests where no argument names files
