"""Train with a million identities, from `gluonfr train` to verification, on one machine.

    python scripts/million.py --data DIR
    python scripts/million.py --data DIR --classes 20000 --num-sample 2000 --steps 60 --outputs outputs/try --csv a.csv

DIR is that of scripts/leaderboard.py, whose people, pixels (48x48) and first network these are. The few thousand people
with images get labels drawn from a million; the other labels have nobody. What a step computes, moves and keeps is that
of a million people with images: all rows of the class layer are there, a sample of them is scored in each step, and
they are in each checkpoint. Beside it the same people alone, with a dense layer that has a row for each of them. Both
go on from the same network and are measured on the pairs of fold 1, whose people neither has seen. Rows go to
resources/results/million.csv; killed, the same command goes on where it stopped.
"""
import argparse
import csv
import os
import shlex
import statistics
import subprocess
import sys
import time

import leaderboard
import numpy as np
from leaderboard import PAIRS, SIDE

from gluonfr.data import RecordDataset, open_dataset, read_bin, write_bin
from gluonfr.data.image import encode, resize
from gluonfr.utils.rows import append_row

RESULTS = os.path.join(leaderboard.ROOT, 'resources', 'results', 'million.csv')
OPTIONS = ['--network', 'mobilefacenet', '--network-args', f'input_size={SIDE}', '--batch-size', '64',
           '--loss', 'cosface', '--loss-args', 'm=0.2', 's=20', '--margin-warmup', '130', '--lr', '0.02',
           '--augment', 'mirror,crop,photometric', '--eval-folds', '10', '--log-every', '20', '--no-progress',
           '--no-report', '--resume']


def main(words=None):
    """Make the sets, train with all labels and with those of people, and append the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'million'), metavar='DIR')
    parser.add_argument('--classes', type=int, default=1000000, metavar='C')
    parser.add_argument('--num-sample', type=int, default=20000, metavar='N', help='classes of a step')
    parser.add_argument('--epochs', type=int, default=3, metavar='N', help='the start takes twice as many (default 3)')
    parser.add_argument('--steps', type=int, metavar='N', help='stop each training after so many')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args(words)
    train, _ = leaderboard.prepare(args.data, args.outputs)
    pairs = prepare_pairs(args.data, args.outputs)
    spread = spread_labels(train, os.path.join(args.outputs, f'spread-{args.classes}'), args.classes)
    length = ['--steps', str(args.steps)] if args.steps else []
    start = leaderboard.run('start', 0, train, [*leaderboard.START, '--epochs', str(2 * args.epochs), *length], args)
    there = {row['layer'] for row in rows(args.csv)} if os.path.isfile(args.csv) else set()
    for layer, rec, sample in (('sampled', spread, args.num_sample), ('dense', train, None)):
        if layer in there:
            print(f'the row of {layer} is there')
        else:
            append_row(args.csv, trained(layer, rec, sample, start, pairs, length, args))


def prepare_pairs(data, outputs):
    """The .bin of fold 1 at the size of the training, genuine pairs and impostors by turns; made if it is missing."""
    path = os.path.join(outputs, 'fold1.bin')
    if not os.path.isfile(path):
        lfw, half = read_bin(os.path.join(data, 'lfw.bin')), PAIRS // 2  # a fold's genuine pairs come first
        order = np.arange(PAIRS).reshape(2, half).T.ravel()
        images = [encode(resize(lfw.image(2 * pair + i), (SIDE, SIDE)), '.png') for pair in order for i in (0, 1)]
        write_bin(path, images, lfw.issame[order])
    return path


def spread_labels(rec, out, classes):
    """The same records with labels drawn from so many, the last one among them: path of train.rec in `out`."""
    from mxnet import recordio
    dataset = RecordDataset(rec)
    people = int(dataset.num_classes)
    drawn = np.random.RandomState(0).permutation(classes - 1)[:people - 1]
    labels = np.sort(np.append(drawn, classes - 1))
    path = os.path.join(out, 'train.rec')
    if not os.path.isfile(path):
        os.makedirs(out, exist_ok=True)
        writer = recordio.MXIndexedRecordIO(os.path.join(out, 'train.idx'), path + '.tmp', 'w')
        for i in range(len(dataset)):
            content, label = dataset.read_bytes(i)
            writer.write_idx(i, recordio.pack(recordio.IRHeader(0, float(labels[int(label)]), i, 0), content))
        writer.close()
        os.replace(path + '.tmp', path)
    return path


def trained(layer, rec, sample, start, pairs, length, args):
    """The row of one training: time, memory, and verification of people that it has not seen."""
    name = layer if sample is None else f'{layer}-{args.classes}-{sample}'
    out = os.path.join(args.outputs, name)
    command = ['train', '--dataset', os.path.dirname(rec), '--eval', pairs, '--out', out, '--finetune', start,
               '--epochs', str(args.epochs), *OPTIONS, *length, *(['--num-sample', str(sample)] if sample else [])]
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, '-m', 'gluonfr', *command],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join([leaderboard.ROOT, os.environ.get('PYTHONPATH', '')])})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f'the training {name} failed')
    data = open_dataset(os.path.dirname(rec))
    measured, steps = map(rows, (os.path.join(out, each) for each in ('verify.csv', 'steps.csv')))
    checkpoints = os.path.join(out, 'checkpoint')
    checkpoint = max(os.path.getsize(os.path.join(checkpoints, name)) for name in os.listdir(checkpoints))
    row = {'layer': layer, 'identities': int(data.num_classes),
           'people': len(np.unique(data.labels)), 'images': len(data), 'sampled': sample or '',
           'steps': steps[-1]['step'],
           'images_per_second': round(statistics.median(float(each['images_per_second']) for each in steps), 1),
           'seconds': round(time.time() - began), 'peak_mib': round(usage.ru_maxrss / 1024),
           'checkpoint_mib': round(checkpoint / 2 ** 20), 'accuracy': measured[-1]['acc'], 'std': measured[-1]['std'],
           'command': 'gluonfr ' + shlex.join(command)}
    print(', '.join('{} {}'.format(*cell) for cell in row.items() if cell[0] != 'command'), flush=True)
    return row


def rows(path):
    """Of a csv file."""
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


if __name__ == '__main__':
    main()
