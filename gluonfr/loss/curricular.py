"""CurricularFace: hard negatives count little in early training and much later."""
import math
from typing import Any

from ..nn.functional import angular_margin
from ..nn.graph_state import follow
from ..utils.check import check_number
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['CurricularFace']


@LOSSES.register('curricularface')
class CurricularFace(CosineLoss):
    r"""CurricularFace, "CurricularFace: Adaptive Curriculum Learning Loss for Deep Face Recognition" (2004.00288).

    .. math::
        z_y = s\cos(\theta_y + m), \quad
        z_j = s\cos\theta_j(t + \cos\theta_j) \text{ where } \cos\theta_j > \cos(\theta_y + m),
        \text{ else } s\cos\theta_j, \quad t \leftarrow t + \alpha(\mathop{mean}_i \cos\theta_y - t)

    ``t`` begins at 0 and follows the mean target cosine of the batches: as the network gets better, hard negatives
    count more. It is moved at the end of a training step, as in the paper's algorithm. The paper's momentum of 0.99 is
    what t keeps of itself, so that alpha is 0.01.

    When to use it: large sets with hard negatives, trained from scratch: unlike in `SVXSoftmax`, their emphasis comes
    by itself. First change m.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin in radians, in [0, pi/2). 0.5 on faces.
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    alpha : float
        Part of the new batch in t, in [0, 1].
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
    >>> from mxnet import autograd, nd
    >>> from gluonfr.loss import CurricularFace
    >>> loss = CurricularFace(classes=2, m=0, s=4, alpha=0.5)
    >>> loss.initialize()
    >>> for _ in range(3):  # 0.6 is a hard negative of a target at 0.4, and gets harder with t
    ...     with autograd.record():
    ...         print('{:.3f}'.format(loss(nd.array([[0.4, 0.6]]), nd.array([0])).asscalar()))
    0.616
    0.866
    1.012
    """

    lfw = 99.80  # ResNet-100 on MS1MV2

    def __init__(self, classes: int, m: float = 0.5, s: float = 64, *, alpha: float = 0.01, margin_warmup: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m = check_number(self._owner, 'm', m, 0, math.pi / 2, high_open=True)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, 1)
        self.t = self._state('t')

    def scalars(self):
        """What a training log should show."""
        return {'t': float(self.t.list_data()[0].asscalar())}

    def _logits(self, F, pred, index, t, steps=None):
        picked = F.pick(pred, index, axis=1)
        target = angular_margin(F, picked, m2=self._share(F, steps) * self._m)
        before, after = follow(F, t, F.mean(picked, axis=0, keepdims=True), self._alpha)
        hard = F.broadcast_greater(pred, F.expand_dims(target, 1))
        scores = pred + hard * (pred * (F.broadcast_add(pred, F.reshape(before, (1, 1))) - 1))
        scores = self._add_to_target(F, scores, index, target - F.pick(scores, index, axis=1))
        return F.broadcast_add(scores * self._s, F.reshape(0 * after, (1, 1)))

    def _shown(self):
        return dict(super()._shown(), m=self._m, alpha=self._alpha)
