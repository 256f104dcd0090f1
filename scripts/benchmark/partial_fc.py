"""A class layer that samples: its step as classes grow, beside the dense layer and beside plain PyTorch; its memory.

    python scripts/benchmark/partial_fc.py --quick            # a hundredth of the classes and rows, to try it
    python scripts/benchmark/partial_fc.py --save             # and write resources/results/benchmark-partial_fc.csv
    python scripts/benchmark/partial_fc.py --only growth-128

A step is the sample, the cosines of 64 embeddings with it, ArcFace, the backward pass to centres and embeddings, and
lazy SGD with momentum 0.9 and weight decay 5e-4; there is no network. 20,000 rows are sampled. `growth` compares the
step with many classes with that of fewer, `dense` with `NormDense` and MXNet's sgd, `torch` with a plain PyTorch step
on the same start values and samples: gather the rows, normalise, score, go back, write rows and momentum. Their first
losses must agree. `peak` is the largest resident set of a process against table + momentum + 0.5 GB. The full run takes
17 GB of memory, most of it for the dense layer.
"""
import os

import numpy as np
from bench import BenchError, Contestant, Task, cores, main

BATCH, SAMPLED, SEED = 64, 20000, 0
MOST, MANY, SOME, FEW = 10000000, 4000000, 1000000, 100000
ALLOWED = 5e8  # bytes beside the table and its momentum
PYTORCH = ('torch',)
RULE = dict(learning_rate=0.1, momentum=0.9, wd=5e-4)
SCALE, MARGIN = 64, 0.5


def batch_of(classes, size):
    """Embeddings and labels, the same for all contestants."""
    random = np.random.RandomState(1)
    return random.randn(BATCH, size).astype('float32'), random.randint(0, classes, BATCH)


def gluonfr_step(link, classes, size, sampled, steps, dense=False):
    """Steps of `PartialFC`, or of the dense layer."""
    import gluonfr
    import mxnet as mx
    from gluonfr.loss import ArcLoss
    from gluonfr.nn import NormDense, PartialFC
    from mxnet import autograd, nd

    loss = ArcLoss(classes if dense else sampled, MARGIN, SCALE, easy_margin=False)
    if dense:
        head = NormDense(classes, True, True, in_units=size)
        head.initialize(mx.init.Uniform(0.02))
        trainer = mx.gluon.Trainer(head.collect_params(), 'sgd', RULE)
    else:
        head, optimizer = PartialFC(classes, size, num_sample=sampled, seed=SEED), mx.optimizer.SGD(**RULE)
    for block in (head, loss):
        block.hybridize(static_alloc=True, static_shape=True)
    x, label = batch_of(classes, size)
    x, label = nd.array(x), nd.array(label, dtype='int32')
    x.attach_grad()

    def step():
        with autograd.record():
            scores, place = (head(x), label) if dense else head(x, label)
            value = loss(scores, place)
        value.backward()
        if dense:
            trainer.step(BATCH)
        else:
            head.update(optimizer, 1 / BATCH)
        nd.waitall()
        return float(value.mean().asscalar())

    first = step()
    step()
    link.rounds(step, steps, (gluonfr, mx, np), threads=os.environ['OMP_NUM_THREADS'], loss=first)


def torch_step(link, classes, size, sampled, steps, threads):
    """The same computation in plain PyTorch, on a table drawn and samples chosen as above."""
    import torch
    from gluonfr.nn.class_sample import draw_classes
    from gluonfr.nn.partial_fc import START
    from gluonfr.nn.row_table import RowTable
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    table = RowTable(classes, size, START / size ** 0.5, piece=classes * size)
    weight, momentum = map(torch.from_numpy, table.pieces[0])
    x, label = batch_of(classes, size)
    x, done = torch.from_numpy(x).requires_grad_(), [0]

    def step():
        ids = draw_classes(label, classes, sampled, (SEED, 1, done[0]))
        place = torch.from_numpy(np.searchsorted(ids, label))
        ids = torch.from_numpy(ids)
        rows = weight[ids].requires_grad_()
        cosines = F.linear(F.normalize(x), F.normalize(rows))
        own = cosines.gather(1, place[:, None])
        margin = torch.cos(torch.acos(own.clamp(-1 + 1e-6, 1 - 1e-6)) + MARGIN)
        value = F.cross_entropy(SCALE * cosines.scatter(1, place[:, None], margin), place)
        value.backward()
        with torch.no_grad():
            velocity = momentum[ids]
            velocity.mul_(RULE['momentum']).add_(rows.grad, alpha=-RULE['learning_rate'])
            velocity.add_(rows, alpha=-RULE['learning_rate'] * RULE['wd'])
            momentum[ids] = velocity
            weight[ids] = rows + velocity
        x.grad = None
        done[0] += 1
        return float(value)

    first = step()
    step()
    link.rounds(step, steps, (torch, np), threads=threads, loss=first)


def same_loss(infos):
    """Check that all computed the same."""
    losses = {name: info['loss'] for name, info in infos.items()}
    if max(losses.values()) - min(losses.values()) > 1e-3:
        raise BenchError('the first losses must be the same, got {}.'.format(losses))


def tasks(args):
    """Growth and memory for two sizes of embeddings, the dense layer, and PyTorch."""
    part = 100 if args.quick else 1
    steps = args.steps or (2 if args.quick else 10)
    sampled = SAMPLED // part

    def settings(classes, size, steps=steps):
        return {'classes': classes // part, 'size': size, 'sampled': sampled, 'steps': steps}

    def ours(classes, size, measure='speed', goal=None):
        return Contestant('{:,} x {}'.format(classes // part, size), 'gluonfr', settings(classes, size), measure,
                          None if args.quick else goal)

    def peak(classes, size):
        most = (2 * 4 * classes * size + ALLOWED) / 2 ** 20
        return ours(classes, size, 'peak', round(most))

    found = {}
    for size, most in ((128, MANY), (512, SOME)):
        found['growth-{}'.format(size)] = Task(
            '{:,} rows of more classes and of fewer, {} values each'.format(sampled, size), BATCH,
            [ours(most, size), ours(FEW, size, 'time', 1.3)])
        found['torch-{}'.format(size)] = Task(
            '{:,} rows of {:,} classes, {} values each, and plain PyTorch'.format(sampled, SOME // part, size), BATCH,
            [ours(SOME, size), Contestant('PyTorch', 'torch', dict(settings(SOME, size), threads=cores()), 'speed',
                                          None if args.quick else 1.0, needs=PYTORCH)], check=same_loss)
    found['dense'] = Task('{:,} rows of {:,} classes and all of them, 512 values each'.format(sampled, SOME // part),
                          BATCH, [ours(SOME, 512),
                                  Contestant('dense', 'gluonfr', dict(settings(SOME, 512, 1), dense=True), 'speed',
                                             None if args.quick else 30)])
    found['peak'] = Task('largest resident set, MiB', BATCH, [
        ours(FEW, 128), peak(SOME, 512), peak(MANY, 128), peak(MOST, 128)], fresh=True)
    return found


WORKERS = {'gluonfr': gluonfr_step, 'torch': torch_step}

if __name__ == '__main__':
    main(__file__, __doc__, tasks, WORKERS, rounds=5, quick_rounds=1, neighbour=False)
