"""A class layer whose table is divided over the workers, of whom each scores a sample of its classes."""
from typing import Any, Callable, Dict, List, Optional, Sequence

import mxnet as mx
import numpy as np
from mxnet import autograd, nd

from ..nn import PartialFC
from .shards import Rows, Shards, places
from .workers import Alone

__all__ = ['ShardedPartialFC']

KINDS = 'weight', 'momentum'  # of the arrays of a table


class ShardedPartialFC(Shards):
    r"""`gluonfr.nn.PartialFC` with its classes divided over the workers, as in "Killing Two Birds with One Stone"
    (2203.15565, section 3.1): each worker draws from its own classes, and the softmax is over all that were drawn.

    Workers tell each other what those of a `ShardedDense` do, so losses that fit there fit here. Rows and momentum lie
    in the memory of their worker's host, and only those that were scored move, by lazy updates. With ``sample_rate=1``
    it is a `ShardedDense`. What is drawn follows from (seed, step, worker); start values from (seed, row).

    Checkpoints are those of a `PartialFC`: another number of workers, or one process with a `PartialFC`, goes on from
    them, and draws other classes from then on unless all are scored.

    Parameters
    ----------
    classes : int
        Number of classes C, at least twice the number of workers.
    in_units : int
        Embedding size D, >= 1.
    workers : Alone or Workers
        Of `join_workers`.
    batch_size : int
        Samples of a batch of all workers together, at most.
    sample_rate : float or None
        Share of the classes that a step scores, in (0, 1]; 0.1 if `num_sample` is None, too.
    num_sample : int or None
        Their number in all workers instead, in [2 W, C] with W workers: each scores as many of its own, and always all
        that are in the batch.
    s : float
        What the loss multiplies scores with, > 0.
    filter_negatives, seed, sigma
        As for `PartialFC`.

    Inputs:
        - **x**: (b, D), the embeddings of this worker
        - **label**: (b,) class numbers

    Outputs:
        - **pred**: (b, 2)
        - **label**: (b,) zeros: where the target stands in pred

    Raises
    ------
    ValueError
        A value out of its range; a batch larger than `batch_size`; a call without label.

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.distributed import Alone, ShardedPartialFC
    >>> head = ShardedPartialFC(1000, 8, Alone(), batch_size=4, num_sample=20, s=16)
    >>> pred, label = head(nd.ones((4, 8)), nd.array([3, 999, 3, 500], dtype='int32'))
    >>> pred.shape, label.asnumpy().tolist(), len(head.own.sampled)
    ((4, 2), [0, 0, 0, 0], 20)
    """

    _whole = 'PartialFC'

    def __init__(self, classes: int, in_units: int, workers: Alone, batch_size: int,
                 sample_rate: Optional[float] = None, num_sample: Optional[int] = None, s: float = 1, *,
                 filter_negatives: Optional[float] = None, seed: Optional[int] = None, sigma: Optional[float] = None,
                 prefix: Optional[str] = None) -> None:
        super().__init__('ShardedPartialFC', classes, in_units, workers, batch_size, s, prefix)
        number, count = workers.number, workers.count
        whole = PartialFC(classes, in_units, sample_rate, num_sample)  # looks at the numbers; it draws no table
        self.num_sample = whole.num_sample
        if min(self.num_sample, classes) < 2 * count:
            raise ValueError('ShardedPartialFC: classes and num_sample must be at least twice the number of workers, '
                             '{}, got {} and {}.'.format(2 * count, classes, self.num_sample))
        rows = self.rows.stop - self.rows.start
        share = (number + 1) * self.num_sample // count - number * self.num_sample // count
        with self.name_scope():
            self.own = PartialFC(rows, in_units, num_sample=min(rows, share), filter_negatives=filter_negatives,
                                 seed=seed, sigma=sigma)
        self.own.table.first = self.rows.start

    def _score(self, everyone, labels):
        place = places(labels, self.rows)
        ids, rows = self.own.draw(place[place >= 0], everyone.context, self._workers.number)
        place = np.where(place >= 0, np.searchsorted(ids, place), -1)
        place = nd.array(place, ctx=everyone.context, dtype='int32')
        with autograd.record(train_mode=autograd.is_training()):
            scores = self.own.scores.of(everyone, rows, place)
        return scores, nd.one_hot(place, depth=len(ids))

    def begin(self, ctx: Sequence[mx.Context], optimizer: mx.optimizer.Optimizer, seed: int) -> None:
        """As that of `PartialFC`, for the rows of this worker; so are the following."""
        self.own.begin(ctx, optimizer, seed)

    def gradients(self) -> List[nd.NDArray]:
        """Of the own rows that were scored."""
        return self.own.gradients()

    def update(self, optimizer: mx.optimizer.Optimizer, scale: float) -> None:
        """Move the own rows that were scored."""
        self.own.update(optimizer, scale)

    def form(self) -> Dict[str, int]:
        """Of the whole."""
        return dict(self.own.form(), classes=self.rows.whole)

    def settings(self) -> Dict[str, Any]:
        """Of the whole."""
        return dict(self.own.settings(), num_sample=self.num_sample)

    def arrays(self, drawn: bool = True) -> Dict[str, np.ndarray]:
        """Of this worker."""
        return self.own.arrays(drawn)

    def whole_arrays(self, gather: Callable[[Rows, np.ndarray], np.ndarray]) -> Dict[str, np.ndarray]:
        """All that changes in training, of all workers, as a `PartialFC` of all classes has it.

        Parameters
        ----------
        gather : callable
            (rows, own) -> the whole table of which a worker has some rows, or what it likes where nobody asks for it.
        """
        own, step = self.own.arrays(), self.own.table.rows_of_piece
        found = {'steps': own['steps']}
        for kind in KINDS:
            pieces = [array for name, array in own.items() if name.startswith(kind + '-')]
            table = gather(self.rows, pieces[0] if len(pieces) == 1 else np.concatenate(pieces))
            found.update({'{}-{}'.format(kind, i): table[start:start + step]
                          for i, start in enumerate(range(0, len(table), step))})
        return found

    def fill(self, read: Callable[[Dict[str, np.ndarray]], None]) -> None:
        """Take the own rows out of what `whole_arrays` gave, an array at a time.

        Parameters
        ----------
        read : callable
            Fills arrays, by name.
        """
        own, table = self.own.arrays(drawn=False), self.own.table
        step, (first, last, whole) = table.rows_of_piece, self.rows
        read({'steps': own['steps']})
        for i, start in enumerate(range(0, whole, step)):
            if start >= last or start + step <= first:
                continue
            piece = np.empty((min(step, whole - start), table.width), 'float32')
            for kind in KINDS:
                read({'{}-{}'.format(kind, i): piece})
                for j, low in enumerate(range(first, last, step)):
                    begin, end = max(start, low), min(start + step, low + step, last)
                    if begin < end:
                        own['{}-{}'.format(kind, j)][begin - low:end - low] = piece[begin - start:end - start]

    def __repr__(self):
        return 'ShardedPartialFC({} -> {:,} of {:,}, of which {:,} a step, s={:g})'.format(
            self._in_units, self.rows.stop - self.rows.start, self.rows.whole, self.own.num_sample, self._s)
