"""Make a training set and a verification set of unseen people, from a folder or from drawn faces.

    python examples/face/prepare.py --folder people/ --out ~/.mxnet/datasets/face/mine
    python examples/face/prepare.py --synthetic 200 --images 20 --out ~/.mxnet/datasets/face/drawn

A folder has one sub-folder of aligned images (112x112) for each person. --out gets train.rec, train.idx and property
with the people for training, val/ with the others, and val.bin with pairs of these, in folds of different people:

    gluonfr train --dataset mine --eval mine/val --out runs/mine

Drawn faces (gluonfr.data.SyntheticFaces) need no download; nets trained on them know drawn faces only.
"""
import argparse
import os
import sys

import gluonfr  # noqa: F401  (first: it makes MXNet import well)
from gluonfr.data import FolderDataset, RecordDataset, SyntheticFaces, draw_pairs, pack_dataset, pack_folder, write_bin
from gluonfr.cli.parsers.common import natural, positive, user_path
from gluonfr.data.image import encode
from tqdm import tqdm


def main(argv=None):
    """Prepare and say what was made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--folder', type=user_path, metavar='DIR', help='person/image.jpg')
    source.add_argument('--synthetic', type=positive, metavar='N', help='draw N people for training')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR')
    parser.add_argument('--images', type=positive, default=20, metavar='N',
                        help='drawn images of each person (default 20)')
    parser.add_argument('--val-people', type=positive, metavar='N',
                        help='people kept for verification (default: a tenth of those in the folder, 100 drawn ones)')
    parser.add_argument('--pairs', type=positive, metavar='N',
                        help='verification pairs (default: 600 drawn ones; of a folder as many as it has, at most '
                             '6000)')
    parser.add_argument('--folds', type=positive, default=10, metavar='N', help='of the pairs (default 10)')
    parser.add_argument('--difficulty', type=float, default=1.0, metavar='X',
                        help='of the drawn images: 0 is a frontal portrait each time (default 1)')
    parser.add_argument('--seed', type=natural, default=0)
    parser.add_argument('--no-progress', action='store_true')
    args = parser.parse_args(argv)
    try:
        val = (drawn if args.synthetic else from_folder)(args)
        write_pairs(val, args)
    except (ValueError, TypeError, OSError) as error:
        print(f'prepare.py: {error}', file=sys.stderr)
        return 2
    train = RecordDataset(os.path.join(args.out, 'train.rec'))
    print(f'{args.out}: {len(train)} images of {train.num_classes} people to train on (train.rec), '
          f'{args.pairs} pairs of others (val.bin)')
    return 0


def drawn(args):
    """Pack drawn people; returns the unseen ones."""
    sets = []
    for folder, people, first in ((args.out, args.synthetic, 0),
                                  (os.path.join(args.out, 'val'), args.val_people or 100, args.synthetic)):
        faces = SyntheticFaces(people, args.images, args.seed, difficulty=args.difficulty, first_identity=first)
        sets.append(pack_dataset(faces, folder, progress=not args.no_progress))
    args.pairs = args.pairs or 600
    return RecordDataset(sets[1].path)


def from_folder(args):
    """Pack the people of a folder; returns the set of those kept for verification."""
    people = len(FolderDataset(args.folder).classes)
    count = args.val_people or max(2, people // 10)
    if people < 3:
        raise ValueError(f'--folder must have at least 3 people, two of them for verification, got {people}.')
    if not 2 <= count < people:
        raise ValueError(f'--val-people must be in [2, {people - 1}], as {args.folder} has {people} people, got '
                         f'{count}.')
    report = pack_folder(args.folder, args.out, split=count / people, seed=args.seed, progress=not args.no_progress)
    return RecordDataset(report.val.path)


def write_pairs(val, args):
    """Draw pairs of the people kept for verification and write val.bin."""
    if args.pairs is None:
        args.pairs = most_pairs(val.labels, args.folds, args.seed, 6000)
    first, second, issame = draw_pairs(val.labels, args.pairs, args.folds, args.seed)
    order = [i for pair in zip(first, second) for i in pair]
    images = [encode(val.read(i)[0], '.png') for i in tqdm(order, 'pairs', disable=args.no_progress or None)]
    write_bin(os.path.join(args.out, 'val.bin'), images, issame)


def most_pairs(labels, folds, seed, most):
    """The largest number of pairs up to ``most`` that the people of every fold have, found by halving."""
    low, high = 0, most // (2 * folds)
    while low < high:
        middle = (low + high + 1) // 2
        try:
            draw_pairs(labels, 2 * folds * middle, folds, seed)
            low = middle
        except ValueError:
            high = middle - 1
    if not low:
        raise ValueError(f'--val-people {len(set(labels))} with {len(labels)} images are too few for {folds} folds: '
                         'give fewer --folds, or more people.')
    return 2 * folds * low


if __name__ == '__main__':
    sys.exit(main())
