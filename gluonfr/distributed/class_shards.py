"""A class layer whose table is divided over the workers, who score all classes."""
from typing import Optional

import numpy as np
from mxnet import autograd, nd
from mxnet.initializer import Initializer

from ..utils.check import check_choice
from .shards import Shards, places
from .workers import Alone

__all__ = ['BLOCK', 'ShardedDense']

BLOCK = 4096  # rows that are drawn, or sent, at once


class ShardedDense(Shards):
    r"""Class scores with the class centres divided over the workers: the softmax is exact over all of them.

    "ArcFace" (1801.07698, section 3.4) trains so. All workers see the embeddings of all, each scores its own classes,
    and of the scores :math:`z_j` of a sample (cosines, if both sides are normalised) only two numbers go back to the
    worker whose sample it is: the target's, and one for all others,

    .. math::
        z_y \quad\text{and}\quad \frac{1}{s} \log \sum_{j \ne y} e^{s z_j}

    A softmax over s times these two, with a margin on the first, has the value and the gradients of the softmax over
    all classes. So the loss is left as it is. It must take its negatives as s z_j, without a look at the target:
    `check_loss` sees to that, and gives s.

    A worker sends 2 D + 3 W + 4 numbers for each sample of the whole batch, with W workers and whatever the number of
    classes; the gradients of the table stay where they are. The start values are drawn for blocks of classes by (seed,
    block), so they do not depend on the number of workers.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2 and at least the number of workers.
    in_units : int
        Embedding size D, >= 1.
    workers : Alone or Workers
        Of `join_workers`.
    batch_size : int
        Samples of a batch of all workers together, at most.
    kind : {'cosine', 'linear', 'feature_norm', 'weight_norm'}
        As for `gluonfr.nn.get_head`.
    s : float
        What the loss multiplies scores with, > 0.
    seed : int
        Of the start values, >= 0.
    sigma : float
        Their standard deviation, > 0.

    Inputs:
        - **x**: (b, D), the embeddings of this worker
        - **label**: (b,) class numbers

    Outputs:
        - **pred**: (b, 2)
        - **label**: (b,) zeros: where the target stands in pred

    Raises
    ------
    ValueError
        A value out of its range; a batch larger than `batch_size`; a call without label: a worker has no scores of all
        classes. For them load a checkpoint, which has the whole table, into a `gluonfr.nn.NormDense`.
    """

    _whole = 'NormDense'

    def __init__(self, classes: int, in_units: int, workers: Alone, batch_size: int, kind: str = 'cosine', s: float = 1,
                 seed: int = 0, sigma: float = 0.01, prefix: Optional[str] = None) -> None:
        super().__init__('ShardedDense', classes, in_units, workers, batch_size, s, prefix)
        self._kind = check_choice('ShardedDense', 'kind', kind, ('cosine', 'linear', 'feature_norm', 'weight_norm'))
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(self.rows.stop - self.rows.start, in_units),
                                          init=_Drawn(self.rows, seed, sigma))
        self.weight.rows = self.rows  # by which checkpoints put tables together, and take them apart

    def _score(self, everyone, labels):
        place = nd.array(places(labels, self.rows), ctx=everyone.context, dtype='int32')
        with autograd.record(train_mode=autograd.is_training()):
            scores = self._scores(everyone)
        return scores, nd.one_hot(place, depth=scores.shape[1])

    def _scores(self, x):
        weight = self.weight.data(x.context)
        if self._kind in ('cosine', 'weight_norm'):
            weight = nd.L2Normalization(weight, mode='instance')
        if self._kind in ('cosine', 'feature_norm'):
            x = nd.L2Normalization(x, mode='instance')
        return nd.FullyConnected(x, weight, no_bias=True, num_hidden=weight.shape[0])

    def __repr__(self):
        return 'ShardedDense({} -> {:,} of {:,}, {}, s={:g})'.format(
            self._in_units, self.rows.stop - self.rows.start, self.rows.whole, self._kind, self._s)


class _Drawn(Initializer):
    """Normal numbers for some rows of a table, the same whoever draws them."""

    def __init__(self, rows, seed, sigma):
        super().__init__(rows=list(rows), seed=seed, sigma=sigma)
        self._rows, self._seed, self._sigma = rows, seed, sigma

    def _init_weight(self, name, array):
        start, stop, _ = self._rows
        values = np.empty(array.shape, 'float32')
        for block in range(start // BLOCK, -(-stop // BLOCK)):
            drawn = np.random.RandomState((self._seed, block)).normal(0, self._sigma, (BLOCK, array.shape[1]))
            low, high = max(start, block * BLOCK), min(stop, (block + 1) * BLOCK)
            values[low - start:high - start] = drawn[low - block * BLOCK:high - block * BLOCK]
        array[:] = values
