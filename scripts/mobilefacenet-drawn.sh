#!/usr/bin/env bash
# The MobileFaceNet that comes with the package: trained on 1,000 people drawn by a program, verified on 200 others.
# Usage: scripts/mobilefacenet-drawn.sh OUT [further options of `gluonfr train`]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

[ $# -ge 1 ] || fail "give the folder for the results: $0 outputs/drawn"
out=$1
shift
prepare_env cpu
[ -f "$out/data/val.bin" ] ||
    "$PYTHON" "$ROOT/examples/face/prepare.py" --synthetic 1000 --images 20 --val-people 200 --pairs 3000 --out "$out/data"
run_gluonfr train --dataset "$out/data" --eval "$out/data/val.bin" --eval-every 625 --network mobilefacenet \
    --loss softmax --optimizer adam --lr 0.002 --lr-mode cosine --wd 0 --warmup 50 --batch-size 32 --epochs 3 \
    --augment mirror,crop --out "$out/run" --resume "$@"
say "done: the net is $out/run/card.json, its accuracies in $out/run/log.txt"
