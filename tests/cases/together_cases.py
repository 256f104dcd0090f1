"""Trainings that are the same by one process and by several workers: each is a function of the workers."""
import os

import numpy as np
from mxnet import gluon, nd
from train_cases import FEATURES, PullLoss, dense_net, loader, make_head

from gluonfr.data.loading import ArrayLoader
from gluonfr.distributed import ShardedDense, ShardedPartialFC
from gluonfr.distributed.shards import check_loss
from gluonfr.loss import get_loss
from gluonfr.nn import NormDense, PartialFC
from gluonfr.train import Callback, Checkpoint, Evaluate, fit

CLASSES, WIDTH, BATCH = 11, 5, 12  # classes that no two or three workers have as many of


def plain(workers, folder=None, strike=None, more=(), **options):
    """The small training of `train_cases`: a trained loss with a counter, and a last batch of one sample."""
    callbacks = [*more] if folder is None else [Checkpoint(folder, every_steps=5, keep=2), *more]
    if strike is not None:
        callbacks.append(Strike(strike))
    settings = dict(epochs=9, optimizer_params={'learning_rate': 0.1, 'momentum': 0.9, 'wd': 1e-3}, seed=3,
                    clip_gradient=1.0, callbacks=callbacks, resume=None if folder is None else 'auto')
    state = fit(dense_net(), PullLoss(), loader(16, samples=81), head=make_head(), **{**settings, **options})
    return state, history(state)


def parts(workers):
    """Gradients of two batches to an update, and an average of the weights."""
    return plain(workers, accumulate=2, ema=0.9, optimizer='adam', optimizer_params={'learning_rate': 0.01})


def statistics(workers):
    """A network with BatchNorm and Dropout: the running means before an evaluation and after it, and the accuracy."""
    before, after = Keep(-2), Keep(0)
    state = fit(dense_net(dropout=0.3, batch_norm=True), gluon.loss.SoftmaxCrossEntropyLoss(), loader(16, samples=80),
                head=make_head(), epochs=2, seed=3, optimizer_params={'learning_rate': 0.1}, check_every=3,
                callbacks=[before, Evaluate(loader(20, 80)), after, StopOfFirst(8)])
    return state, {'before': before.mean, 'after': after.mean, **history(state),
                   'accuracy': np.array([state.metrics['test_accuracy']]), 'steps': np.array([state.step])}


def shards(workers, folder=None, epochs=7, sample=None):
    """Divided classes, or all in one layer where there is one process; ArcFace with a margin that grows.

    With `sample`, each worker scores its part of so many classes; one process has a `PartialFC` where there is a
    folder, with checkpoints, and else a dense layer.
    """
    random = np.random.RandomState(2)
    x, label = random.rand(97, FEATURES).astype('float32'), random.randint(0, CLASSES, 97)
    centres = random.randn(CLASSES, WIDTH).astype('float32')
    loss = get_loss('arcface', classes=CLASSES, m=0.3, s=8, easy_margin=False, margin_warmup=20)
    net = gluon.nn.Dense(WIDTH, prefix='net_')
    if sample and (folder or workers.count > 1):
        if workers.count == 1:
            head = PartialFC(CLASSES, WIDTH, num_sample=sample, prefix='head_')
            table, rows = head.table, (0, CLASSES)
        else:
            head = ShardedPartialFC(CLASSES, WIDTH, workers, BATCH, num_sample=sample, s=check_loss(loss),
                                    prefix='head_')
            table, rows = head.own.table, head.rows[:2]
        table.pieces[0][0][:] = centres[slice(*rows)]
    else:
        if workers.count == 1:
            head, rows = NormDense(CLASSES, True, True, in_units=WIDTH, prefix='head_'), (0, CLASSES)
        else:
            head = ShardedDense(CLASSES, WIDTH, workers, BATCH, s=check_loss(loss), prefix='head_')
            rows = head.rows[:2]
        head.initialize()
        head.weight.set_data(nd.array(centres[slice(*rows)]))
    callbacks = [] if folder is None else [Checkpoint(folder, keep=9)]
    state = fit(net, loss, ArrayLoader(x, label, BATCH, shuffle=True, seed=5), head=head, epochs=epochs, seed=3,
                optimizer_params={'learning_rate': 0.05, 'momentum': 0.9, 'wd': 1e-3}, clip_gradient=2.0,
                callbacks=callbacks, resume=None if folder is None else 'auto')
    return state, history(state)


def sampled(workers):
    """Divided classes of which all are sampled."""
    return shards(workers, sample=CLASSES)


def drawn_again(workers, folder):
    """What a training with samples ends with, undisturbed and after a stop."""
    whole, _ = shards(workers, os.path.join(folder, 'whole'), 6, 6)
    shards(workers, os.path.join(folder, 'parts'), 3, 6)
    parts, _ = shards(workers, os.path.join(folder, 'parts'), 6, 6)
    return arrays_of(whole), arrays_of(parts)


JOBS = {'plain': plain, 'parts': parts, 'statistics': statistics, 'shards': shards, 'sampled': sampled}


def history(state):
    """Losses and accuracies of the epochs."""
    return {'history': np.array([[row['loss'], row['accuracy']] for row in state.history])}


def arrays_of(state):
    """Parameters by name, those of a divided table with all rows in the first worker; a head's table as its weight."""
    from gluonfr.train.apart import whole_apart
    from gluonfr.train.together import whole_tables
    found = whole_tables(state, {name: param.list_data()[0].asnumpy() for name, param in state.params.items()})
    if state.apart:
        found['head/weight'] = whole_apart(state.apart, state.workers)['apart/head/weight-0']
    return found


class Keep(Callback):
    """What each worker has as the running mean at the end of an epoch."""
    every_worker = True

    def __init__(self, order):
        self.order, self.mean = order, None

    def on_epoch_end(self, state):
        self.mean = state.params['net/1.running_mean'].list_data()[0].asnumpy()


class StopOfFirst(Callback):
    """Of the first worker alone, which asks all to stop."""

    def __init__(self, step):
        self._step = step

    def on_step_end(self, state):
        if state.step == self._step:
            state.request_stop('enough')


class Strike(Callback):
    """Calls a function with the state after each step, before a checkpoint is written."""
    every_worker = True

    def __init__(self, strike):
        self._strike = strike

    def on_step_end(self, state):
        self._strike(state)
