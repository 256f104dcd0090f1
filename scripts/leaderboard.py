"""Compare losses on LFW: the same small network and schedule, three seeds each, on people that no network has seen.

    python scripts/leaderboard.py --data DIR                    # about two hours on two cores; goes on where it stopped
    python scripts/leaderboard.py --data DIR --seeds 0 &        # seeds side by side, one core each
    python scripts/leaderboard.py --data DIR --only softmax arcface --epochs 1

DIR holds `aligned/` (LFW, 112x112) and `pairs.txt`. Everybody who is in a pair of fold 1 is left out of the training set.
MobileFaceNet on 48x48 pixels is trained once per seed with softmax; each loss then starts from that network and trains for
the same number of epochs, softmax too. All images of the people of fold 1 are embedded. Training ends there; the measured
rows, the picture and the table are made by the same command from what is finished.
"""
import argparse
import os
import resource
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy as np  # noqa: E402
from gluonfr.data import RecordDataset, pack_folder, read_pairs  # noqa: E402
from gluonfr.deploy import Embedder, load_net  # noqa: E402

PAIRS, SIDE, SEEDS = 600, 48, (0, 1, 2)
COMMON = ['--network', 'mobilefacenet', '--network-args', f'input_size={SIDE}', '--optimizer', 'adam', '--wd', '0',
          '--batch-size', '64', '--augment', 'mirror,crop,photometric', '--no-progress', '--resume']
START = ['--loss', 'softmax', '--lr', '0.002', '--warmup', '50']
WARM = ['--margin-warmup', '130']  # about an epoch
# loss -> options of `gluonfr train`; cosines are scaled by s = 20, enough for some thousand people
LOSSES = {
    'softmax': [],
    'centerloss': ['--loss-args', 'lamda=0.003'],
    'ringloss': ['--loss-args', 'lamda=0.1', 'r_init=auto'],
    'l2softmax': ['--loss-args', 'alpha=20'],
    'normsoftmax': ['--loss-args', 's=20'],
    'asoftmax': ['--loss-args', 'm=2', 's=20'],
    'cosloss': ['--loss-args', 'm=0.2', 's=20', *WARM],
    'arcface': ['--loss-args', 'm=0.3', 's=20', 'easy_margin=False', *WARM],
    'combined': ['--loss-args', 'm1=1.0', 'm2=0.2', 'm3=0.1', 's=20', *WARM],
    'liarcface': ['--loss-args', 'm=0.3', 's=20', *WARM],
    'svxsoftmax': ['--loss-args', 'm=0.2', 's=20', 't=1.1', *WARM],
    'magface': ['--loss-args', 's=20', 'l_a=5', 'u_a=40', 'l_m=0.2', 'u_m=0.4', 'lamda_g=5', *WARM],
}


def main():
    """Train and embed what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, metavar='DIR')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'leaderboard'), metavar='DIR')
    parser.add_argument('--only', nargs='+', choices=LOSSES, default=list(LOSSES), metavar='LOSS')
    parser.add_argument('--seeds', nargs='+', type=int, default=SEEDS, metavar='N')
    parser.add_argument('--epochs', type=int, default=3, metavar='N', help='of each loss; the start takes twice as many')
    args = parser.parse_args()
    train, test = prepare(args.data, args.outputs)
    for seed in args.seeds:
        start = run('start', seed, train, [*START, '--epochs', str(2 * args.epochs)], args)
        for loss in args.only:
            out = run(loss, seed, train, ['--loss', loss, *LOSSES[loss], '--lr', '0.0005', '--epochs', str(args.epochs),
                                          '--finetune', start], args)
            embed(out, test)


def prepare(data, outputs):
    """(rec of the people to train on, rec of the people of fold 1), made if they are missing."""
    fold = sorted({os.path.dirname(path) for pair in read_pairs(os.path.join(data, 'pairs.txt'))[:PAIRS]
                   for path in pair[:2]})
    aligned = os.path.join(data, 'aligned')
    train = pack_folder(aligned, os.path.join(outputs, 'train'), resize=SIDE, fmt='.png', exclude=fold, min_images=2)
    test = pack_folder(aligned, os.path.join(outputs, 'test'), resize=SIDE, fmt='.png', people=fold)
    for what, rec in (('train', train), ('measure', test)):
        print(f'{rec.images} images of {rec.people} people to {what} on', flush=True)
    return train.path, test.path


def run(name, seed, train, options, args):
    """Train one network, unless it is there; its folder."""
    out = os.path.join(args.outputs, f'{name}-{seed}')
    done = os.path.join(out, 'seconds.txt')
    if not os.path.isfile(done):
        command = ['train', '--dataset', os.path.dirname(train), '--out', out, '--seed', str(seed), *options, *COMMON]
        began, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, '-m', 'gluonfr', *command], check=True,
                       env={**os.environ, 'PYTHONPATH': os.pathsep.join([ROOT, os.environ.get('PYTHONPATH', '')])})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with open(done, 'w', encoding='utf-8') as file:
            print(round(time.time() - began), round(cpu), file=file)
    return out


def embed(out, test):
    """Embeddings of all images of the people of fold 1, unless they are there."""
    path = os.path.join(out, 'embeddings.npz')
    if not os.path.isfile(path):
        dataset = RecordDataset(test)
        np.savez(path, embeddings=Embedder(load_net(out))(dataset), people=np.asarray(dataset.labels))


if __name__ == '__main__':
    main()
