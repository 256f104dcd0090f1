#!/usr/bin/env bash
# From a clone to a trained network: sets up .venv and trains on real handwritten digits, with the pictures of what the
# loss does. Usage: scripts/quickstart.sh [arguments of examples/mnist/main.py]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

prepare_env cpu,demo
cd "$ROOT"
export MPLBACKEND="${MPLBACKEND:-Agg}"
for name in softmax ArcFace_v1; do
    out=outputs/quickstart/$name
    say "training LeNet++ on MNIST with $name (pictures: $out)"
    "$PYTHON" examples/mnist/main.py --lossname "$name" --epochs 4 --dataset auto --out "$out" "$@"
done
say "done: the accuracies stand above, the pictures in $ROOT/outputs/quickstart"
