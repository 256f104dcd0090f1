"""A margin that goes by the size of the class."""
import math
from typing import Any, Sequence

import mxnet as mx
import numpy as np

from ..nn.functional import angular_margin
from ..utils.check import check_number
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['DynamicMargin']


@LOSSES.register('dynamicmargin', 'dynamicarcface')
class DynamicMargin(CosineLoss):
    r"""ArcFace with dynamic margins, "Google Landmark Recognition 2020 Competition Third Place Solution" (2010.05350).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s\cos(\theta_y + m_y), \quad m_y = a n_y^{-\lambda} + b

    where n_y is the number of images of the class, and a and b are such that the smallest class has the margin m_max
    and the largest m_min. Images of a class with few are easily learned by heart; a larger margin keeps the room around
    them.

    When to use it: a few people have many images and most have few (a long tail). The smallest and the largest class
    have these margins however little their sizes differ: where they hardly do, take `ArcLoss`. First change m_min and
    m_max.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    counts : sequence of int
        Training images of each class, (C,), all >= 0; a class without images counts as one with a single image. `fit`
        by `gluonfr train` and the MNIST example fill it in from the data: otherwise ``np.bincount(labels)``.
    m_min, m_max : float
        Margins in radians, 0 <= m_min <= m_max < pi/2.
    lamda : float
        How soon the margin falls with the size, > 0.
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    margin_warmup : int
        Training steps over which the margin grows from nothing.
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
    >>> from gluonfr.loss import DynamicMargin
    >>> loss = DynamicMargin(classes=3, counts=[1, 16, 256])
    >>> loss.initialize()
    >>> print(loss.margins.data().asnumpy())
    [0.5  0.2  0.05]
    """

    keeps_classes = True

    def __init__(self, classes: int, counts: Sequence[int], m_min: float = 0.05, m_max: float = 0.5,
                 lamda: float = 0.25, s: float = 64, *, margin_warmup: int = 0, **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m_min = check_number(self._owner, 'm_min', m_min, 0, math.pi / 2, high_open=True)
        self._m_max = check_number(self._owner, 'm_max', m_max, m_min, math.pi / 2, high_open=True)
        self._lamda = check_number(self._owner, 'lamda', lamda, 0, low_open=True)
        counts = np.asarray(counts, dtype='float64')
        if counts.shape != (classes,) or not (counts >= 0).all():
            raise ValueError('{}: counts must be {} numbers >= 0, the images of each class, got {}.'.format(
                self._owner, classes, 'shape {}'.format(counts.shape) if counts.shape != (classes,) else counts.min()))
        self.margins = self._state('margins', (classes,), mx.init.Constant(self._of_sizes(np.maximum(counts, 1))))

    def _of_sizes(self, counts):
        powers = counts ** -self._lamda
        spread = powers.max() - powers.min()
        share = (powers - powers.min()) / spread if spread > 0 else np.ones_like(powers)  # equal classes: all small
        return self._m_min + (self._m_max - self._m_min) * share

    def _logits(self, F, pred, index, margins, steps=None):
        margins = F.BlockGrad(F.take(margins, index))
        margins = margins if steps is None else F.broadcast_mul(margins, self._share(F, steps))
        picked = F.pick(pred, index, axis=1)
        return self._add_to_target(F, pred, index, angular_margin(F, picked, m2=margins) - picked) * self._s

    def _shown(self):
        return dict(super()._shown(), m_min=self._m_min, m_max=self._m_max, lamda=self._lamda)
