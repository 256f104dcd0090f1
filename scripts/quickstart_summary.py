"""What quickstart.sh has made, what its numbers mean, and what to do next: `quickstart_summary.py .venv/bin`."""
import csv
import glob
import os
import shlex
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACE = os.path.join('outputs', 'quickstart')
PICTURES = ('softmax/pictures/test-0*.png', 'ArcFace_v1/pictures/test-circle-0*.png', 'faces/pictures/val-roc.png',
            'faces/pictures/val-scores.png', 'faces/pictures/unseen-embeddings.png', 'faces/run/curves.png')


def main():
    """Print it."""
    os.chdir(ROOT)
    digits, (faces,) = [rows(name)[-1] for name in ('softmax', 'ArcFace_v1')], rows('faces')
    print(f'''
== done: everything is in {os.path.join(ROOT, PLACE)}

Digits: LeNet++ with an embedding of {digits[0]["embedding_size"]} dimensions, trained on \
{int(digits[0]["train_images"]):,} real digits of MNIST (epochs: {digits[0]["epochs"]}) and tested on \
{int(digits[0]["test_images"]):,} others.''')
    for row in digits:
        print(f'  {row["name"]:12} {100 * float(row["test_accuracy"]):.2f} % right')
    print(f'''\
  Guessing gives 10 %. ArcFace pulls digits apart by angles, which takes longer: after so few steps it may lie below
  softmax; on all of MNIST it lies above (docs/results.md).

Faces: MobileFaceNet, trained on drawn images of 150 people and verified on {int(faces["pairs"]):,} pairs of 40 others.
  accuracy     {100 * float(faces["acc"]):.2f} % +- {100 * float(faces["std"]):.2f}: the share of pairs \
judged correctly as the same person or not; guessing gives 50 %
  threshold    {float(faces["threshold"]):.4f}: two faces whose cosine reaches it count as the same person
  It is of no use for photographs. {faces["impostors"]} pairs of different people are too few to show how rarely two
  people are taken for one: a false accept rate (FAR) of 0.001 needs at least 1,000.

Pictures:''')
    for pattern in PICTURES:
        for path in sorted(glob.glob(os.path.join(PLACE, *pattern.split('/'))))[-1:]:
            print('  ' + path)
    folder = sys.argv[1]
    folder = os.path.relpath(folder, ROOT) if folder.startswith(ROOT + os.sep) else folder
    print(f'''
Next, here in {ROOT}:
  source {shlex.quote(os.path.join(folder, "activate"))}      # the environment for the commands of the README
  gluonfr verify mobilefacenet_drawn --data {PLACE}/faces/data/val.bin   # a network that was trained longer
  python examples/mnist/make_gif.py --run {PLACE}/ArcFace_v1              # its pictures as GIFs''')


def rows(name):
    """The rows of a part's result.csv."""
    with open(os.path.join(PLACE, name, 'result.csv'), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


if __name__ == '__main__':
    main()
