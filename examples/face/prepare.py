"""Make a training set and a verification set of unseen people, from a folder or from drawn faces.

    python examples/face/prepare.py --folder PEOPLE --out outputs/mine
    python examples/face/prepare.py --synthetic 200 --images 20 --out outputs/drawn

A folder has one sub-folder of aligned images (112x112) for each person. --out gets train.rec, train.idx and property
with the people for training, val/ with the others, and val.bin with pairs of these, in folds of different people:

    gluonfr train --dataset outputs/mine --eval outputs/mine/val.bin --out outputs/mine-run

What is not given suits the folder, and is said. Given again with other options or images, it makes the sets anew.
Drawn faces (gluonfr.data.SyntheticFaces) need no download; networks trained on them know drawn faces only.
"""
import argparse
import json
import logging
import os
import re
import shlex
import sys

import gluonfr  # noqa: F401  (first: it makes MXNet import well)
import numpy as np
from gluonfr.cli.parsers.common import Parser, natural, on_error, positive, user_path
from gluonfr.cli.words import in_words
from gluonfr.data import FolderDataset, RecordDataset, SyntheticFaces, draw_pairs, pack_dataset, pack_folder, write_bin
from gluonfr.data.image import encode
from gluonfr.data.opening import check_apart
from gluonfr.metrics import get_protocol
from gluonfr.metrics.pairs import FOLDS
from gluonfr.utils.files import atomic_path
from gluonfr.utils.messages import counted
from tqdm import tqdm

RECORD = 'prepare.json'   # what the sets in --out were made of
SET = re.compile(r'train\..*|property|classes\.txt|pack\.json|val\.bin')


def make_parser():
    """The options."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--folder', type=user_path, metavar='DIR', help='person/image.jpg')
    source.add_argument('--synthetic', type=positive, metavar='N', help='draw N people for training')
    parser.add_argument('--out', type=user_path, required=True, metavar='DIR')
    parser.add_argument('--images', type=positive, default=20, metavar='N',
                        help='drawn images of each person (default 20)')
    parser.add_argument('--val-people', type=positive, metavar='N',
                        help='people kept for verification (default: 100 drawn ones; of a folder a tenth, or a fifth '
                             'of up to 100 people, at least two)')
    parser.add_argument('--pairs', type=positive, metavar='N',
                        help='verification pairs (default: as many as these people have, at most 600 of drawn ones '
                             'and 6000 of a folder)')
    parser.add_argument('--folds', type=positive, metavar='N',
                        help='of the pairs, with different people in each (default: 10, or fewer where people are few)')
    parser.add_argument('--resize', type=positive, metavar='PIXELS',
                        help='bring the images of a folder to this height and width')
    parser.add_argument('--difficulty', type=float, default=1.0, metavar='X',
                        help='of the drawn images: 0 is a frontal portrait each time (default 1)')
    parser.add_argument('--seed', type=natural, default=0,
                        help='of the drawn images, of the people kept for verification and of the pairs (default 0)')
    on_error(parser)
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    return parser


def main(argv=None):
    """Prepare and say what was made."""
    args = make_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
    logging.getLogger('gluonfr').setLevel(logging.INFO)  # such as what of a folder is left out
    try:
        val = (drawn if args.synthetic else from_folder)(args)
        issame = write_pairs(val, args)
    except (ValueError, TypeError, OSError) as error:
        print(f'prepare.py: {in_words("prepare.py", str(error), make_parser(), sys.argv)}', file=sys.stderr)
        return 2
    train = RecordDataset(os.path.join(args.out, 'train.rec'))
    print(f'{args.out}: {len(train)} images of {train.num_classes} people to train on (train.rec), '
          f'{args.pairs} pairs of {val.num_classes} others in {counted(args.folds, "fold")} (val.bin)')
    for note in get_protocol('kfold', nfolds=args.folds).notes(issame, 'val.bin'):
        print(note)
    folds = '' if args.folds == FOLDS else f' --eval-folds {args.folds}'
    place, pairs = shlex.quote(args.out), shlex.quote(os.path.join(args.out, 'val.bin'))
    run = shlex.quote(os.path.join('outputs', os.path.basename(os.path.abspath(args.out)) + '-run'))
    print(f'next: gluonfr train --dataset {place} --eval {pairs}{folds} --network mobilefacenet --loss softmax '
          f'--warmup auto --out {run}')
    return 0


def drawn(args):
    """Pack drawn people; returns the unseen ones."""
    args.val_people = args.val_people or 100
    begin(args, {name: getattr(args, name) for name in ('synthetic', 'images', 'val_people', 'difficulty', 'seed')})
    sets = []
    for folder, people, first in ((args.out, args.synthetic, 0),
                                  (os.path.join(args.out, 'val'), args.val_people, args.synthetic)):
        faces = SyntheticFaces(people, args.images, args.seed, difficulty=args.difficulty, first_identity=first)
        sets.append(pack_dataset(faces, folder, progress=not args.no_progress))
    return RecordDataset(sets[1].path)


def from_folder(args):
    """Pack the people of a folder; returns the set of those kept for verification."""
    check_apart('--out', args.out, args.folder)
    dataset = FolderDataset(args.folder, on_error=args.on_error)
    people = len(dataset.classes)
    several = [name for name, count in zip(dataset.classes, np.bincount(dataset.labels)) if count > 1]
    most = min(people - 2, len(several))
    if most < 2:
        raise ValueError('--folder must have at least 4 people, two to train on and two with two images or more for '
                         f'verification, got {people} people, {len(several)} of them with two images or more.')
    count = args.val_people or min(most, max(2, people // 10, min(people // 5, 2 * FOLDS)))
    if not 2 <= count <= most:
        raise ValueError(f'--val-people must be in [2, {most}], as {args.folder} has {people} people, {len(several)} '
                         f'of them with two images or more, got {count}.')
    held_out = sorted(np.random.RandomState(args.seed).permutation(several)[:count].tolist())
    begin(args, {'held_out': held_out, 'resize': args.resize, 'on_error': args.on_error, **dataset.identity(),
                 'newest': max(os.stat(path).st_mtime_ns for path in dataset.paths)})
    settings = dict(resize=args.resize, progress=not args.no_progress)
    pack_folder(dataset, args.out, exclude=held_out, **settings)
    return RecordDataset(pack_folder(dataset, os.path.join(args.out, 'val'), people=held_out, **settings).path)


def begin(args, said):
    """Remove what an earlier call with other options or images has left in --out, and note what this one makes."""
    path, said = os.path.join(args.out, RECORD), json.loads(json.dumps(said))
    os.makedirs(args.out, exist_ok=True)
    if not os.path.isfile(path) and os.path.isfile(os.path.join(args.out, 'train.rec')):
        raise ValueError(f'--out {args.out} holds a set that this script has not made: give another folder.')
    if os.path.isfile(path):
        with open(path, encoding='utf-8') as file:
            if json.load(file) == said:
                return
        print(f'{args.out}: made anew, as the options or images are not those of the last time')
        for folder in (args.out, os.path.join(args.out, 'val')):
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                if SET.fullmatch(name):
                    os.remove(os.path.join(folder, name))
    with atomic_path(path) as temporary, open(temporary, 'w', encoding='utf-8') as file:
        json.dump(said, file)


def write_pairs(val, args):
    """Draw pairs of the people kept for verification and write val.bin; returns which are of one person."""
    choose_pairs(val.labels, args)
    first, second, issame = draw_pairs(val.labels, args.pairs, args.folds, args.seed)
    order = [i for pair in zip(first, second) for i in pair]
    images = [encode(val.read(i)[0], '.png') for i in tqdm(order, 'pairs', disable=args.no_progress or None)]
    write_bin(os.path.join(args.out, 'val.bin'), images, issame)
    return issame


def choose_pairs(labels, args):
    """Fill in --folds and --pairs: the most folds that give 100 pairs, or half of what one fold gives."""
    people = len(set(labels))
    if args.pairs and args.pairs % (2 * (args.folds or 1)):
        raise ValueError(f'--pairs must be a multiple of twice --folds, {2 * (args.folds or 1)}, got {args.pairs}.')
    if args.folds and args.pairs:
        return
    known = {folds: most_pairs(labels, folds, args.seed, args.pairs or (600 if args.synthetic else 6000))
             for folds in ([args.folds] if args.folds else range(min(FOLDS, people // 2), 0, -1))}
    if args.pairs:
        known = {folds: count for folds, count in known.items() if count == args.pairs} or {1: args.pairs}
    enough = min(max(known.values()) / 2, 100)
    args.folds = args.folds or next(folds for folds, count in known.items() if count >= enough)
    args.pairs = known[args.folds]
    if not args.pairs:
        raise ValueError(f'--val-people {people} with {len(labels)} images are too few for {args.folds} folds: give '
                         'fewer --folds, or more people.')
    if args.folds < FOLDS:
        print(f'{people} people for verification give {args.pairs} pairs in {counted(args.folds, "fold")} (--pairs, '
              '--folds, --val-people)')


def most_pairs(labels, folds, seed, most):
    """The largest number of pairs up to ``most`` that the people of every fold have, found by halving; 0 if none."""
    low, high = 0, most // (2 * folds)
    while low < high:
        middle = (low + high + 1) // 2
        try:
            draw_pairs(labels, 2 * folds * middle, folds, seed)
            low = middle
        except ValueError:
            high = middle - 1
    return 2 * folds * low


if __name__ == '__main__':
    sys.exit(main())
