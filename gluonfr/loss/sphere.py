"""Multiplicative angular margins: A-Softmax (SphereFace) and L-Softmax."""
import math
from typing import Any

from ..nn.angular import AngleLinear
from ..nn.functional import angular_margin, arccos
from ..nn.graph_state import accumulate, training_flag
from ..utils.check import check_int, check_number
from .base import LOSSES, ClassScoreLoss
from .margin import CosineLoss

__all__ = ['ASoftmax', 'LSoftmax']


@LOSSES.register('asoftmax', 'sphereface')
class ASoftmax(CosineLoss):
    r"""A-Softmax, "SphereFace: Deep Hypersphere Embedding for Face Recognition" (1704.08063), on cosines.

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s\frac{\lambda\cos\theta_y + \psi(\theta_y)}{1 + \lambda}, \quad
        \lambda = \max(\lambda_{min}, \lambda_{base}(1 + \gamma t)^{-p})

    with psi of `gluonfr.nn.functional.angular_margin` at m1 = m and t the number of training steps, this one counted:
    the parameter ``steps``. The paper keeps the norm of the embedding instead of s: `gluonfr.nn.AngleLinear` does.

    When to use it: to repeat results of SphereFace; ArcFace has the simpler margin and `SphereFaceR` the newer form.
    First change lambda_min: smaller is stricter.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : int
        Factor of the angle, 1-5.
    s : float
        Scale, > 0.
    phiflag : bool
        True: psi exactly. False: the Taylor polynomial of cos(m theta) to the tenth power, clipped to [-m, 1].
    lambda_base, lambda_gamma, lambda_power, lambda_min : float
        The annealing of lambda, all >= 0.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CombinedLoss`.
    """

    lfw = 99.42  # table 4 of the ArcFace paper

    def __init__(self, classes: int, m: int = 4, s: float = 64, phiflag: bool = True, dtype: str = 'float32', *,
                 lambda_base: float = 1500., lambda_gamma: float = 0.1, lambda_power: float = 1.,
                 lambda_min: float = 5., **kwargs: Any) -> None:
        super().__init__(classes, s, dtype=dtype, **kwargs)
        self._m = check_int(self._owner, 'm', m, 1, 5)
        self._phiflag = phiflag
        self._anneal = [check_number(self._owner, name, value, 0) for name, value in (
            ('lambda_base', lambda_base), ('lambda_gamma', lambda_gamma), ('lambda_power', lambda_power),
            ('lambda_min', lambda_min))]
        self.steps = self._state('steps')

    def _logits(self, F, pred, index, steps=None):
        picked = F.pick(pred, index, axis=1)
        base, gamma, power, low = self._anneal
        done = accumulate(F, steps, training_flag(F, steps))
        lamda = F.broadcast_maximum(base * (1 + gamma * done) ** -power, F.ones_like(done) * low)
        psi = angular_margin(F, picked, self._m) if self._phiflag else self._taylor(F, picked)
        return self._add_to_target(F, pred, index, F.broadcast_div(psi - picked, 1 + lamda)) * self._s

    def _taylor(self, F, cos):
        square = F.square(arccos(F, cos) * self._m)
        terms, power = F.ones_like(square), F.ones_like(square)
        for n in range(1, 6):
            power = power * square
            terms = terms + power * ((-1) ** n / math.factorial(2 * n))
        return F.clip(terms, -self._m, 1)

    def _shown(self):
        return dict(super()._shown(), m=self._m)


@LOSSES.register('lsoftmax')
class LSoftmax(ClassScoreLoss):
    r"""L-Softmax, "Large-Margin Softmax Loss for Convolutional Neural Networks" (1612.02295).

    .. math::
        z_j = s\lVert W_j\rVert\lVert x\rVert\cos\theta_j, \quad z_y = s\lVert W_y\rVert\lVert x\rVert\psi(\theta_y)

    It needs the norms of both sides, so it owns its class layer (`gluonfr.nn.AngleLinear`).

    When to use it: few classes and a margin without normalisation; for faces take a loss on cosines. First change m.

    Parameters
    ----------
    classes, embedding_size : int
        C >= 2 and D >= 1.
    m : int
        Factor of the angle, >= 1.
    s : float
        Scale, > 0.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **embedding**: (B, D)
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    inputs = ('embedding', 'label')
    head = None
    keeps_classes = True

    def __init__(self, classes: int, embedding_size: int, m: int = 2, s: float = 1, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        self._embedding_size = check_int(self._owner, 'embedding_size', embedding_size, 1)
        check_number(self._owner, 's', s, 0, low_open=True)
        with self.name_scope():
            self.angle = AngleLinear(classes, embedding_size, m1=check_int(self._owner, 'm', m, 1), s=s, w_norm=False,
                                     x_norm=False, dtype=self._dtype)

    def hybrid_forward(self, F, embedding, label, sample_weight=None):
        """The loss of each sample, (B,)."""
        logits = self.angle(self._scores(F, embedding), self._index(F, label))
        return self._finish(F, self._cross_entropy(F, logits, label), sample_weight, label, logits)

    def predict(self, embedding):
        """Class scores (B, C) without margin."""
        return self.angle(embedding.astype(self._dtype))

    def _shown(self):
        return dict(classes=self._classes, angle=self.angle)
