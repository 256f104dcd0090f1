#!/usr/bin/env bash
# Sets up an environment with gluonfr and the contestants, runs all benchmarks, twice, and writes their tables,
# resources/results/benchmark-*.csv, with a row of each pass: how far the ratios move. Close other programs first: some
# 90 minutes on two cores, 60 with --rounds 3, 30 with --quick; more than half of it is engines.py.
# Usage: scripts/benchmark/all.sh [options that all take: --quick, --rounds N]
# GLUONFR_VENV: the environment (default: outputs/benchmark/venv in the checkout; about 2 GB)
# PASSES: how often (default 2)
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

export GLUONFR_VENV=${GLUONFR_VENV:-$ROOT/outputs/benchmark/venv}
prepare_env cpu
# peer MODULES PACKAGES: what a row needs; without it that row says skipped
peer() {
    local modules=$1
    "$PYTHON" -c "import $modules" >/dev/null 2>&1 && return
    say "installing ${*:2} for comparison"
    "$PYTHON" -m pip install --quiet 'numpy<2' "${@:2}" || say "they cannot be installed: their rows will say skipped"
}
peer torch,onnx,onnxscript,onnxruntime,openvino 'torch>=2.4' onnx onnxscript onnxruntime openvino
peer nvidia.dali nvidia-dali-cuda110==1.34.0
cd "$ROOT"
measure() {
    say "scripts/benchmark/$1.py ${*:2} --save"
    "$PYTHON" "scripts/benchmark/$1.py" "${@:2}" --save
}
for ((number = 1; number <= ${PASSES:-2}; number++)); do
    say "pass $number"
    measure train --only mobilefacenet --neighbour --pass "$number" "$@"
    measure train --only iresnet50 --pass "$number" "$@"
    measure train --only mobilefacenet-bfloat16 --pass "$number" "$@"
    measure train --only iresnet50-bfloat16 --pass "$number" "$@"
    for name in embed engines data memory peak verification evaluate enrol partial_fc; do
        measure "$name" --pass "$number" "$@"
    done
done
say "done: the tables stand in resources/results; python scripts/tables.py puts them into docs/speed.md"
