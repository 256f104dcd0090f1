"""Train MobileFaceNet on LFW without the people of fold 1 and measure it on fold 1, beside pixel PCA.

    python scripts/lfw_fold1.py --data DIR            # makes the missing rows of resources/results/lfw-fold1.csv
    python scripts/lfw_fold1.py --data DIR --only pca softmax --epochs 2

DIR holds `aligned/` (5,748 people, 112x112), `lfw.bin` and `pairs.txt`. Whoever is in a pair of fold 1 is left out of
the training set, so no net has seen a face it is tested on. The 600 pairs of fold 1 are split into ten folds of their
own for the threshold, genuine pairs and impostors by turns. Killed, the same command goes on where it stopped.
"""
import argparse
import csv
import os
import shlex
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from gluonfr.data import RecordDataset, pack_folder, read_bin, read_pairs, write_bin  # noqa: E402
from gluonfr.deploy import Embedder, load_net  # noqa: E402
from gluonfr.deploy.verify import score_pairs, verify_pairs  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'lfw-fold1.csv')
PAIRS = 600
COMMON = ['--network', 'mobilefacenet', '--optimizer', 'adam', '--wd', '0', '--batch-size', '64', '--augment',
          'mirror,crop,photometric', '--log-every', '20', '--no-progress', '--resume']
# name -> options of `gluonfr train`; ring loss and the margin start from the softmax net, as for any small set
RUNS = {
    'softmax': ['--loss', 'softmax', '--lr', '0.002', '--warmup', '50', '--epochs', '6'],
    'softmax-bfloat16': ['--loss', 'softmax', '--lr', '0.002', '--warmup', '50', '--epochs', '6', '--precision',
                         'bfloat16'],
    'ringloss': ['--loss', 'ringloss', '--loss-args', 'lamda=0.1', 'r_init=auto', '--lr', '0.0005', '--epochs', '3',
                 '--finetune', 'softmax'],
    'arcface': ['--loss', 'arcface', '--loss-args', 'm=0.3', 's=20', 'easy_margin=False', '--margin-warmup', '130',
                '--lr', '0.0005', '--epochs', '3', '--finetune', 'softmax'],
}


def main():
    """Prepare what is missing, then make the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'lfw-fold1'), metavar='DIR')
    parser.add_argument('--only', nargs='+', choices=('pca', *RUNS), default=['pca', *RUNS], metavar='NAME')
    parser.add_argument('--csv', default=RESULTS, metavar='FILE')
    args = parser.parse_args()
    train, fold = prepare(args.data, args.outputs)
    there = names(args.csv)
    for name in args.only:
        if name in there:
            print(f'{name} is there')
        elif name == 'pca':
            pca(train, fold, args)
        else:
            net(name, train, fold, args)


def prepare(data, outputs):
    """(training rec, .bin of fold 1), made if they are missing."""
    pairs = read_pairs(os.path.join(data, 'pairs.txt'))[:PAIRS]
    people = sorted({os.path.dirname(path) for pair in pairs for path in pair[:2]})
    rec = pack_folder(os.path.join(data, 'aligned'), os.path.join(outputs, 'train'), exclude=people, min_images=2)
    path = os.path.join(outputs, 'fold1.bin')
    if not os.path.isfile(path):
        lfw = read_bin(os.path.join(data, 'lfw.bin'))
        half = PAIRS // 2  # LFW lists the 300 genuine pairs of a fold first
        order = [pair for both in zip(range(half), range(half, PAIRS)) for pair in both]
        write_bin(path, [lfw.images[2 * pair + i] for pair in order for i in (0, 1)], lfw.issame[order])
    print(f'{rec.images} images of {rec.people} people to train on, {len(people)} people in fold 1')
    return rec.path, path


def pca(train, path, args):
    """Grey pixels at half size, 128 principal components of the training set, whitened, cosine."""
    from sklearn.decomposition import PCA
    began = time.time()
    dataset, pairs = RecordDataset(train), read_bin(path)
    model = PCA(128, whiten=True, random_state=0).fit(np.stack([grey(dataset.read(i)[0]) for i in range(len(dataset))]))
    embeddings = model.transform(np.stack([grey(pairs.image(i)) for i in range(2 * len(pairs))]))
    result = score_pairs(embeddings, pairs.issame, 'lfw fold 1', flip='none', sha256=pairs.sha256)
    write('pca', result, 0, time.time() - began, 'python scripts/lfw_fold1.py --data DIR --only pca', args)


def grey(image):
    """RGB (112, 112, 3) -> (3136,) in [0, 1]."""
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (56, 56), interpolation=cv2.INTER_AREA).ravel() / 255


def net(name, train, path, args):
    """Train one net and measure it."""
    options = list(RUNS[name])
    if '--finetune' in options:
        at = options.index('--finetune') + 1
        options[at] = os.path.join(args.outputs, options[at])
    out = os.path.join(args.outputs, name)
    command = ['train', '--dataset', os.path.dirname(train), '--out', out, *options, *COMMON]
    began = time.time()
    subprocess.run([sys.executable, '-m', 'gluonfr', *command], check=True, cwd=os.getcwd(),
                   env={**os.environ, 'PYTHONPATH': os.pathsep.join([ROOT, os.environ.get('PYTHONPATH', '')])})
    pairs = read_bin(path)
    result = verify_pairs(Embedder(load_net(out)), pairs, 'lfw fold 1')
    epochs = int(options[options.index('--epochs') + 1])
    write(name, result, epochs, time.time() - began, 'gluonfr ' + shlex.join(command), args)


def write(name, result, epochs, seconds, command, args):
    """Append the row and say it."""
    row = {'name': name, 'epochs': epochs, **result.row, 'seconds': round(seconds), 'command': command}
    append_row(args.csv, row)
    print('{name}: accuracy {acc:.4f}+-{std:.4f}, AUC {auc:.4f}, EER {eer:.4f}'.format(**row))


def names(path):
    """Rows that are there."""
    if not os.path.isfile(path):
        return set()
    with open(path, newline='', encoding='utf-8') as file:
        return {row['name'] for row in csv.DictReader(file)}


if __name__ == '__main__':
    main()
