#!/usr/bin/env bash
# From a folder of people (people/NAME/*.jpg, aligned, 112x112) to a net: softmax first, then ArcFace with a growing
# margin and a small scale, as the ArcFace-training document advises for small sets (s from 5 to 10). Batch and warm-ups
# follow from the number of images: 128, 100 and 500 steps, less where these are few.
# Usage: scripts/people-arcface.sh PEOPLE OUT [further or other options of both `gluonfr train` calls]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

[ $# -ge 2 ] && [ -d "$1" ] || fail "give the folder of people and the folder for the results: $0 people/ outputs/people"
people=$1 out=$2
shift 2
common=(--network mobilefacenet --warmup auto --augment mirror,crop,photometric --wd 5e-4 --clip 5 --resume)
run_gluonfr train --dataset "$people" --loss softmax --epochs 20 --lr 0.05 "${common[@]}" \
    --out "$out/softmax" "$@"
run_gluonfr train --dataset "$people" --loss arcface --loss-args m=0.3 s=10 easy_margin=False --margin-warmup auto \
    --epochs 20 --lr 0.02 --finetune "$out/softmax" "${common[@]}" --out "$out/arcface" "$@"
say "done: the net is $out/arcface/card.json, its accuracies in $out/arcface/log.txt"
