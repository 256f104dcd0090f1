"""Measure what a teacher gives a MobileFaceNet on LFW, beside hard labels alone.

    python scripts/distill_lfw.py --data DIR --teacher NET      # makes the missing rows of the table
    python scripts/distill_lfw.py --data DIR --teacher NET --seeds 0 --distill 1 10 100

DIR is that of `scripts/lfw_fold1.py`, which says what is trained on and measured: LFW without the people of fold 1,
and the 600 pairs of fold 1. The networks with and without a teacher differ in nothing else: data, loss, length, seed.
NET is what `gluonfr train --teacher` takes, such as InsightFace's MobileFaceNet y1 (model-symbol.json), which has the
128 dimensions of the network that learns. What published networks were trained on may have some people of LFW. Killed,
the same command goes on where it stopped; at the end it says the differences, seed by seed.
"""
import argparse
import os
import shlex
import subprocess
import sys
import time

import numpy as np
from lfw_fold1 import ROOT, prepare

from gluonfr.data import read_bin
from gluonfr.deploy import Embedder, load_net
from gluonfr.deploy.verify import verify_pairs
from gluonfr.utils.rows import append_row, read_rows

RESULTS = os.path.join(ROOT, 'resources', 'results', 'distill-lfw.csv')
COMMON = ['--network', 'mobilefacenet', '--loss', 'softmax', '--optimizer', 'adam', '--wd', '0', '--lr', '0.002',
          '--warmup', 'auto', '--batch-size', '64', '--augment', 'mirror,crop,photometric', '--log-every', '20',
          '--no-report', '--no-progress', '--resume']


def main(words=None):
    """Make the rows that are missing, and say what they show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'lfw-fold1'), metavar='DIR')
    parser.add_argument('--teacher', required=True, metavar='NET')
    parser.add_argument('--distill', type=float, nargs='+', default=[10.0], metavar='X')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], metavar='N')
    parser.add_argument('--epochs', type=int, default=6, metavar='N')
    parser.add_argument('--steps', type=int, metavar='N', help='stop after so many: to try the script')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(words)
    train, fold = prepare(args.data, args.outputs)
    pairs = read_bin(fold)
    show('the teacher itself', verify_pairs(Embedder(args.teacher), pairs, 'lfw fold 1').row)
    for seed in args.seeds:
        for factor in [None, *args.distill]:
            taught = ('', '') if factor is None else (named(args.teacher), factor)
            key = {'teacher': taught[0], 'distill': taught[1], 'epochs': args.epochs, 'seed': seed}
            if not found(args.csv, key):
                append_row(args.csv, measured(key, train, pairs, args))
            show('teacher {teacher!r} distill {distill} seed {seed}'.format(**key), found(args.csv, key)[0])
    for factor in args.distill:
        compare(args, named(args.teacher), factor)


def named(teacher):
    """What a teacher is called in the table: the name of its folder, or of the weights."""
    folder = os.path.dirname(teacher) if os.path.isfile(teacher) else teacher
    return os.path.basename(os.path.normpath(folder))


def found(path, key):
    """The rows of these settings."""
    return [row for row in read_rows(path) if all(row[name] == str(value) for name, value in key.items())]


def measured(key, train, pairs, args):
    """Train one network, unless that is done, and measure it."""
    out = os.path.join(args.outputs, 'distill', '{}-{}-epochs-seed-{}'.format(
        '{teacher}-{distill}'.format(**key) if key['teacher'] else 'hard', key['epochs'], key['seed']))
    command = ['train', '--dataset', os.path.dirname(train), '--out', out, '--epochs', str(args.epochs), '--seed',
               str(key['seed']), *(['--steps', str(args.steps)] if args.steps else []), *COMMON]
    if key['teacher']:
        command += ['--teacher', args.teacher, '--distill', str(key['distill'])]
    began = time.time()
    subprocess.run([sys.executable, '-m', 'gluonfr', *command], check=True,
                   env={**os.environ, 'PYTHONPATH': os.pathsep.join([ROOT, os.environ.get('PYTHONPATH', '')])})
    seconds = round(time.time() - began)
    row = verify_pairs(Embedder(load_net(out)), pairs, 'lfw fold 1').row
    shown = [named(word) if word == args.teacher else word for word in command]
    return {**key, **row, 'seconds': seconds, 'command': 'gluonfr ' + shlex.join(shown)}


def show(what, row):
    """A line for a row."""
    print('{}: accuracy {:.2f} %, AUC {:.4f}'.format(what, 100 * float(row['acc']), float(row['auc'])), flush=True)


def compare(args, teacher, factor):
    """Say by how much the networks with a teacher are better than those with hard labels alone."""
    differences = []
    for seed in args.seeds:
        keys = [{'teacher': name, 'distill': x, 'epochs': args.epochs, 'seed': seed}
                for name, x in (('', ''), (teacher, factor))]
        hard, taught = (float(found(args.csv, key)[0]['acc']) for key in keys)
        differences.append(100 * (taught - hard))
    print('distill {}: {:+.2f} points over hard labels, by seed {}'.format(
        factor, np.mean(differences), ' '.join(map('{:+.2f}'.format, differences))))


if __name__ == '__main__':
    main()
