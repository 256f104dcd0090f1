#!/usr/bin/env bash
# Sets up an environment with gluonfr and the contestants, runs all benchmarks and writes their tables,
# resources/results/benchmark-*.csv. Close other programs first: some 15 minutes on two cores, 5 with --quick. Run it
# twice to see how far the ratios move.
# Usage: scripts/benchmark/all.sh [options that all take: --quick, --rounds N]
# GLUONFR_VENV: the environment (default: outputs/benchmark/venv in the checkout; about 2 GB)
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

export GLUONFR_VENV=${GLUONFR_VENV:-$ROOT/outputs/benchmark/venv}
prepare_env cpu
if ! "$PYTHON" -c 'import torch, onnx, onnxscript, onnxruntime' >/dev/null 2>&1; then
    say "installing PyTorch and ONNX Runtime for comparison"
    "$PYTHON" -m pip install --quiet 'numpy<2' 'torch>=2.4' onnx onnxscript onnxruntime ||
        say "they cannot be installed: their rows will say skipped"
fi
cd "$ROOT"
for name in train embed data memory verification; do
    say "scripts/benchmark/$name.py $* --save"
    "$PYTHON" "scripts/benchmark/$name.py" "$@" --save
done
say "done: the tables stand in resources/results"
