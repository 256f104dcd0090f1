#!/usr/bin/env bash
# Sets up .venv and runs the tests. Usage: scripts/test.sh [arguments of pytest, such as files or -k NAME]
# GLUONFR_TEST_DATA names the folder with real data; tests that need it and do not find it are skipped.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

prepare_env cpu,demo,dev
cd "$ROOT"
say "running the tests"
"$PYTHON" -m pytest -q "$@"  # pyproject.toml names the folder tests where no argument names files
