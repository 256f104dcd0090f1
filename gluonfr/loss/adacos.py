"""AdaCos: softmax over cosines whose scale nobody has to choose."""
import math
from typing import Any

import mxnet as mx

from ..nn.functional import arccos
from ..nn.graph_state import follow
from ..utils.check import check_int
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['AdaCos']


@LOSSES.register('adacos')
class AdaCos(CosineLoss):
    r"""AdaCos, "AdaCos: Adaptively Scaling Cosine Logits for Effectively Learning Deep Face Representations"
    (1905.00292).

    .. math::
        z_j = s\cos\theta_j, \quad s_0 = \sqrt{2}\log(C - 1), \quad s \leftarrow \log(B) / \cos(\min(\pi/4, M))

        B = \mathop{mean}_i \sum_{j \ne y} e^{s\cos\theta_j}, \quad M = \mathop{median}_i \theta_y

    with the mean and the median over the samples of the batch. There is no margin: the scale alone decides how far a
    target may be from its centre until its loss counts. The fixed form stays at s_0. The dynamic one moves ``s`` in
    each training step, before the loss of that step, and no gradient flows through it. Here it stays between 1 and
    2 s_0, for which the paper has no bounds: where the centres of other classes are nearer than 45 degrees, as those of
    ten digits in the plane, it would grow without end.

    When to use it: to get a good baseline without choosing s and m, or to learn which s suits your number of classes.
    First change dynamic: False keeps the s that the number of classes gives.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 3: the formula gives two classes the scale 0.
    dynamic : bool
        Whether the scale follows the batches.
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
    >>> from gluonfr.loss import AdaCos
    >>> AdaCos(classes=10575)  # the people of CASIA-WebFace
    AdaCos(classes=10575, s=13.1, dynamic=True)
    """

    def __init__(self, classes: int, dynamic: bool = True, **kwargs: Any) -> None:
        first = math.sqrt(2) * math.log(check_int(self._owner, 'classes', classes, 3) - 1)
        super().__init__(classes, first, **kwargs)
        self._dynamic = dynamic
        if dynamic:
            self.s = self._state('s', init=mx.init.Constant(first))

    def scalars(self):
        """What a training log should show."""
        return {'s': float(self.s.list_data()[0].asscalar())} if self._dynamic else {}

    def _logits(self, F, pred, index, s=None):
        if s is None:
            return pred * self._s
        _, s = follow(F, s, self._fitting(F, F.BlockGrad(pred), index, F.BlockGrad(s + 0)), 1)
        return F.broadcast_mul(pred, F.reshape(s, (1, 1)))

    def _fitting(self, F, pred, index, s):
        """The scale (1,) that a batch asks for where it was ``s`` (1,)."""
        others = 1 - F.one_hot(index, depth=self._classes, dtype=self._dtype)
        scores = F.broadcast_mul(pred - 3 * (1 - others), F.reshape(s, (1, 1)))  # the target's is below all others
        top = F.max(scores, axis=(0, 1), keepdims=True)
        sums = F.sum(F.exp(F.broadcast_sub(scores, top)) * others, axis=1)
        log_mean = F.log(F.mean(sums, axis=0, keepdims=True)) + F.reshape(top, (1,))
        median = self._median(F, arccos(F, F.pick(pred, index, axis=1)))
        scale = log_mean / F.cos(F.broadcast_minimum(median, F.ones_like(median) * (math.pi / 4)))
        return F.where(scale == scale, F.clip(scale, 1, 2 * self._s), scale)  # a clip alone would hide NaN

    def _median(self, F, x):
        """The median (1,) of ``x`` (B,): the middle value, or the mean of the two in the middle."""
        ordered, last = F.reshape(F.sort(x, axis=0), (1, -1)), F.sum(F.ones_like(x), axis=0, keepdims=True) - 1
        return (F.pick(ordered, F.floor(last / 2), axis=1) + F.pick(ordered, F.ceil(last / 2), axis=1)) / 2

    def _shown(self):
        return dict(classes=self._classes, s=float('{:.4g}'.format(self._s)), dynamic=self._dynamic)
