"""A class layer that scores a sample of the classes, for more of them than a dense one can have."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import mxnet as mx
import numpy as np
from mxnet import autograd, nd
from mxnet.base import _LIB, check_call
from mxnet.gluon import Block, HybridBlock

from ..utils.check import check_int, check_number
from ..utils.labels import check_labels, host_labels
from .class_sample import draw_classes
from .row_table import RowTable

__all__ = ['PartialFC']

MOST = 1 << 31         # elements of one MXNet array, and one more
EXACT = 1 << 24        # whole numbers that float32 tells apart
START = 0.25           # length of a centre at the start: a short one turns far in the first steps
LEFT_OUT = -1          # the score of a filtered negative: the lowest of all cosines
SCORED_ROWS = 1 << 16  # classes scored at a time where all are


class PartialFC(Block):
    r"""Class scores of a sample of the classes: "Partial FC: Training 10 Million Identities on a Single Machine"
    (2010.05222) and "Killing Two Birds with One Stone" (2203.15565).

    .. math::
        z_j = \cos(w_j, x) \quad \text{for } j \in \{y_1, \dots, y_B\} \cup S

    where S is drawn from the other classes, anew in each step, by (seed, step). All classes of the batch are always
    scored. With ``sample_rate=1`` it is `NormDense` with all classes.

    It keeps the class centres in host memory, in arrays of its own and not as Gluon parameters, and moves them itself:
    `fit` calls `update` in each step. The rule is that of MXNet's ``sgd`` on the rows that were scored; the others,
    and their momentum, stay as they are (lazy updates). So weight decay, too, acts on a centre only when it is
    sampled: with rate r, a centre that is in no batch decays by (1 - lr wd) in a share r of the steps. Learning rate,
    momentum, wd and clip_gradient are those of the optimizer, which must be ``sgd``.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    in_units : int
        Embedding size D, >= 1.
    sample_rate : float or None
        Share of the classes that a step scores, in (0, 1]; 0.1 if `num_sample` is None, too.
    num_sample : int or None
        Their number instead, in [2, C]. If a batch has more classes than this, all of them are scored, and no others.
    weight_norm, feature_norm : bool
        Normalise the centres, the embedding: both, for cosines, by default.
    filter_negatives : float or None
        Leave out of a sample's scores the negatives whose cosine with it is above this, in (-1, 1): "inter-class
        filtering" (2203.15565), as such a negative is often the same person under another label. They get the score
        -1, the lowest cosine, and no gradient. It needs both norms.
    subcenters : int
        Centres of each class, >= 1, of which the nearest counts, as in `SubCenterDense`.
    seed : int or None
        Of the centres' start values and the samples, >= 0; None takes that of `fit`, or 0.
    sigma : float or None
        Standard deviation of the start values, > 0; None for 0.25 / sqrt(D), about the usual 0.01 for D = 512.

    Inputs:
        - **x**: (B, D)
        - **label**: (B,) class numbers, or left out for the scores of all classes (evaluation)

    Outputs:
        - **pred**: (B, K), or (B, C) without label; float32
        - **label**: (B,) int32, the places of the labels among the K classes; with label only

    Raises
    ------
    ValueError
        A value out of its range; labels that are no classes; more than 2^24 sampled classes, or 2^31 values of them;
        float32 labels with more than 2^24 classes, which they cannot tell apart.

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.nn import PartialFC
    >>> head = PartialFC(1000, in_units=8, num_sample=20)
    >>> pred, label = head(nd.ones((4, 8)), nd.array([3, 999, 3, 500], dtype='int32'))
    >>> pred.shape, head.sampled[label.asnumpy()].tolist()
    ((4, 20), [3, 999, 3, 500])
    >>> head(nd.ones((4, 8))).shape
    (4, 1000)
    """

    needs_label = True

    def __init__(self, classes: int, in_units: int, sample_rate: Optional[float] = None,
                 num_sample: Optional[int] = None, weight_norm: bool = True, feature_norm: bool = True, *,
                 filter_negatives: Optional[float] = None, subcenters: int = 1, seed: Optional[int] = None,
                 sigma: Optional[float] = None, prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        self._classes = check_int('PartialFC', 'classes', classes, 2)
        self._in_units = check_int('PartialFC', 'in_units', in_units, 1)
        self._subcenters = check_int('PartialFC', 'subcenters', subcenters, 1)
        self.num_sample = self._sample_size(sample_rate, num_sample)
        self._weight_norm, self._filter = weight_norm, filter_negatives
        if filter_negatives is not None:
            check_number('PartialFC', 'filter_negatives', filter_negatives, -1, 1, low_open=True, high_open=True)
            if not (weight_norm and feature_norm):
                raise ValueError('PartialFC: filter_negatives compares cosines, so weight_norm and feature_norm must '
                                 'be True, got {} and {}.'.format(weight_norm, feature_norm))
        self._seed = seed if seed is None else check_int('PartialFC', 'seed', seed, 0)
        sigma = START / in_units ** 0.5 if sigma is None else sigma
        self.table = RowTable(classes * subcenters, in_units,
                              check_number('PartialFC', 'sigma', sigma, 0, low_open=True))
        self.table.seed = self._seed or 0
        self._steps = np.zeros(1, 'int64')
        self.sampled = None  # the classes that were scored last, (K,) int64
        self._rows_used = None  # their rows in the table
        self.scores = _Scores(feature_norm, filter_negatives, subcenters)
        self._rows = self._gradient = self._lengths = self._used = None

    def forward(self, x, label=None):
        """Scores of sampled classes with the places of the labels, or of all classes."""
        if x.ndim != 2 or x.shape[1] != self._in_units:
            raise ValueError('PartialFC: x must be (B, {}), got shape {}.'.format(self._in_units, x.shape))
        x = x.astype('float32', copy=False)
        if label is None:
            return self._all_scores(x)
        labels = self._class_numbers(x, label)
        ids, rows = self.draw(labels, x.context)
        place = nd.array(np.searchsorted(ids, labels), ctx=x.context, dtype='int32')
        return self.scores.of(x, rows, place), place

    def draw(self, labels: np.ndarray, ctx: mx.Context, worker: int = 0) -> Tuple[np.ndarray, nd.NDArray]:
        """The classes that this step scores, in rising order, and their centres as scored, (K, D), in the graph.

        Parameters
        ----------
        labels : numpy.ndarray of int64
            Classes that are among them, or none.
        ctx : Context
        worker : int
            Whoever draws from other classes with the same seed has another number.
        """
        ids = draw_classes(labels, self._classes, self.num_sample,
                           (self.table.seed, 1, int(self._steps[0]), worker))
        with autograd.pause():
            rows = self._gathered(ids, ctx)
        if autograd.is_recording():
            self._used = rows
        return ids, rows

    def begin(self, ctx: Sequence[mx.Context], optimizer: mx.optimizer.Optimizer, seed: int) -> None:
        """What `fit` calls before its first step.

        Raises
        ------
        ValueError
            Several contexts, or another optimizer than sgd.
        """
        if len(ctx) > 1:
            raise ValueError('PartialFC: ctx must be one context, got {}: its class centres lie in the memory of the '
                             'host, and one step at a time moves them.'.format(list(ctx)))
        if type(optimizer).__name__ != 'SGD':
            raise ValueError("PartialFC: optimizer must be 'sgd', the only one that has lazy updates here, got "
                             '{!r}.'.format(type(optimizer).__name__.lower()))
        if self._seed is None:
            self.table.seed = seed

    def gradients(self) -> List[nd.NDArray]:
        """Gradients of the rows of this step, (K, D), to be bounded with others: what is changed in them counts.

        Raises
        ------
        ValueError
            No step was recorded since the last update, or the loss does not depend on the scores.
        """
        if self._used is None or not self._used._fresh_grad:
            raise ValueError('PartialFC: the loss must depend on its scores, got no gradient. Leave the head out if '
                             'the loss needs none.')
        if self._used is not self._rows[0]:  # on another device
            self._used.grad.copyto(self._gradient[0])
        self._gradient[0].wait_to_read()
        if self._lengths is not None:
            _through_norm(self._gradient[1], self._rows[1], self._lengths)
            self._lengths = None
        return [self._gradient[0]]

    def update(self, optimizer: mx.optimizer.Optimizer, scale: float) -> None:
        """Move the rows of this step as MXNet's sgd does.

        Parameters
        ----------
        optimizer : mxnet.optimizer.SGD
            Gives learning_rate, momentum, wd and clip_gradient.
        scale : float
            What to multiply the gradients with, such as 1 / B.
        """
        self.gradients()[0].wait_to_read()
        self.table.step(self._rows_used, self._gradient[1], lr=optimizer.learning_rate, momentum=optimizer.momentum,
                        wd=optimizer.wd, scale=scale, clip=optimizer.clip_gradient)
        self._used, self._steps[0] = None, self._steps[0] + 1

    def form(self) -> Dict[str, int]:
        """What decides which arrays there are, and of which shapes."""
        return {'classes': self._classes, 'in_units': self._in_units, 'subcenters': self._subcenters,
                'rows of an array': self.table.rows_of_piece}

    def settings(self) -> Dict[str, Any]:
        """What a run that is resumed must have in common with the first, besides."""
        return {'num_sample': self.num_sample, 'filter_negatives': self._filter, 'seed': self.table.seed}

    def arrays(self, drawn: bool = True) -> Dict[str, np.ndarray]:
        """All that changes in training, as it lies in memory, by name; with `drawn` false, to be filled."""
        return dict(self.table.arrays(drawn), steps=self._steps)

    def _sample_size(self, rate, number):
        if rate is not None and number is not None:
            raise ValueError('PartialFC: give sample_rate or num_sample, got both, {} and {}.'.format(rate, number))
        if number is None:
            rate = check_number('PartialFC', 'sample_rate', 0.1 if rate is None else rate, 0, 1, low_open=True)
            number = max(2, int(round(rate * self._classes)))
        number = check_int('PartialFC', 'num_sample', number, 2, self._classes)
        values = self._in_units * self._subcenters
        if number > EXACT or number * values >= MOST:
            raise ValueError('PartialFC: at most {:,} classes of {} values can be sampled in a step, as one MXNet '
                             'array holds fewer than 2^31 values, got {:,}.'.format(
                                 min(EXACT, (MOST - 1) // values), values, number))
        return number

    def _class_numbers(self, x, label):
        if label.shape != x.shape[:1]:
            raise ValueError('PartialFC: label must be (B,) with B = {}, got shape {}.'.format(x.shape[0], label.shape))
        check_labels('PartialFC', label, self._classes)
        values = host_labels(label)
        if self._classes > EXACT and values.dtype.kind == 'f' and values.dtype.itemsize < 8:
            raise ValueError('PartialFC: with {:,} classes, label must be integers, got {}, which tells only 2^24 '
                             'apart.'.format(self._classes, values.dtype))
        return values.astype('int64')

    def _gathered(self, ids, ctx):
        """The rows of some classes as an NDArray that waits for a gradient."""
        used = self._rows_of(ids)
        if self._rows is None or len(self._rows[1]) != len(used):
            self._rows, self._gradient = _shared((len(used), self._in_units)), _shared((len(used), self._in_units))
            autograd.mark_variables([self._rows[0]], [self._gradient[0]])
        self.sampled, self._rows_used = ids, used
        check_call(_LIB.MXNDArrayWaitToWrite(self._rows[0].handle))  # a step may be at work on the last ones
        self._lengths = self.table.gather(used, self._rows[1], self._weight_norm)
        rows = self._rows[0]
        if ctx != rows.context:
            rows = rows.as_in_context(ctx)
            rows.attach_grad()
        rows._fresh_grad = False
        return rows

    def _rows_of(self, ids):
        """The rows of some classes: those of a class follow each other."""
        return (ids[:, None] * self._subcenters + np.arange(self._subcenters)).ravel()

    def _all_scores(self, x):
        scores = []
        for start in range(0, self._classes, SCORED_ROWS):
            used = self._rows_of(np.arange(start, min(start + SCORED_ROWS, self._classes)))
            rows = np.empty((len(used), self._in_units), 'float32')
            self.table.gather(used, rows, self._weight_norm)
            scores.append(self.scores.of(x, nd.array(rows, ctx=x.context)))
        return nd.concat(*scores, dim=1)

    def __repr__(self):
        return 'PartialFC({} -> {:,}, of which {:,} a step{})'.format(
            self._in_units, self._classes, self.num_sample,
            '' if self._filter is None else ', filter_negatives={}'.format(self._filter))


class _Scores(HybridBlock):
    """Products of embeddings with rows, and the filter."""

    def __init__(self, feature_norm, bound, subcenters):
        super().__init__()
        self._norm, self._bound, self._subcenters = feature_norm, bound, subcenters
        self._width = self._made_for = None

    def of(self, x, rows, place=None):
        """Scores (B, K); a graph is made for one K and one form of call."""
        inputs = (x, rows) if place is None or self._bound is None else (x, rows, place)
        self._width = rows.shape[0]
        if self._made_for != (self._width, len(inputs)):
            self._made_for = self._width, len(inputs)
            self._clear_cached_op()
        return self(*inputs)

    def hybrid_forward(self, F, x, rows, place=None):
        if self._norm:
            x = F.L2Normalization(x, mode='instance')
        scores = F.FullyConnected(x, rows, no_bias=True, num_hidden=self._width)
        if self._subcenters > 1:
            scores = F.max(F.reshape(scores, shape=(0, -1, self._subcenters)), axis=2)
        if place is None:
            return scores
        own = F.broadcast_equal(F.expand_dims(F.cast(place, 'float32'), 1),
                                F.expand_dims(F.contrib.arange_like(scores, axis=1), 0))  # (B, K)
        keep = F.broadcast_maximum(own, scores <= self._bound)
        return F.where(keep, scores, F.ones_like(scores) * LEFT_OUT)


def _shared(shape):
    """Memory as an NDArray and as a numpy.ndarray."""
    memory = np.zeros(shape, 'float32')
    return nd.from_numpy(memory.view(), zero_copy=True), memory


def _through_norm(gradient, unit, lengths):
    """Turn gradients of rows of length 1 into those of the rows before they were scaled, in place."""
    for start in range(0, len(unit), 256):
        part, row = gradient[start:start + 256], unit[start:start + 256]
        part -= row * np.einsum('ij,ij->i', part, row)[:, None]
        part /= lengths[start:start + 256, None]
