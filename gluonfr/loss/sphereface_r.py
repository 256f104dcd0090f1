"""SphereFace-R: the multiplicative margin in forms that train."""
import math
from typing import Any

from ..nn.functional import GRADIENTS, angular_margin, arccos, l2_norm, straight_through, times
from ..utils.check import check_choice, check_number
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['SphereFaceR']


@LOSSES.register('spherefacer', 'sphereface-r')
class SphereFaceR(CosineLoss):
    r"""SphereFace-R, "SphereFace Revived: Unifying Hyperspherical Face Recognition" (2109.05565).

    .. math::
        L = CE(z), \quad z_y = r\,\psi(\theta_y), \quad z_j = r\,\eta(\theta_j)

    with the characteristic functions of the versions

    .. math::
        v0: \quad \psi = (-1)^k \cos(m\theta) - 2k, \quad \eta = \cos\theta

        v1: \quad \psi = \cos(\min(m\theta, \pi)), \quad \eta = \cos\theta

        v2: \quad \psi = \cos\theta, \quad \eta = \cos(\theta / m)

    v0 is SphereFace's. The radius r is s with 'hard' feature normalisation and the norm of the embedding without;
    'soft' normalisation adds :math:`t\,|\lVert x\rVert - s|`, the penalty of the authors' implementation. By default
    the characteristic functions have the gradient of the plain cosine (the paper's characteristic gradient
    detachment): v1 is flat beyond pi / m, and v0 turns at its joints. pytorch-metric-learning's SphereFaceLoss is v0
    without normalisation, with the exact gradient.

    When to use it: as ArcFace, where an angle that grows with the angle is wanted: near targets are pulled little, far
    ones much. First change m, and s for few classes.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Factor of the angle, >= 1. 1.4 for faces.
    s : float
        Scale, > 0: the radius ('hard'), or where the norms of embeddings should be ('soft'). 60 for faces.
    version : {'v2', 'v1', 'v0'}
        Characteristic functions.
    feature_norm : {'hard', 'soft', 'none'}
        How embeddings are normalised.
    t : float
        Weight of the soft normalisation, >= 0.
    gradient : {'straight-through', 'exact'}
        'straight-through' takes the gradient of the plain cosine, 'exact' that of the formula.
    margin_warmup : int
        Training steps over which m grows from 1.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) cosines
        - **label**: (B,) or (B, C)
        - **embedding**: (B, D), not normalised; with feature_norm='hard' left out
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.loss import SphereFaceR
    >>> cosines, label = nd.array([[0.9, 0.1], [0.3, 0.2]]), nd.array([0, 1])
    >>> for m in (1, 1.4):
    ...     print(['{:.3f}'.format(loss) for loss in SphereFaceR(classes=2, m=m, s=4)(cosines, label).asnumpy()])
    ['0.040', '0.913']
    ['0.182', '1.845']
    """

    def __init__(self, classes: int, m: float = 1.4, s: float = 60, version: str = 'v2', feature_norm: str = 'hard',
                 t: float = 0.01, *, gradient: str = 'straight-through', margin_warmup: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m = check_number(self._owner, 'm', m, 1)
        self._version = check_choice(self._owner, 'version', version, ('v2', 'v1', 'v0'))
        self._feature_norm = check_choice(self._owner, 'feature_norm', feature_norm, ('hard', 'soft', 'none'))
        self._t = check_number(self._owner, 't', t, 0)
        self._exact = check_choice(self._owner, 'gradient', gradient, GRADIENTS) == 'exact'
        self.inputs = ('pred', 'label') if feature_norm == 'hard' else ('pred', 'label', 'embedding')

    def hybrid_forward(self, F, pred, label, embedding=None, sample_weight=None, steps=None):
        """The loss of each sample, (B,)."""
        if self._feature_norm == 'hard':  # the third argument is the optional weight
            embedding, sample_weight = None, embedding if sample_weight is None else sample_weight
        pred, index = self._scores(F, pred), self._index(F, label)
        scores = self._characteristic(F, pred, index, 1 + self._share(F, steps) * (self._m - 1))
        if embedding is None:
            loss = self._cross_entropy(F, scores * self._s, label)
        else:
            norm = l2_norm(F, self._scores(F, embedding))
            loss = self._cross_entropy(F, F.broadcast_mul(scores, F.expand_dims(norm, 1)), label)
            if self._feature_norm == 'soft':
                loss = loss + F.abs(norm - self._s) * self._t
        return self._finish(F, loss, sample_weight, label, pred)

    def _characteristic(self, F, pred, index, m):
        """psi of the targets and eta of the others, (B, C)."""
        picked = F.pick(pred, index, axis=1)
        if self._version == 'v2':
            scores = self._moved(F, pred, lambda cos: F.cos(times(F, arccos(F, cos), 1 / m)))
            return self._add_to_target(F, scores, index, picked - F.pick(scores, index, axis=1))
        if self._version == 'v1':
            target = self._moved(F, picked, lambda cos: F.cos(F.clip(times(F, arccos(F, cos), m), 0, math.pi)))
        else:
            target = self._moved(F, picked, lambda cos: angular_margin(F, cos, m))
        return self._add_to_target(F, pred, index, target - picked)

    def _moved(self, F, cos, function):
        return function(cos) if self._exact else straight_through(F, cos, function)

    def _shown(self):
        return dict(super()._shown(), m=self._m, version=self._version, feature_norm=self._feature_norm)
