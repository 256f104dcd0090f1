"""Measure what trainings take of memory: the images of a batch, and class layers beside the formulas of `gluonfr plan`.

    python scripts/training_memory.py images                  # all networks
    python scripts/training_memory.py images --networks mobilefacenet iresnet50
    python scripts/training_memory.py heads

Each figure is the largest resident set (`ru_maxrss`) of a process that makes a few steps of `fit`. `images` takes the
difference between batches of two sizes; the figures stand in gluonfr/scale/image_memory.py. `heads` trains
MobileFaceNet with dense and sampled class layers of three sizes. Rows go to training-memory-images.csv and
training-memory-heads.csv in resources/results.
"""
import argparse
import json
import os
import resource
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from gluonfr.model_zoo.sizes import SIZES  # noqa: E402
from gluonfr.scale import Rates, make_plan  # noqa: E402
from gluonfr.utils.rows import append_row  # noqa: E402

RESULTS = os.path.join(ROOT, 'resources', 'results', 'training-memory-{}.csv')
BATCHES, STEPS, FEW = (4, 12), 3, 10
# (class layer, classes, D, B, classes a step)
HEADS = [('dense', 50000, 128, 16, 0), ('dense', 200000, 128, 32, 0), ('dense', 200000, 256, 64, 0),
         ('sampled', 200000, 128, 16, 20000), ('sampled', 1000000, 128, 32, 20000),
         ('sampled', 1000000, 256, 64, 100000)]
NETWORK = 'mobilefacenet'


def main(argv=None):
    """Measure, and append a row for each training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', nargs='?', choices=('images', 'heads'))
    parser.add_argument('--networks', nargs='+', default=sorted(SIZES), choices=sorted(SIZES), metavar='NAME')
    parser.add_argument('--only', type=int, nargs='+', metavar='I', help='of the heads, these: 0 is the first')
    parser.add_argument('--csv', metavar='FILE')
    parser.add_argument('--worker', help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        print(train(**json.loads(args.worker)))
        return
    if args.part is None:
        parser.error('say what to measure: images or heads')
    words = [os.path.basename(word) if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv)]
    for row in images(args.networks) if args.part == 'images' else heads(args.only or range(len(HEADS))):
        row['command'] = 'python scripts/training_memory.py ' + shlex.join(words)
        append_row(args.csv or RESULTS.format(args.part), row)
        print(', '.join('{} {}'.format(*cell) for cell in row.items() if cell[0] != 'command'), flush=True)


def images(networks):
    """A row for each network."""
    for network in networks:
        small, large = (in_a_process(network=network, batch=batch) for batch in BATCHES)
        yield {'network': network, 'image_kib': round((large - small) / (BATCHES[1] - BATCHES[0])),
               'peak_kib': large, 'batch': BATCHES[1]}


def heads(numbers):
    """A row for each class layer: measured and by formula."""
    for head, classes, size, batch, sampled in (HEADS[i] for i in numbers):
        plans = make_plan(classes, NETWORK, batch, embedding_size=size, num_sample=sampled or None, rates=Rates(1, 1))
        formula = {plan.head: plan.memory for plan in plans}[head] / 2 ** 20
        peak = in_a_process(network=NETWORK, batch=batch, classes=classes, size=size, sampled=sampled) / 1024
        yield {'head': head, 'classes': classes, 'embedding_size': size, 'batch': batch, 'sampled': sampled,
               'measured_mib': round(peak), 'formula_mib': round(formula), 'ratio': '{:.3f}'.format(formula / peak)}


def in_a_process(**job):
    """The largest resident set of a process of its own, KiB."""
    done = subprocess.run([sys.executable, os.path.abspath(__file__), '--worker', json.dumps(job)], check=True,
                          stdout=subprocess.PIPE)
    return int(done.stdout.split()[-1])


def train(network, batch, classes=FEW, size=None, sampled=0):
    """A few steps; what they took, KiB."""
    import gluonfr  # noqa: F401  (first: it prepares for MXNet)
    import mxnet as mx
    import numpy as np
    from gluonfr.loss import get_loss
    from gluonfr.model_zoo import get_model
    from gluonfr.nn import get_head
    from gluonfr.train import fit

    net = get_model(network, need_cls_layer=False, **({'embedding_size': size} if size else {}))
    pixels = mx.nd.random.uniform(shape=(batch,) + net.input_spec.shape)
    label = mx.nd.array(np.random.RandomState(0).randint(0, classes, batch), dtype='int32')
    head = get_head('cosine', classes, net.input_spec.embedding_size, num_sample=sampled or None)
    fit(net, get_loss('cosloss', classes=classes), [(pixels, label)] * STEPS, head=head,
        optimizer_params={'learning_rate': 1e-3, 'momentum': 0.9})
    mx.nd.waitall()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == '__main__':
    main()
