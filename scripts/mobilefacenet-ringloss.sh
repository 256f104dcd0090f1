#!/usr/bin/env bash
# MobileFaceNet (256-d) with ring loss on MS1M-RefineNet (emore): the recipe in the ring-loss document's log: lamda 0.01,
# lr 0.1, divided by 10 after 60k, 120k and 180k updates, weight decay 4e-5, batch 512. R starts at 20, as the document's
# text recommends; that log has 10.
# Usage: scripts/mobilefacenet-ringloss.sh [further or other options of `gluonfr train`], e.g. --gpus 0,1,2,3
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

run_gluonfr train --dataset emore --network mobilefacenet_ring --loss ringloss --loss-args lamda=0.01 r_init=20.0 \
    --batch-size 512 --lr 0.1 --lr-steps 60000 120000 180000 --steps 200000 --wd 4e-5 --momentum 0.9 \
    --eval lfw --eval-every 2000 --save-every 2000 --log-every 200 \
    --out outputs/mobilefacenet-ringloss --resume "$@"
