"""AdaFace: a margin that goes by the quality of an image, told by the norm of its embedding."""
import math
from typing import Any

from ..nn.functional import angular_margin, l2_norm
from ..nn.graph_state import follow
from ..utils.check import check_number
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['AdaFace']


@LOSSES.register('adaface')
class AdaFace(CosineLoss):
    r"""AdaFace, "AdaFace: Quality Adaptive Margin for Face Recognition" (2204.00964).

    .. math::
        z_y = s(\cos(\theta_y - m q) - m - m q), \quad
        q = \mathop{clip}(h(\lVert x\rVert - \mu) / \sigma, -1, 1)

    where mu and sigma follow the mean and the standard deviation of the norms of the batches. A short embedding, of an
    image of low quality, gets the margin of ArcFace, one of middle length that of CosFace, and a long one a negative
    angle with twice the margin of CosFace: hard samples count more where the image is good. No gradient flows through
    the norms.

    ``mean`` and ``std`` are those of the first batch at first, then each batch moves them by alpha; the batch itself
    counts in its own loss. Before the first, q is 0. Where an angle minus the margin passes 0 or an angle plus it
    passes pi, the score goes on monotonically (`gluonfr.nn.functional.angular_margin`); the paper does not say.

    When to use it: training images of very different quality, such as from surveillance cameras or old scans, above all
    when low-quality faces are to be recognised. First change m, then h.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin, in radians and as a cosine, in [0, pi/2). 0.4 on faces.
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    h : float
        How soon a norm counts as long or short, > 0: at sigma / h from the mean.
    alpha : float
        Part of the new batch in mean and std, in [0, 1].
    margin_warmup : int
        Training steps over which the margin grows from nothing.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) cosines
        - **label**: (B,) or (B, C)
        - **embedding**: (B, D), not normalised
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Examples
    --------
    >>> from mxnet import autograd, nd
    >>> from gluonfr.loss import AdaFace
    >>> loss = AdaFace(classes=2, s=4)
    >>> loss.initialize()
    >>> with autograd.record():  # the same cosines, of a short and of a long embedding
    ...     value = loss(nd.array([[0.3, 0.2], [0.3, 0.2]]), nd.array([0, 0]), nd.array([[10, 0], [0, 30]]))
    >>> print(['{:.3f}'.format(v) for v in value.asnumpy()], loss.mean.data().asscalar())
    ['1.451', '1.492'] 20.0
    """

    inputs = ('pred', 'label', 'embedding')
    lfw = 99.82  # ResNet-100 on MS1MV2

    def __init__(self, classes: int, m: float = 0.4, s: float = 64, h: float = 0.333, *, alpha: float = 0.01,
                 margin_warmup: int = 0, **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m = check_number(self._owner, 'm', m, 0, math.pi / 2, high_open=True)
        self._h = check_number(self._owner, 'h', h, 0, low_open=True)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, 1)
        self.mean, self.std = self._state('mean'), self._state('std')

    def scalars(self):
        """What a training log should show."""
        return {'norm': float(self.mean.list_data()[0].asscalar())}

    def hybrid_forward(self, F, pred, label, embedding, sample_weight=None, mean=None, std=None, steps=None):
        """The loss of each sample, (B,)."""
        pred, index = self._scores(F, pred), self._index(F, label)
        quality = self._quality(F, F.BlockGrad(l2_norm(F, self._scores(F, embedding))), mean, std)
        m = F.ones_like(quality) * self._m
        m = m if steps is None else F.broadcast_mul(m, self._share(F, steps))
        picked = F.pick(pred, index, axis=1)
        target = angular_margin(F, picked, m2=-m * quality, m3=m * (1 + quality))
        logits = self._add_to_target(F, pred, index, target - picked) * self._s
        return self._finish(F, self._cross_entropy(F, logits, label), sample_weight, label, pred)

    def _quality(self, F, norm, mean, std):
        """q of the docstring, (B,), for norms (B,)."""
        now = F.mean(norm, axis=0, keepdims=True)
        deviation = F.sqrt(F.mean(F.square(F.broadcast_sub(norm, now)), axis=0, keepdims=True))
        rate = F.where(mean == 0, F.ones_like(mean), F.ones_like(mean) * self._alpha)  # 0: no batch was there yet
        _, mean = follow(F, mean, now, rate)
        _, std = follow(F, std, deviation, rate)
        width = F.broadcast_maximum(std, F.ones_like(std) * 1e-6) / self._h  # norms that are all equal
        quality = F.clip(F.broadcast_div(F.broadcast_sub(norm, mean), width), -1, 1)
        return F.broadcast_mul(quality, mean != 0)

    def _shown(self):
        return dict(super()._shown(), m=self._m, h=self._h, alpha=self._alpha)
