"""Losses of as many binary classifiers as there are classes, which share one trained bias."""
import math
from typing import Any, Union

import mxnet as mx

from ..nn.functional import GRADIENTS, softplus, straight_through
from ..utils.check import check_choice, check_number
from .base import LOSSES, ClassScoreLoss

__all__ = ['SphereFace2', 'UniFace']


def balanced_bias(target, other, share):
    """The bias b at which pull and push of a fresh network are in balance.

    It is the minimum of share log(1 + exp(-target - b)) + log(1 + exp(other + b)): exp(b) solves a quadratic equation.

    Parameters
    ----------
    target, other : float
        Score of the target's classifier and of another one for directions that know nothing (cosine 0), target <=
        other.
    share : float
        Weight of the target over that of all others together, > 0.
    """
    root = math.sqrt((1 - share) ** 2 + 4 * share * math.exp(target - other))
    return math.log(2 * share) - other - math.log(1 - share + root)


class BinaryLoss(ClassScoreLoss):
    """Binary classifiers over cosines: a subclass gives their scores in `_two_scores`.

    ``bias`` (1,) is trained with the network; no weight decay pulls at it.
    """

    head = 'cosine'
    normalized = True
    cross_entropy = False
    _factors = 1, 1  # of the target's term and of the others'

    def __init__(self, classes: int, m: float, s: float, b_init: Union[float, str], **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        if b_init != 'auto':
            check_number(self._owner, 'b_init', b_init)
        self._b_init = b_init
        self._m = check_number(self._owner, 'm', m, 0)
        self._s = check_number(self._owner, 's', s, 0, low_open=True)

    def _set_bias(self, balanced):
        value = balanced if self._b_init == 'auto' else self._b_init
        with self.name_scope():
            self.bias = self.params.get('bias', shape=(1,), init=mx.init.Constant(value), dtype=self._dtype, wd_mult=0)

    def hybrid_forward(self, F, pred, label, sample_weight=None, bias=None):
        """The loss of each sample, (B,)."""
        pred, index = self._scores(F, pred), self._index(F, label)
        target, scores = self._two_scores(F, F.pick(pred, index, axis=1), pred, bias)
        others = 1 - F.one_hot(index, depth=self._classes, dtype=self._dtype)
        pull, push = softplus(F, -target), F.sum(softplus(F, scores) * others, axis=1)
        return self._finish(F, pull * self._factors[0] + push * self._factors[1], sample_weight, label, pred)

    def _two_scores(self, F, own, pred, bias):
        """Scores of the targets (B,) of cosines ``own`` (B,), and of all classes as others (B, C)."""
        raise NotImplementedError

    def scalars(self):
        """What a training log should show."""
        return {'Bias': float(self.bias.list_data()[0].asscalar())}

    def _shown(self):
        return dict(super()._shown(), m=self._m, s=self._s)


@LOSSES.register('sphereface2')
class SphereFace2(BinaryLoss):
    r"""SphereFace2, "SphereFace2: Binary Classification is All You Need for Deep Face Recognition" (2108.01513), with
    the additive margin on the cosine (its form C).

    .. math::
        L = \frac{\lambda}{s} \log\left(1 + e^{-s (g(\cos\theta_y) - m) - b}\right)
          + \frac{1 - \lambda}{s} \sum_{j \ne y} \log\left(1 + e^{s (g(\cos\theta_j) + m) + b}\right), \quad
        g(z) = 2 \left(\frac{z + 1}{2}\right)^t - 1

    Each class decides alone whether a face is its own; no softmax makes the classes compete, as there is none when two
    faces are compared. ``bias`` b is trained with the network. It starts where pull and push are in balance while
    directions are random. s is the paper's r. By default the gradient is that of the formula, where g is flat near
    -1; the authors' implementation takes that of the plain cosine (gradient='straight-through').

    When to use it: as ArcFace, above all with noisy labels, which the paper found it to stand better. First change s
    and m together (s=64, m=0.5, lamda=0.8 for millions of images), and lamda up if targets stay far.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin, a value of g, >= 0. 0.4 for faces.
    s : float
        Scale, > 0. 40 for faces.
    lamda : float
        Weight of the target's classifier against the others, in (0, 1). 0.7 for faces.
    t : float
        Power of g, >= 1: spreads similarities that crowd around 0. 3 for faces; 1 leaves the cosine as it is.
    b_init : float or 'auto'
        First bias. 'auto' is the balance for random directions of many dimensions; in 2-d, -s times the g that should
        tell own from others.
    gradient : {'exact', 'straight-through'}
        'straight-through' takes the gradient of the plain cosine.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) cosines
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.loss import SphereFace2
    >>> loss = SphereFace2(classes=2, m=0.2, s=8)
    >>> loss.initialize()
    >>> cosines, label = nd.array([[0.9, 0.1], [0.3, 0.2]]), nd.array([0, 1])
    >>> print(['{:.3f}'.format(value) for value in loss(cosines, label).asnumpy()])
    ['0.158', '0.236']
    """

    def __init__(self, classes: int, m: float = 0.4, s: float = 40, lamda: float = 0.7, t: float = 3,
                 b_init: Union[float, str] = 'auto', *, gradient: str = 'exact', **kwargs: Any) -> None:
        super().__init__(classes, m, s, b_init, **kwargs)
        self._lamda = check_number(self._owner, 'lamda', lamda, 0, 1, low_open=True, high_open=True)
        self._t = check_number(self._owner, 't', t, 1)
        self._exact = check_choice(self._owner, 'gradient', gradient, GRADIENTS) == 'exact'
        self._factors = lamda / s, (1 - lamda) / s
        zero = 2 * 0.5 ** t - 1
        self._set_bias(balanced_bias(s * (zero - m), s * (zero + m), lamda / ((1 - lamda) * (self._classes - 1))))

    def _g(self, F, cos):
        def g(z):
            return 2 * F.relu((z + 1) / 2) ** self._t - 1  # a cosine below -1 by rounding has no power
        return g(cos) if self._exact else straight_through(F, cos, g)

    def _two_scores(self, F, own, pred, bias):
        return (F.broadcast_add((self._g(F, own) - self._m) * self._s, bias),
                F.broadcast_add((self._g(F, pred) + self._m) * self._s, bias))

    def _shown(self):
        return dict(super()._shown(), lamda=self._lamda, t=self._t)


@LOSSES.register('uniface', 'uce')
class UniFace(BinaryLoss):
    r"""UniFace, the unified cross-entropy with a margin of "UniFace: Unified Cross-Entropy Loss for Deep Face
    Recognition" (ICCV 2023).

    .. math::
        L = \log\left(1 + e^{-s (\cos\theta_y - m) + b}\right)
          + \sum_{j \ne y} \log\left(1 + e^{s \cos\theta_j - b}\right)

    b / s is one threshold for all people, and for m = 0 the loss is small only where every target lies above it and
    everything else below: what verification with one threshold asks for, and softmax does not. ``bias`` b is trained
    with the network. It starts where pull and push are in balance while directions are random, near log(C - 1).

    When to use it: thousands of people or more, where faces are compared at one threshold. First change m, then s.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin, a cosine, >= 0; 0 is the plain unified cross-entropy (UCE).
    s : float
        Scale, > 0. 64 for faces.
    b_init : float or 'auto'
        First bias. 'auto' is the balance for random directions of many dimensions; in 2-d, s times the cosine that
        should tell own from others.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `SphereFace2`.
    """

    def __init__(self, classes: int, m: float = 0.4, s: float = 64, b_init: Union[float, str] = 'auto',
                 **kwargs: Any) -> None:
        super().__init__(classes, m, s, b_init, **kwargs)
        self._set_bias(-balanced_bias(-s * m, 0, 1 / (self._classes - 1)))

    def _two_scores(self, F, own, pred, bias):
        return (F.broadcast_sub((own - self._m) * self._s, bias), F.broadcast_sub(pred * self._s, bias))
