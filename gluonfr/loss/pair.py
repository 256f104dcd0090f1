"""Losses over pairs, triplets and tuples of embeddings: given explicitly, or mined from the labels of a batch."""
from typing import Optional

import numpy as np
from mxnet.gluon import ParameterDict

from ..nn.functional import at_least_zero
from ..utils.check import check_int, check_number
from ..utils.labels import host_labels
from .base import LOSSES, CheckedLoss
from .pair_base import FAR, PairLoss

__all__ = ['ContrastiveLoss', 'TripletLoss', 'MPSLoss', 'RangeLoss']

def pairwise_square(F, x):
    """Squared Euclidean distances (..., N, N) between the rows of ``x`` (..., N, D)."""
    # Distances do not depend on the origin: at the mean the products are small and little cancels.
    x = F.broadcast_sub(x, F.BlockGrad(F.mean(x, axis=-2, keepdims=True)))
    square = F.sum(F.square(x), axis=-1, keepdims=True)
    product = F.linalg_gemm2(x, x, transpose_b=True)
    total = F.broadcast_add(square, F.swapaxes(square, -2, -1)) - 2 * product
    return F.broadcast_maximum(total, F.zeros_like(total))


@LOSSES.register('contrastiveloss', 'contrastive')
class ContrastiveLoss(PairLoss):
    r"""Contrastive loss, "Dimensionality Reduction by Learning an Invariant Mapping" (Hadsell 2006).

    .. math::
        L = y d^2 + (1 - y)\max(m - d, 0)^2, \quad d = \lVert a - b\rVert

    When to use it: only pairs are labelled, or distances should be trained directly. First change margin, to about the
    distance between two people.

    Parameters
    ----------
    margin : float
        m, > 0, in units of the embedding.
    weight : float or None
        Factor of the whole loss.
    batch_axis : {0, 1}
        The batch axis.
    mining : {None, 'all'}
        None: explicit pairs. 'all': every pair of the batch; an anchor's loss is the mean of d^2 over its positives
        plus the mean of max(m - d, 0)^2 over its negatives.

    Inputs:
        - **anchor**, **positive**: (B, D); **label**: (B,), 1 for the same person and 0 for different ones
        - with mining **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    explicit = ('anchor', 'positive', 'label')

    def __init__(self, margin: float = 1, weight: Optional[float] = None, batch_axis: int = 0, *,
                 mining: Optional[str] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, batch_axis, mining, ('all',), prefix=prefix, params=params)
        self._margin = check_number(self._owner, 'margin', margin, 0, low_open=True)
        if mining is None:
            self._classes = 2

    def _terms(self, F, square):
        return square, F.square(F.relu(self._margin - F.sqrt(square + 1e-12)))

    def _explicit(self, F, anchor, positive, label):
        square = F.sum(F.square(anchor - self._scores(F, positive)), axis=0, exclude=True)
        near, far = self._terms(F, square)
        same = F.reshape(F.cast(label, self._dtype), shape=(-1,))
        return same * near + (1 - same) * far

    def _mined(self, F, x, same, other):
        near, far = self._terms(F, pairwise_square(F, x))
        return self._mean(F, near, same) + self._mean(F, far, other)


@LOSSES.register('triplet', 'tripletloss')
class TripletLoss(PairLoss):
    r"""Triplet loss, "FaceNet: A Unified Embedding for Face Recognition and Clustering" (1503.03832).

    .. math::
        L = \max(\lVert a - p\rVert^2 - \lVert a - n\rVert^2 + m, 0)

    When to use it: distances should be trained directly, without classes; with batches of several images of each
    person. First change mining (semi-hard to begin with), then margin (0.2-0.3 with normalised embeddings).

    Parameters
    ----------
    margin : float
        m, >= 0, a squared distance. 0.2-0.3 for normalised embeddings.
    weight : float or None
        Factor of the whole loss.
    batch_axis : {0, 1}
        The batch axis.
    mining : {None, 'batch-hard', 'semi-hard', 'batch-all'}
        None: explicit triplets. 'batch-hard': each anchor's farthest positive and nearest negative (1703.07737).
        'semi-hard': for each anchor and positive the nearest negative farther than the positive, else the farthest
        negative; mean over positives. 'batch-all': mean over the anchor's triplets of positive loss. The last two
        hold (B, B, B) values.

    Inputs:
        - **pred**, **positive**, **negative**: (B, D)
        - with mining **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    explicit = ('pred', 'positive', 'negative')
    lfw = 99.63  # table 4 of the ArcFace paper

    def __init__(self, margin: float = 1, weight: Optional[float] = None, batch_axis: int = 0, *,
                 mining: Optional[str] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, batch_axis, mining, ('batch-hard', 'semi-hard', 'batch-all'), prefix=prefix,
                         params=params)
        self._margin = check_number(self._owner, 'margin', margin, 0)

    def _explicit(self, F, anchor, positive, negative):
        gap = F.square(anchor - self._scores(F, positive)) - F.square(anchor - self._scores(F, negative))
        return F.relu(F.sum(gap, axis=0, exclude=True) + self._margin)

    def _mined(self, F, x, same, other):
        square = pairwise_square(F, x)
        if self._mining == 'batch-hard':
            farthest = F.max(square * same, axis=1)
            nearest = F.min(F.where(other, square, F.ones_like(square) * FAR), axis=1)
            return F.relu(farthest - nearest + self._margin) * (F.sum(same, axis=1) > 0)
        # Axes: anchor, positive, negative.
        positive, negative = F.expand_dims(square, 2), F.expand_dims(square, 1)
        if self._mining == 'batch-all':
            gap = F.relu(F.broadcast_sub(positive, negative) + self._margin)
            gap = F.broadcast_mul(F.broadcast_mul(gap, F.expand_dims(same, 2)), F.expand_dims(other, 1))
            count = F.sum(gap > 0, axis=(1, 2))
            return F.sum(gap, axis=(1, 2)) / F.broadcast_maximum(count, F.ones_like(count))
        farther = F.broadcast_mul(F.broadcast_greater(negative, positive), F.expand_dims(other, 1))
        spread = F.broadcast_mul(negative, F.ones_like(farther))
        nearest = F.min(F.where(farther, spread, F.ones_like(farther) * FAR), axis=2)  # (B, B)
        farthest = F.broadcast_mul(F.max(square * other, axis=1, keepdims=True), F.ones_like(nearest))
        chosen = F.where(nearest < FAR, nearest, farthest)
        loss = self._mean(F, F.relu(square - chosen + self._margin), same)
        return loss * (F.sum(other, axis=1) > 0)


@LOSSES.register('mpsloss', 'mpsoss')
class MPSLoss(PairLoss):
    r"""Max-margin pairwise score loss, "DocFace: Matching ID Document Photos to Selfies" (1805.02283).

    .. math::
        L_i = f\max\left(m + \max_{j \ne i}(\cos_{ij}, \cos_{ji}) - \cos_{ii}, 0\right), \quad f = \tfrac12

    over B pairs of different people, :math:`\cos_{ij}` between the first image of pair i and the second of pair j. The
    half is that of gluonfr 1.0; the code of DocFace's authors adds two such halves, which is ``factor=1``.

    When to use it: pairs of one person each, such as identity card and selfie, with few images a person. First change m
    (0.2-1).

    Parameters
    ----------
    m : float
        Margin, a cosine, >= 0.
    mining : {None, 'all'}
        None: explicit pairs. 'all': an anchor's loss is the mean over its positives j of the same formula, the
        hardest negative being that of i or of j.
    weight : float or None
        Factor of the whole loss.
    factor : float
        f, > 0: 0.5 as in gluonfr 1.0, or 1 as in the published code of DocFace.

    Inputs:
        - **pred1**, **pred2**: (B, D)
        - with mining **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    explicit = ('pred1', 'pred2')
    normalized = True
    _two_axes = ('pred1', 'pred2', 'embedding')

    def __init__(self, m: float = 1.0, *, mining: Optional[str] = None, weight: Optional[float] = None,
                 factor: float = 0.5, prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, 0, mining, ('all',), prefix=prefix, params=params)
        self._margin = check_number(self._owner, 'm', m, 0)
        self._factor = check_number(self._owner, 'factor', factor, 0, low_open=True)

    def _explicit(self, F, a, b):
        cos = self._cosines(F, a, self._scores(F, b))
        order = F.contrib.arange_like(cos, axis=0)
        paired = F.broadcast_equal(F.expand_dims(order, 1), F.expand_dims(order, 0))
        negative = F.where(paired, F.ones_like(cos) * -FAR, cos)
        hardest = F.broadcast_maximum(F.max(negative, axis=1), F.max(negative, axis=0))
        return F.relu(self._margin + hardest - F.sum(cos * paired, axis=1)) * self._factor

    def _mined(self, F, x, same, other):
        cos = self._cosines(F, x, x)
        hardest = F.max(F.where(other, cos, F.ones_like(cos) * -FAR), axis=1)
        either = F.broadcast_maximum(F.expand_dims(hardest, 1), F.expand_dims(hardest, 0))
        return self._mean(F, F.relu(self._margin + either - cos) * self._factor, same)


@LOSSES.register('rangeloss')
class RangeLoss(CheckedLoss):
    r"""Range loss, "Range Loss for Deep Face Recognition with Long-tail" (1611.08976).

    .. math::
        L = \alpha \sum_i \frac{k}{\sum_{r=1}^{k} 1/D_{ir}} + \beta \max(margin - D_{centres}, 0)

    with D_ir the r-th largest squared distance inside class i, and D_centres the smallest squared distance between
    two classes' means.

    When to use it: a few people have many images and most have few: it looks at the widest pairs of a person alone.
    First change alpha and beta, so that both terms are about as large as the softmax; top_k=2.

    Parameters
    ----------
    alpha, beta : float
        Weights of the spread inside classes and of the nearness of classes, >= 0.
    top_k : int
        k, in [1, K(K-1)/2]; the paper takes 2.
    num_class, num_in_class : int
        The batch is P = num_class >= 2 groups of K = num_in_class >= 2 samples of one class each, in this order.
    feature_dim : int
        D, >= 1.
    margin : float
        >= 0, a squared distance.
    with_softmax : bool
        Add the cross-entropy, as the paper trains; a third input then is pred.
    weight : float or None
        Factor of the whole loss.

    Inputs:
        - **embedding**: (P K, D), **label**: (P K,); and with_softmax **pred**: (P K, C)
        - **sample_weight**: (P K,), optional

    Outputs:
        - **loss**: (P K,), every sample carrying the batch's value (plus its own cross-entropy)

    Raises ValueError where the labels do not have that layout.
    """

    inputs = ('embedding', 'label')
    head = None
    wants_groups = True
    lfw = 99.52  # table 4 of the ArcFace paper

    def __init__(self, alpha: float, beta: float, top_k: int, num_class: int, num_in_class: int, feature_dim: int,
                 margin: float, *, with_softmax: bool = False, weight: Optional[float] = None,
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight=weight, batch_axis=0, prefix=prefix, params=params)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0)
        self._beta = check_number(self._owner, 'beta', beta, 0)
        self._groups = check_int(self._owner, 'num_class', num_class, 2)
        self._size = check_int(self._owner, 'num_in_class', num_in_class, 2)
        self._top_k = check_int(self._owner, 'top_k', top_k, 1, self._size * (self._size - 1) // 2)
        self._embedding_size = check_int(self._owner, 'feature_dim', feature_dim, 1)
        self._margin = check_number(self._owner, 'margin', margin, 0)
        if with_softmax:
            self.inputs, self.head = ('embedding', 'label', 'pred'), 'dense'

    def _check(self, named):
        super()._check(named)
        label = host_labels(named['label']).reshape(-1)
        good = label.size == self._groups * self._size
        if good:
            groups = label.reshape(self._groups, self._size)
            good = (groups == groups[:, :1]).all() and len(np.unique(groups[:, 0])) == self._groups
        if not good:
            raise ValueError('RangeLoss: the batch must be {} groups of {} samples, one class each (see '
                             'gluonfr.data.PKSampler), got labels {}.'.format(self._groups, self._size, label[:32]))

    def hybrid_forward(self, F, embedding, label, pred=None, sample_weight=None):
        """The batch's value for each sample, (P K,)."""
        if self.head is None:  # the third argument is the optional weight
            pred, sample_weight = None, pred if sample_weight is None else sample_weight
        x = F.cast(embedding, self._dtype)
        groups = F.reshape(x, shape=(self._groups, self._size, -1))
        square = pairwise_square(F, groups)  # (P, K, K)
        upper = self._upper(F, square, self._size)
        largest = F.topk(F.reshape(F.broadcast_mul(square, F.expand_dims(upper, 0)), shape=(self._groups, -1)),
                         axis=1, k=self._top_k, ret_typ='value')
        spread = F.sum(self._top_k / F.sum(1 / (largest + 1e-8), axis=1), axis=0, keepdims=True)
        gaps = pairwise_square(F, F.mean(groups, axis=1))
        nearest = F.reshape(F.min(F.where(self._upper(F, gaps, self._groups), gaps, F.ones_like(gaps) * FAR)),
                            shape=(1,))
        value = self._alpha * spread + self._beta * F.relu(self._margin - nearest)
        loss = F.broadcast_add(0 * F.sum(x, axis=1), value)
        if pred is not None:
            pred = F.cast(pred, self._dtype)
            loss = loss + at_least_zero(F, -F.pick(F.log_softmax(pred, axis=1), self._index(F, label), axis=1))
        return self._finish(F, loss, sample_weight, label, pred)

    def _upper(self, F, like, size):
        """(size, size) mask of the entries above the diagonal."""
        order = F.contrib.arange_like(like, axis=-1)
        return F.broadcast_lesser(F.expand_dims(order, 1), F.expand_dims(order, 0))

    def _shown(self):
        return dict(alpha=self._alpha, beta=self._beta, top_k=self._top_k, num_class=self._groups,
                    num_in_class=self._size, margin=self._margin)
