"""What a sampled class layer costs of accuracy, and what the filter of negatives gives under wrong labels.

    python scripts/partial_fc_quality.py mnist --root DIR     # the four MNIST files; about an hour on two cores
    python scripts/partial_fc_quality.py lfw --data DIR       # about four hours; goes on where it stopped
    python scripts/partial_fc_quality.py lfw --data DIR --seeds 0 --epochs 1

`mnist`: LeNet++ with CosFace and a 32-d embedding, batches of 8, so that a step's own digits are not all there are;
test accuracy by the scores of all classes. `lfw`: as scripts/leaderboard.py, MobileFaceNet on 48x48 pixels, trained
with softmax on everybody who is in no pair of fold 1, then with CosFace and SGD, once with each class layer, and
measured on all pairs of the people of fold 1. Runs named flip- take the same images after 40 % of the labels were
drawn anew among the people. DIR holds `aligned/` and `pairs.txt`. Rows go to resources/results/partial-fc-quality.csv.
"""
import argparse
import os
import shlex
import sys
from functools import partial

import leaderboard  # beside this file; it puts this checkout on the path
import numpy as np
from gluonfr.data import RecordDataset, pack_dataset
from gluonfr.utils.rows import append_row, read_rows
from leaderboard import ROOT, SIDE

CSV = os.path.join(ROOT, 'resources', 'results', 'partial-fc-quality.csv')
COLUMNS = ('part', 'run', 'seed', 'epochs', 'accuracy', 'tar_at_far_0.01', 'command')
FLIPPED = 0.4
# run -> options of the class layer
LAYERS = {'dense': {}, 'rate-0.3': {'sample_rate': 0.3}, 'rate-0.1': {'sample_rate': 0.1}}
FILTERS = {'filter': {'sample_rate': 1, 'filter_negatives': 0.4},
           'rate-0.1-filter': {'sample_rate': 0.1, 'filter_negatives': 0.4}}
COMMON = ['--network', 'mobilefacenet', '--network-args', f'input_size={SIDE}', '--batch-size', '64', '--augment',
          'mirror,crop,photometric', '--no-progress', '--resume']
START = [*leaderboard.START, '--optimizer', 'adam', '--wd', '0']
COSFACE = ['--loss', 'cosface', '--loss-args', 'm=0.2', 's=20', *leaderboard.WARM, '--lr', '0.02']
MNIST_EPOCHS, LFW_EPOCHS, SIZE, BATCH = 2, 3, 32, 8


def main(argv=None):
    """Train what has no row yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=('mnist', 'lfw'))
    parser.add_argument('--root', metavar='DIR', help='of the MNIST files')
    parser.add_argument('--data', metavar='DIR', help='of LFW')
    parser.add_argument('--outputs', default=os.path.join('outputs', 'partial-fc-quality'), metavar='DIR')
    parser.add_argument('--seeds', nargs='+', type=int, default=(0, 1, 2), metavar='N')
    parser.add_argument('--epochs', type=int, metavar='N', help='default 2 of MNIST and 3 of LFW, after 6 of softmax')
    parser.add_argument('--images', type=int, metavar='N', help='of MNIST, the first of them only')
    parser.add_argument('--csv', default=CSV, metavar='FILE')
    args = parser.parse_args(argv)
    words = [os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv)]
    args.epochs = args.epochs or (MNIST_EPOCHS if args.part == 'mnist' else LFW_EPOCHS)
    command = 'python scripts/partial_fc_quality.py ' + shlex.join(words)
    done = {tuple(row[name] for name in COLUMNS[:4]) for row in read_rows(args.csv)}
    for seed in args.seeds:
        for name, measure in (mnist(args, seed) if args.part == 'mnist' else lfw(args, seed)):
            key = args.part, name, str(seed), str(args.epochs)
            if key not in done:
                append_row(args.csv, dict(zip(COLUMNS, (*key, *measure(), command))))
                print(read_rows(args.csv)[-1], flush=True)


def mnist(args, seed):
    """(run, what gives its accuracy) for each class layer."""
    from gluonfr.data import MNIST, ArrayLoader
    parts = [MNIST(args.root, train=train, source='full') for train in (True, False)]
    arrays = [(np.stack([part.read(i)[0] for i in range(min(len(part), args.images or len(part)))]), part.labels)
              for part in parts]
    train, test = (ArrayLoader(images, labels[:len(images)], batch, shuffle=first, seed=seed)
                   for first, batch, (images, labels) in ((True, BATCH, arrays[0]), (False, 256, arrays[1])))
    for name, layer in LAYERS.items():
        yield name, partial(digits, train, test, seed, args.epochs, layer)


def digits(train, test, seed, epochs, layer):
    """Test accuracy of a network with a class layer."""
    from gluonfr.loss import get_loss
    from gluonfr.model_zoo import get_model
    from gluonfr.nn import get_head
    from gluonfr.train import accuracy, fit
    from gluonfr.utils import IterLRScheduler
    net, head = get_model('lenetplus', embedding_size=SIZE), get_head('cosine', 10, SIZE, **layer)
    steps = epochs * len(train)
    schedule = IterLRScheduler('cosine', 0.01, steps, warmup_iters=min(100, steps // 2))
    fit(net, get_loss('cosface', classes=10, m=0.2, s=10), train, head=head, epochs=epochs, seed=seed,
        lr_scheduler=schedule, optimizer_params={'momentum': 0.9, 'wd': 5e-4}, clip_gradient=5)
    return round(accuracy(net, test, head=head), 5), ''


def lfw(args, seed):
    """(run, what gives its measures) for each class layer, on clean and on flipped labels."""
    train, test = leaderboard.prepare(args.data, args.outputs)
    flipped = pack_dataset(Flipped(RecordDataset(train), seed), os.path.join(args.outputs, 'flipped-{}'.format(seed)),
                           fmt='.png', progress=False).path
    for kind, rec, layers in (('', train, LAYERS), ('flip-', flipped, {**LAYERS, **FILTERS})):
        start = partial(leaderboard.run, kind + 'start', seed, rec, [*START, '--epochs', str(2 * args.epochs)], args,
                        COMMON)
        for name, layer in layers.items():
            yield kind + name, partial(people, kind + name, seed, rec, test, layer, start, args)


def people(name, seed, rec, test, layer, start, args):
    """Accuracy and TAR of a run."""
    options = [word for option, value in layer.items() for word in ('--' + option.replace('_', '-'), str(value))]
    out = leaderboard.run(name, seed, rec, [*COSFACE, *options, '--epochs', str(args.epochs), '--finetune', start()],
                          args, COMMON)
    leaderboard.embed(out, test)
    row, _ = leaderboard.measured(out)
    return row['acc'], row['tar@0.01']


class Flipped:
    """A set of which a share of the labels is drawn anew."""

    def __init__(self, dataset, seed):
        random = np.random.RandomState(seed)
        self._dataset, self.labels = dataset, np.array(dataset.labels)
        moved = random.permutation(len(self.labels))[:round(FLIPPED * len(self.labels))]
        self.labels[moved] = random.randint(0, dataset.num_classes, len(moved))

    def read(self, index):
        """An image, and its label."""
        return self._dataset.read(index)[0], int(self.labels[index])


if __name__ == '__main__':
    main()
