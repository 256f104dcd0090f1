"""What `gluonfr finetune` makes of 30 people with 6 images each, and of LFW without one fold, measured on other people.

    python scripts/finetune_lfw.py --people DIR --pairs FILE --net NET
    python scripts/finetune_lfw.py --people DIR --pairs FILE --net NET --parts degraded --seeds 10
    python scripts/finetune_lfw.py --people DIR --pairs FILE --net NET --parts fold1

DIR holds the aligned faces of LFW, DIR/NAME/*.jpg, FILE is its pairs.txt. The parts:
  same      30 people with 6 images each, drawn by the seed, as they are; then all pairs of other people
  degraded  the same, with all images blurred and made 24 pixels wide, and large again
  fold1     all people with two images or more who are in no pair of fold 1; then the pairs of fold 1
Rows go to resources/results/finetune-lfw.csv: the accuracy of the start network and of the one that was kept, on the
same pairs, the difference with its interval over people, and the seconds of the fine-tuning. Killed, the same command
goes on where it stopped; rows that are there are not made again.
"""
import argparse
import os
import shlex
import shutil
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from gluonfr.data import decode, encode, read_pairs  # noqa: E402
from gluonfr.data.image_files import ImageFiles  # noqa: E402
from gluonfr.deploy import Embedder  # noqa: E402
from gluonfr.finetune import finetune  # noqa: E402
from gluonfr.metrics import compare_models  # noqa: E402
from gluonfr.photos import embed_cached  # noqa: E402
from gluonfr.utils.files import atomic_folder  # noqa: E402
from gluonfr.utils.rows import append_row, read_rows  # noqa: E402
from gluonfr.utils.vectors import unit_rows  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'finetune-lfw.csv')
PEOPLE, IMAGES, FOLD = 30, 6, 600
SIGMA, SIDE = 2.0, 24  # of the blur and the small image, pixels


def main(argv=None):
    """Make the rows that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--people', required=True, metavar='DIR')
    parser.add_argument('--pairs', required=True, metavar='FILE')
    parser.add_argument('--net', required=True, metavar='NET')
    parser.add_argument('--parts', nargs='+', default=['same', 'degraded'], choices=('same', 'degraded', 'fold1'))
    parser.add_argument('--seeds', type=int, default=10, metavar='N', help='of same and degraded (default 10)')
    parser.add_argument('--most-pairs', type=int, metavar='N', help='test on every so many-th pair only')
    parser.add_argument('--options', nargs='*', default=[], metavar='NAME=NUMBER',
                        help='of gluonfr.finetune.make_plan, such as epochs=2')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'finetune-lfw'), metavar='DIR')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(argv)
    args.command = 'python scripts/finetune_lfw.py ' + shlex.join(
        os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv))
    args.numbers = {name: float(value) if '.' in value else int(value) for name, value in
                    (word.split('=') for word in args.options)}
    pairs = read_pairs(args.pairs)
    for part in args.parts:
        for seed in range(args.seeds if part != 'fold1' else 1):
            there = {(row['part'], row['seed']) for row in read_rows(args.csv)}
            if (part, str(seed)) in there:
                print('{} {} is there'.format(part, seed))
                continue
            append_row(args.csv, dict(measured(args, part, seed, pairs), command=args.command))


def measured(args, part, seed, pairs):
    """The row of a part and a seed."""
    place = os.path.join(args.outputs, '{}-{}'.format(part, seed))
    people = people_of(args.people, part, seed, pairs)
    if not os.path.isdir(os.path.join(place, 'people')):
        copy(args.people, people, os.path.join(place, 'people'), part == 'degraded')
    begin, begun = time.time(), os.path.isdir(os.path.join(place, 'run'))
    found = finetune(os.path.join(place, 'people'), args.net, os.path.join(place, 'run'), tell=print, seed=seed,
                     command=args.command, **args.numbers)
    seconds = '' if begun else '{:.0f}'.format(time.time() - begin)
    tested = [pair for pair in (pairs[:FOLD] if part == 'fold1' else pairs)
              if not {os.path.dirname(name) for name in pair[:2]} & set(people)]
    step = max(1, len(tested) // (args.most_pairs or len(tested)))
    start, kept = (scores_of(args, net, tested[::step], part == 'degraded') for net in (
        args.net, os.path.join(place, 'run')))
    same = np.array([pair[2] for pair in tested[::step]])
    whose = [np.array([os.path.dirname(pair[i]) for pair in tested[::step]]) for i in (0, 1)]
    order = np.argsort(np.arange(len(same)) % 10 if part == 'fold1' else np.zeros(len(same)), kind='stable')
    test = compare_models(start[order], kept[order], same[order], whose[0][order], whose[1][order])
    verdict = found.verdict or {}
    row = {'part': part, 'seed': seed, 'people': found.people, 'images': found.images, 'kept': found.kept,
           'held_out_start': verdict.get('start'), 'held_out_new': verdict.get('new'),
           'held_out_low': verdict.get('low'), 'held_out_high': verdict.get('high'),
           'pairs': len(same), 'start': test.a, 'result': test.b, 'difference': test.difference, 'low': test.low,
           'high': test.high, 'seconds': seconds}
    print(', '.join('{} {}'.format(*item) for item in row.items()), flush=True)
    return {name: '{:.4f}'.format(value) if isinstance(value, float) else value for name, value in row.items()}


def people_of(folder, part, seed, pairs):
    """{person: images} to train on."""
    there = {name: sorted(os.listdir(os.path.join(folder, name))) for name in sorted(os.listdir(folder))}
    if part == 'fold1':
        tested = {os.path.dirname(name) for pair in pairs[:FOLD] for name in pair[:2]}
        return {name: images for name, images in there.items() if len(images) > 1 and name not in tested}
    several = [name for name, images in there.items() if len(images) >= IMAGES]
    chosen = np.random.RandomState(seed).choice(several, min(PEOPLE, len(several)), replace=False)
    return {name: there[name][:IMAGES] for name in sorted(chosen.tolist())}


def copy(folder, people, out, degrade):
    """Write the images of people into a folder, whole or not at all."""
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with atomic_folder(out) as written:
        for person, images in people.items():
            os.mkdir(os.path.join(written, person))
            for name in images:
                source, target = (os.path.join(where, person, name) for where in (folder, written))
                if degrade:
                    write(target, degraded(source))
                else:
                    shutil.copy(source, target)


def degraded(path):
    """An image blurred, made small and large again, as a PNG."""
    with open(path, 'rb') as file:
        image = cv2.GaussianBlur(decode(file.read()), (0, 0), SIGMA)
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return encode(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), '.png')


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


class Degraded(ImageFiles):
    """Image files, each degraded when it is read."""

    def read_bytes(self, index):
        return degraded(self.paths[index]), -1


def scores_of(args, net, pairs, degrade):
    """The cosine of each pair by a network, whose embeddings are kept."""
    names = sorted({name for pair in pairs for name in pair[:2]})
    paths = [os.path.join(args.people, name) for name in names]
    images = (Degraded if degrade else ImageFiles)(paths)
    embedded = embed_cached(images, Embedder(net, normalize=False), os.path.join(args.outputs, 'embeddings'),
                            progress=True)
    units, place = unit_rows(embedded.embeddings), {name: i for i, name in enumerate(names)}
    first, second = (units[[place[pair[i]] for pair in pairs]] for i in (0, 1))
    return np.einsum('ij,ij->i', first, second)


if __name__ == '__main__':
    main()
