"""Batches, the randomness that belongs to each of them, and their way to the contexts."""
import random
import warnings
from collections import namedtuple
from itertools import islice

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from ..data.loading.epoch_loader import EpochLoader, piece
from ..distributed.workers import Alone
from ..utils.messages import counted

__all__ = ['Batch', 'epoch_batches', 'seed_step', 'split']

# x and label of this worker; the samples of all workers; whether it counts, or is there to keep in step with the others
Batch = namedtuple('Batch', 'x label whole counts')


def seed_step(seed: int, step: int, worker: int = 0) -> None:
    """Make all that is drawn from now on a function of (`seed`, `step`), and of the worker where there are several.

    Seeds the global generators of Python, NumPy and MXNet (every context). MXNet cannot tell the state of its
    generators, so none can be saved; a step that begins with fresh generators needs none, and a resumed run draws what
    the unbroken run drew. It costs about 1.3 ms a step on a CPU, nearly all of it MXNet's.

    Parameters
    ----------
    seed : int
        Seed of the run, >= 0.
    step : int
        Updates made so far, >= 0.
    worker : int
        Its number, >= 0: the first draws what one process would.
    """
    value = int(np.random.SeedSequence((seed, step, worker) if worker else (seed, step)).generate_state(1)[0])
    random.seed(value)
    np.random.seed(value)
    mx.random.seed(value & 0x7fffffff)


def epoch_batches(data, epoch, start, step, seed, each=1, workers=None):
    """Yield lists of `each` `Batch`es, those of one step, from step `start` of an epoch on.

    `seed_step` of the step comes before each list is loaded. The last list of an epoch holds what is left.

    Parameters
    ----------
    data : iterable
        With a method `batches(epoch, start)` it is asked for the rest of the epoch. Any other iterable is run from
        its beginning and the batches before `start` are dropped: the order repeats if it is fixed, or drawn in this
        process from the global generators of Python, NumPy or MXNet.
    epoch, start : int
        The epoch, from 0, and its first step wanted.
    step : int
        Updates made before step `start`.
    seed : int
        Seed of the run.
    each : int
        Batches a step.
    workers : Alone or None
        Between whom each batch is divided; gluonfr's loaders read the part of this one alone.
    """
    workers = workers or Alone()
    seed_step(seed, step - start, workers.number)
    if isinstance(data, EpochLoader) and workers.count > 1:
        batches = iter(data.batches(epoch, start * each, (workers.number, workers.count)))
    elif hasattr(data, 'batches'):
        batches = iter(data.batches(epoch, start * each))
    else:
        batches = iter(data)
        if batches is data:
            raise ValueError('fit: train_data must be re-iterable (a loader or a list of batches), got the one-shot '
                             'iterator {!r}.'.format(data))
        _skip(batches, start, step, seed, each, workers)
    seed_step(seed, step, workers.number)
    found = list(islice(batches, each))
    if not found and not start:
        raise ValueError('fit: train_data must give at least one batch an epoch, got none.')
    while found:
        yield [_part(batch, workers) for batch in found]
        step += 1
        seed_step(seed, step, workers.number)
        found = list(islice(batches, each))


def _part(batch, workers):
    """The `Batch` of a worker, of what a loader gives: the whole batch, or the worker's piece and the size of all."""
    if isinstance(batch, tuple) and len(batch) == 3 and workers.count > 1:
        (x, label), whole = _checked(batch[:2]), batch[2]
    else:
        x, label = _checked(batch)
        whole = x.shape[0]
        if workers.count > 1:
            own = piece(whole, workers.number, workers.count)
            x, label = x[own], label[own]
    start, stop = (number * whole // workers.count for number in (workers.number, workers.number + 1))
    return Batch(x, label, whole, start < stop)


def _checked(batch):
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ValueError('fit: train_data must yield (x, label), got {}.'.format(
            counted(len(batch), 'value') if isinstance(batch, (tuple, list)) else type(batch).__name__))
    x, label = batch
    if x.shape[0] == 0 or x.shape[0] != label.shape[0]:
        raise ValueError('fit: a batch must hold as many labels as samples and at least one, got x {} and label '
                         '{}.'.format(x.shape, label.shape))
    return x, label


def _skip(batches, start, step, seed, each, workers):
    if start:
        warnings.warn('fit: the loader has no batches(epoch, start), so {} read and dropped. The run goes '
                      'on exactly only if the loader repeats its order (no worker processes that draw random numbers, '
                      'no generator of its own).'.format(
                          counted(start * each, 'batch is', 'batches are')), stacklevel=5)
    for skipped in range(start):
        seed_step(seed, step - start + skipped, workers.number)
        if not list(islice(batches, each)):
            raise ValueError('fit: the checkpoint stands after batch {} of its epoch, but the loader gives only {} '
                             'batches. Resume with the data and batch size of the first run.'.format(
                                 start * each, skipped * each))


def split(array, ctx, half=False):
    """Cut a batch along its first axis and load the pieces, at most one more sample in one than in another.

    A batch with fewer samples than contexts fills only the first contexts, so the list may be shorter than `ctx`.
    With `half` the pieces are float16.
    """
    if not isinstance(array, nd.NDArray):
        array = nd.array(array)
    pieces = gluon.utils.split_and_load(array, ctx[:array.shape[0]], even_split=False)
    return [piece.astype('float16') for piece in pieces] if half else pieces
