#!/usr/bin/env bash
# MobileFaceNet (128-d) with ArcFace on MS1M-RefineNet (emore), 112x112.
# Needs ~/.mxnet/datasets/face/faces_emore and the verification sets lfw, cfp_fp, agedb_30 (in that folder).
# Usage: scripts/mobilefacenet-arcface.sh [further or other options of `gluonfr train`], e.g. --gpus 0,1,2,3
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

run_gluonfr train --dataset emore --network mobilefacenet --loss arcface \
    --loss-args m=0.5 s=64 easy_margin=False --margin-warmup 20000 --batch-size 512 --lr 0.1 \
    --lr-steps 100000 140000 160000 --steps 180000 --warmup 2000 \
    --wd 4e-5 --eval lfw cfp_fp agedb_30 --eval-every 2000 --save-every 2000 \
    --out outputs/mobilefacenet-arcface --resume "$@"
