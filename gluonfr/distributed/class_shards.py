"""A class layer whose table is divided over the workers."""
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np
from mxnet import autograd, nd
from mxnet.gluon import Block
from mxnet.initializer import Initializer

from ..loss.margin import CosineLoss
from ..utils.check import check_choice, check_int, check_number
from ..utils.labels import check_labels, host_labels
from .workers import Alone

__all__ = ['Rows', 'check_loss', 'ShardedDense', 'own_rows']

BLOCK = 4096    # rows that are drawn, or sent, at once
PART = 4096
NOBODY = -1e30  # the highest score of no class


class Rows(NamedTuple):
    """Which rows of a table a worker has: [start, stop) of `whole`."""
    start: int
    stop: int
    whole: int


def own_rows(classes: int, workers: Alone) -> Rows:
    """The classes of a worker: contiguous, and as many as others have, or one more or less.

    Examples
    --------
    >>> from gluonfr.distributed import Alone
    >>> from gluonfr.distributed.class_shards import own_rows
    >>> own_rows(10, Alone())
    Rows(start=0, stop=10, whole=10)
    """
    number, count = workers.number, workers.count
    if classes < count:
        raise ValueError('ShardedDense: classes must be at least the number of workers, {}, got {}.'.format(
            count, classes))
    return Rows(number * classes // count, (number + 1) * classes // count, classes)


def check_loss(loss: Block) -> float:
    """What a loss multiplies scores with, if it can be computed from a target's score and one number for all others.

    Examples
    --------
    >>> from gluonfr.distributed.class_shards import check_loss
    >>> from gluonfr.loss import get_loss
    >>> check_loss(get_loss('cosface', classes=10, s=32))
    32

    Raises
    ------
    ValueError
        It cannot: its negatives depend on the target, or it keeps something for each class.
    """
    fits = isinstance(loss, CosineLoss) and type(loss)._logits is CosineLoss._logits
    if not fits or loss.keeps_classes or loss.head != 'cosine':
        raise ValueError('ShardedDense: the loss must take its negatives as s * cosine, as arcface, cosface, combined, '
                         'normsoftmax, adaface, magface, elasticface-arc and elasticface-cos do, got {}.'.format(loss))
    return loss._s


class ShardedDense(Block):
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

    needs_label = True

    def __init__(self, classes: int, in_units: int, workers: Alone, batch_size: int, kind: str = 'cosine', s: float = 1,
                 seed: int = 0, sigma: float = 0.01, prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        check_int('ShardedDense', 'classes', classes, 2)
        check_int('ShardedDense', 'in_units', in_units, 1)
        check_choice('ShardedDense', 'kind', kind, ('cosine', 'linear', 'feature_norm', 'weight_norm'))
        self._s = float(check_number('ShardedDense', 's', s, 0, low_open=True))
        self._workers, self._kind, self._rows = workers, kind, own_rows(classes, workers)
        self._most = -(-check_int('ShardedDense', 'batch_size', batch_size, 1) // workers.count)
        rows = self._rows.stop - self._rows.start
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(rows, in_units), init=_Drawn(self._rows, seed, sigma))
        self.weight.rows = self._rows  # by which checkpoints put tables together, and take them apart
        self.judged: Optional[nd.NDArray] = None  # of the last batch: (b, 2), the target's score and the highest other
        self._kept: Any = None

    def forward(self, x, label=None):
        """Two scores for each sample, and where the target's is."""
        if label is None:
            raise ValueError('ShardedDense: a worker has the scores of its own classes only. Load a checkpoint, which '
                             'has all, into a gluonfr.nn.NormDense for the scores of all classes.')
        if x.ndim != 2 or x.shape[1] != self.weight.shape[1] or len(x) > self._most or label.shape != x.shape[:1]:
            raise ValueError('ShardedDense: x must be (b, {}) with b <= {} and label (b,), got {} and {}.'.format(
                self.weight.shape[1], self._most, x.shape, label.shape))
        check_labels('ShardedDense', label, self._rows.whole)
        with autograd.pause():
            everyone, hot = self._gather(x, host_labels(label))
        everyone.attach_grad()
        with autograd.record(train_mode=autograd.is_training()):
            scores = self._scores(everyone)  # (n * most, own classes)
        with autograd.pause():
            pred, rest = self._exchange(scores, hot, len(x))
        pred.attach_grad()
        self._kept = everyone, hot, scores, pred, rest
        return pred, nd.zeros((len(x),), ctx=x.context, dtype='int32')

    def backward(self, losses, embedding):
        """The backward pass of a training step, in the place of ``autograd.backward(losses)``."""
        everyone, hot, scores, pred, rest = self._kept
        self._kept = None
        own = autograd.grad(losses, [pred], retain_graph=True)[0]
        slots = self._slot(own)
        self._workers.sum('shards gradient', [slots])
        of_target, of_rest = (slots[:, :, i].reshape((-1, 1)) for i in range(2))
        share = nd.exp(nd.minimum(self._s * nd.broadcast_sub(scores, rest), 0)) * (1 - hot)
        scores.backward(nd.broadcast_mul(share, of_rest) + nd.broadcast_mul(hot, of_target))
        self._workers.sum('shards embedding gradient', [everyone.grad])
        first = self._workers.number * self._most
        autograd.backward([*losses, embedding],
                          [*[None] * len(losses), everyone.grad[first:first + len(embedding)]])

    def _gather(self, x, label) -> Tuple[nd.NDArray, nd.NDArray]:
        """The embeddings of all workers (n * most, D), and where the targets stand among the own classes."""
        slots = self._slot(x.astype('float32', copy=False))
        self._workers.sum('shards embedding', [slots])
        numbers = np.zeros((self._most, 2), 'float32')
        numbers[:len(label)] = _in_two(label)
        labels = _in_one(self._workers.slots('shards label', numbers).reshape(-1, 2))
        place = nd.array(_places(labels, self._rows), ctx=x.context, dtype='int32')
        return slots.reshape((-1, slots.shape[-1])), nd.one_hot(place, depth=self._rows.stop - self._rows.start)

    def _scores(self, x):
        weight = self.weight.data(x.context)
        if self._kind in ('cosine', 'weight_norm'):
            weight = nd.L2Normalization(weight, mode='instance')
        if self._kind in ('cosine', 'feature_norm'):
            x = nd.L2Normalization(x, mode='instance')
        return nd.FullyConnected(x, weight, no_bias=True, num_hidden=weight.shape[0])

    def _exchange(self, scores, hot, samples):
        """Two scores of each own sample, and for all samples (n * most, 1) that of all classes but the target."""
        count = self._workers.count
        others = nd.where(hot, nd.full(hot.shape, NOBODY, ctx=hot.context), scores)
        highest = others.max(axis=1, keepdims=True)
        total = (nd.exp(self._s * nd.broadcast_sub(others, highest)) * (1 - hot)).sum(axis=1, keepdims=True)
        target = (hot * scores).sum(axis=1, keepdims=True)
        mine = nd.concat(highest, total, target, dim=1)  # (n * most, 3)
        slots = nd.zeros((count,) + mine.shape, ctx=mine.context)
        slots[self._workers.number] = mine
        self._workers.sum('shards scores', [slots])
        highest, total, target = (slots[:, :, i] for i in range(3))  # (n, n * most)
        top = highest.max(axis=0)
        total = (total * nd.exp(self._s * nd.broadcast_sub(highest, top.expand_dims(0)))).sum(axis=0)
        rest = top + nd.log(total) / self._s
        first = self._workers.number * self._most
        own = slice(first, first + samples)
        target = target.sum(axis=0)
        self.judged = nd.stack(target[own], top[own], axis=1)
        return nd.stack(target[own], rest[own], axis=1), rest.expand_dims(1)

    def _slot(self, values):
        """(n, most, K): values (b, K) in the place of this worker, 0 elsewhere."""
        slots = nd.zeros((self._workers.count, self._most, values.shape[1]), ctx=values.context)
        slots[self._workers.number, :len(values)] = values
        return slots

    def __repr__(self):
        return 'ShardedDense({} -> {:,} of {:,}, {}, s={:g})'.format(
            self.weight.shape[1], self._rows.stop - self._rows.start, self._rows.whole, self._kind, self._s)


def _in_two(labels):
    """Labels as float32, which is exact to 2^24 only, so in two parts: (b,) -> (b, 2); zeros are no label."""
    return np.stack(np.divmod(labels.astype('int64') + 1, PART), axis=1).astype('float32')


def _in_one(parts):
    """Labels of their parts; -1 for no label."""
    high, low = parts.astype('int64').T
    return high * PART + low - 1


def _places(labels, rows):
    """Where labels stand among some rows; -1 for those of other workers, and for -1, which is no sample."""
    return np.where((labels >= rows.start) & (labels < rows.stop), labels - rows.start, -1)


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
