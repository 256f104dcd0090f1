"""Losses over all pairs of a batch, and over the pairs of samples and class centres: SupCon, Multi-Similarity, Proxy
Anchor."""
from typing import Any, Optional

from mxnet.gluon import ParameterDict

from ..nn.functional import log_sum_exp, softplus
from ..utils.check import check_number
from .base import LOSSES, ClassScoreLoss
from .pair_base import FAR, BatchPairLoss

__all__ = ['SupConLoss', 'MultiSimilarityLoss', 'ProxyAnchorLoss']


@LOSSES.register('supcon', 'supconloss')
class SupConLoss(BatchPairLoss):
    r"""Supervised contrastive loss, "Supervised Contrastive Learning" (2004.11362), its form L_out.

    .. math::
        L_i = \frac{1}{|P_i|} \sum_{p \in P_i} \left(\log \sum_{a \ne i} e^{s_{ia}/\tau} - s_{ip}/\tau\right)

    with s cosines, P_i the other images of the person of i in the batch, and a all images but i. An anchor without P_i
    has loss 0. The paper's network has a projection behind the embedding, which only training sees; here the loss takes
    the embedding itself. pytorch-metric-learning's SupConLoss differs in batches without a negative pair, where it
    gives 0.

    When to use it: to train an embedding without a class layer, with large batches of groups (`gluonfr.data.PKSampler`,
    ``--sampler pk:32x4``); beside a class loss it keeps the images of a person together. First change the temperature.

    Parameters
    ----------
    temperature : float
        tau, > 0. 0.1 in the paper; smaller looks at the hardest negatives only.
    weight : float or None
        Factor of the whole loss.
    batch_axis : {0, 1}
        The batch axis.

    Inputs:
        - **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.loss import SupConLoss
    >>> loss = SupConLoss(temperature=1)(nd.array([[1, 0], [1, 0], [0, 1]]), nd.array([4, 4, 7]))
    >>> print(['{:.3f}'.format(value) for value in loss.asnumpy()])
    ['0.313', '0.313', '0.000']
    """

    def __init__(self, temperature: float = 0.1, weight: Optional[float] = None, batch_axis: int = 0, *,
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, batch_axis, prefix=prefix, params=params)
        self._temperature = check_number(self._owner, 'temperature', temperature, 0, low_open=True)

    def _of_cosines(self, F, cos, same, other):
        score = cos / self._temperature
        total = log_sum_exp(F, score, same + other, axis=1)
        return self._mean(F, F.broadcast_sub(F.expand_dims(total, 1), score), same)

    def _shown(self):
        return dict(temperature=self._temperature)


@LOSSES.register('multisimilarity', 'multisimilarityloss', 'msloss')
class MultiSimilarityLoss(BatchPairLoss):
    r"""Multi-Similarity loss, "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning"
    (1904.06627).

    .. math::
        L_i = \frac{1}{\alpha} \log\left(1 + \sum_{p} e^{-\alpha (s_{ip} - \lambda)}\right)
            + \frac{1}{\beta} \log\left(1 + \sum_{n} e^{\beta (s_{in} - \lambda)}\right)

    over the pairs that its mining keeps: negatives nearer than the farthest positive,
    :math:`s_{in} > \min_p s_{ip} - \epsilon`, and positives farther than the nearest negative,
    :math:`s_{ip} < \max_n s_{in} + \epsilon`, with s the cosines of the batch. An anchor without positives or without
    negatives has loss 0 (without mining, only the sum that is there).

    When to use it: as `TripletLoss`, with more of the batch's pairs at work; batches of groups
    (`gluonfr.data.PKSampler`, ``--sampler pk:32x4``). First change lamda: it is about the cosine that should lie
    between images of one person and of two.

    Parameters
    ----------
    alpha, beta : float
        Sharpness for positives and negatives, > 0; 2 and 50 in the paper.
    lamda : float
        The cosine to pull positives above and push negatives below, in [-1, 1]. At 0.5 negatives below about 0.4 are
        left alone; at 1 all but equal images are.
    epsilon : float or None
        Tolerance of the mining, >= 0; 0.1 in the paper. None takes every pair.
    weight : float or None
        Factor of the whole loss.
    batch_axis : {0, 1}
        The batch axis.

    Inputs:
        - **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    def __init__(self, alpha: float = 2, beta: float = 50, lamda: float = 0.5, epsilon: Optional[float] = 0.1,
                 weight: Optional[float] = None, batch_axis: int = 0, *, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, batch_axis, prefix=prefix, params=params)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, low_open=True)
        self._beta = check_number(self._owner, 'beta', beta, 0, low_open=True)
        self._lamda = check_number(self._owner, 'lamda', lamda, -1, 1)
        self._epsilon = None if epsilon is None else check_number(self._owner, 'epsilon', epsilon, 0)

    def _of_cosines(self, F, cos, same, other):
        if self._epsilon is not None:
            far = F.ones_like(cos) * FAR
            lowest = F.min(F.where(same, cos, far), axis=1, keepdims=True)
            highest = F.max(F.where(other, cos, -far), axis=1, keepdims=True)
            other = other * F.broadcast_greater(cos + self._epsilon, lowest)
            same = same * F.broadcast_lesser(cos - self._epsilon, highest)
        shifted = cos - self._lamda
        near = softplus(F, log_sum_exp(F, shifted * -self._alpha, same, axis=1)) / self._alpha
        return near + softplus(F, log_sum_exp(F, shifted * self._beta, other, axis=1)) / self._beta

    def _shown(self):
        return dict(alpha=self._alpha, beta=self._beta, lamda=self._lamda, epsilon=self._epsilon)


@LOSSES.register('proxyanchor', 'proxyanchorloss')
class ProxyAnchorLoss(ClassScoreLoss):
    r"""Proxy Anchor loss, "Proxy Anchor Loss for Deep Metric Learning" (2003.13911).

    .. math::
        L = \frac{1}{|P^+|} \sum_{j \in P^+} \log\left(1 + \sum_{i: y_i = j} e^{-\alpha (c_{ij} - \delta)}\right)
          + \frac{1}{C} \sum_{j} \log\left(1 + \sum_{i: y_i \ne j} e^{\alpha (c_{ij} + \delta)}\right), \quad
        c = \cos\theta

    with P+ the classes that the batch has. The proxies are the rows of the cosine class layer. Each class is an anchor
    that gathers the batch, hardest samples first, so the value is one for the whole batch: every sample carries it.

    When to use it: as a class loss whose gradient knows the relations of the batch; any sampler will do. The class
    layer learns at a rate 100 times the network's in the paper. First change alpha.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    alpha : float
        Scale, > 0; 32 in the paper.
    delta : float
        Margin, a cosine, >= 0; 0.1 in the paper.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) cosines
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,), every sample carrying the batch's value
    """

    head = 'cosine'
    normalized = True
    cross_entropy = False

    def __init__(self, classes: int, alpha: float = 32, delta: float = 0.1, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, low_open=True)
        self._delta = check_number(self._owner, 'delta', delta, 0)

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        """The batch's value for each sample, (B,)."""
        pred = self._scores(F, pred)
        own = F.one_hot(self._index(F, label), depth=self._classes, dtype=self._dtype)  # (B, C)
        pull = softplus(F, log_sum_exp(F, (pred - self._delta) * -self._alpha, own, axis=0))  # (C,), 0 without samples
        push = softplus(F, log_sum_exp(F, (pred + self._delta) * self._alpha, 1 - own, axis=0))
        there = F.sum(F.max(own, axis=0), axis=0, keepdims=True)
        value = F.sum(pull, axis=0, keepdims=True) / there + F.mean(push, axis=0, keepdims=True)
        loss = F.broadcast_add(0 * F.sum(pred, axis=1), value)
        return self._finish(F, loss, sample_weight, label, pred)

    def _shown(self):
        return dict(super()._shown(), alpha=self._alpha, delta=self._delta)
