"""The softmax over classes whose rows are divided over the workers."""
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np
from mxnet import autograd, nd
from mxnet.gluon import Block

from ..loss.margin import CosineLoss
from ..utils.check import check_int, check_number
from ..utils.labels import check_labels, host_labels
from .workers import Alone

__all__ = ['Rows', 'Shards', 'check_loss', 'own_rows', 'places']

PART = 4096     # labels are sent in two parts of so many numbers
NOBODY = -1e30  # the highest score of no class


class Rows(NamedTuple):
    """Which rows of a table a worker has: [start, stop) of `whole`."""
    start: int
    stop: int
    whole: int


def own_rows(classes: int, workers: Alone, name: str = 'ShardedDense') -> Rows:
    """The classes of a worker: contiguous, and as many as others have, or one more or less.

    Examples
    --------
    >>> from gluonfr.distributed import Alone
    >>> from gluonfr.distributed.shards import own_rows
    >>> own_rows(10, Alone())
    Rows(start=0, stop=10, whole=10)
    """
    number, count = workers.number, workers.count
    if classes < count:
        raise ValueError('{}: classes must be at least the number of workers, {}, got {}.'.format(
            name, count, classes))
    return Rows(number * classes // count, (number + 1) * classes // count, classes)


def check_loss(loss: Block) -> float:
    """What a loss multiplies scores with, if it can be computed from a target's score and one number for all others.

    Examples
    --------
    >>> from gluonfr.distributed.shards import check_loss
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
        raise ValueError('class shards: the loss must take its negatives as s * cosine, as arcface, cosface, combined, '
                         'normsoftmax, adaface, magface, elasticface-arc and elasticface-cos do, got {}.'.format(loss))
    return loss._s


class Shards(Block):
    """What class layers have in common whose rows are divided over the workers: what these tell each other.

    Derived classes give `_score`: scores (n * most, K) of the own classes, or of a sample of them, for the embeddings
    of all workers, and where the targets stand among them.

    Parameters
    ----------
    name : str
        In messages.
    classes, in_units, batch_size : int
        C, D, and the samples of a batch of all workers together, at most.
    workers : Alone or Workers
    s : float
        What the loss multiplies scores with, > 0.
    """

    needs_label = True
    _whole = ''  # the class of gluonfr.nn that has the scores of all classes

    def __init__(self, name: str, classes: int, in_units: int, workers: Alone, batch_size: int, s: float,
                 prefix: Optional[str]) -> None:
        super().__init__(prefix=prefix)
        check_int(name, 'classes', classes, 2)
        self._owner, self._in_units, self._workers = name, check_int(name, 'in_units', in_units, 1), workers
        self._s = float(check_number(name, 's', s, 0, low_open=True))
        self._most = -(-check_int(name, 'batch_size', batch_size, 1) // workers.count)
        self.rows = own_rows(classes, workers, name)
        self.judged: Optional[nd.NDArray] = None  # of the last batch: (b, 2), the target's score and the highest other
        self._kept: Any = None

    def _score(self, everyone, labels) -> Tuple[nd.NDArray, nd.NDArray]:
        raise NotImplementedError

    def forward(self, x, label=None):
        """Two scores for each sample, and where the target's is."""
        if label is None:
            raise ValueError('{}: a worker has the scores of its own classes only. Load a checkpoint, which has all, '
                             'into a gluonfr.nn.{} for the scores of all classes.'.format(self._owner, self._whole))
        if x.ndim != 2 or x.shape[1] != self._in_units or len(x) > self._most or label.shape != x.shape[:1]:
            raise ValueError('{}: x must be (b, {}) with b <= {} and label (b,), got {} and {}.'.format(
                self._owner, self._in_units, self._most, x.shape, label.shape))
        check_labels(self._owner, label, self.rows.whole)
        with autograd.pause():
            everyone, labels = self._gather(x, host_labels(label))
        everyone.attach_grad()
        scores, hot = self._score(everyone, labels)
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

    def _gather(self, x, label) -> Tuple[nd.NDArray, np.ndarray]:
        """The embeddings (n * most, D) and the labels of all workers, -1 where a worker has fewer samples."""
        slots = self._slot(x.astype('float32', copy=False))
        self._workers.sum('shards embedding', [slots])
        numbers = np.zeros((self._most, 2), 'float32')
        numbers[:len(label)] = _in_two(label)
        labels = _in_one(self._workers.slots('shards label', numbers).reshape(-1, 2))
        return slots.reshape((-1, slots.shape[-1])), labels

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


def _in_two(labels):
    """Labels as float32, which is exact to 2^24 only, so in two parts: (b,) -> (b, 2); zeros are no label."""
    return np.stack(np.divmod(labels.astype('int64') + 1, PART), axis=1).astype('float32')


def _in_one(parts):
    """Labels of their parts; -1 for no label."""
    high, low = parts.astype('int64').T
    return high * PART + low - 1


def places(labels, rows):
    """Where labels stand among some rows; -1 for those of other workers, and for -1, which is no sample."""
    return np.where((labels >= rows.start) & (labels < rows.stop), labels - rows.start, -1)
