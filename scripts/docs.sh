#!/usr/bin/env bash
# Builds the documentation site. Warnings are errors, and so are links inside the site that lead nowhere.
# Usage: scripts/docs.sh [arguments of sphinx-build]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

prepare_env cpu,docs
cd "$ROOT"
say "building the documentation"
"$PYTHON" -m sphinx -q -n -W --keep-going "$@" docs outputs/docs
"$PYTHON" -m gluonfr report docs/example-report/flip-none.json docs/example-report/flip-sum.json \
    --title "Example: 60 drawn people, with and without mirror images" --out outputs/docs/example-report.html
say "open outputs/docs/index.html"
