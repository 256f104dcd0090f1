"""Trainings that are the same by one process and by several workers: each is a function of the workers."""
import numpy as np
from mxnet import gluon, nd
from train_cases import FEATURES, PullLoss, dense_net, loader, make_head

from gluonfr.data.loading import ArrayLoader
from gluonfr.distributed.class_shards import ShardedDense, check_loss
from gluonfr.loss import get_loss
from gluonfr.nn import NormDense
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


def shards(workers, folder=None, epochs=7):
    """Divided classes, or all in one layer where there is one process; ArcFace with a margin that grows."""
    random = np.random.RandomState(2)
    x, label = random.rand(97, FEATURES).astype('float32'), random.randint(0, CLASSES, 97)
    centres = random.randn(CLASSES, WIDTH).astype('float32')
    loss = get_loss('arcface', classes=CLASSES, m=0.3, s=8, easy_margin=False, margin_warmup=20)
    net = gluon.nn.Dense(WIDTH, prefix='net_')
    if workers.count == 1:
        head = NormDense(CLASSES, True, True, in_units=WIDTH, prefix='head_')
        rows = slice(0, CLASSES)
    else:
        head = ShardedDense(CLASSES, WIDTH, workers, BATCH, s=check_loss(loss), prefix='head_')
        rows = slice(*head.weight.rows[:2])
    head.initialize()
    head.weight.set_data(nd.array(centres[rows]))
    callbacks = [] if folder is None else [Checkpoint(folder, keep=9)]
    state = fit(net, loss, ArrayLoader(x, label, BATCH, shuffle=True, seed=5), head=head, epochs=epochs, seed=3,
                optimizer_params={'learning_rate': 0.05, 'momentum': 0.9, 'wd': 1e-3}, clip_gradient=2.0,
                callbacks=callbacks, resume=None if folder is None else 'auto')
    return state, history(state)


JOBS = {'plain': plain, 'parts': parts, 'statistics': statistics, 'shards': shards}


def history(state):
    """Losses and accuracies of the epochs."""
    return {'history': np.array([[row['loss'], row['accuracy']] for row in state.history])}


def arrays_of(state):
    """Parameters by name, those of a divided table with all rows in the first worker."""
    from gluonfr.train.together import whole_tables
    return whole_tables(state, {name: param.list_data()[0].asnumpy() for name, param in state.params.items()})


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
