"""ElasticFace: the margin of each sample is drawn at random."""
import math
from typing import Any, Optional

from ..nn.functional import angular_margin
from ..nn.graph_state import training_flag
from ..utils.check import check_number
from .base import LOSSES
from .margin import CosineLoss

__all__ = ['ElasticArc', 'ElasticCos']


class _ElasticFace(CosineLoss):
    """Margins m_i ~ N(m, sigma) in training, m elsewhere."""

    def __init__(self, classes, m, s, sigma, plus, highest, margin_warmup, **kwargs):
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m = check_number(self._owner, 'm', m, 0, highest, high_open=True)
        self._sigma = check_number(self._owner, 'sigma', sigma, 0)
        self._plus = plus

    def _margins(self, F, cos, share):
        """A margin (B,) for each target cosine (B,), without gradient."""
        cos = F.BlockGrad(cos)
        # The flag first, here and in the product: it takes random numbers too, and the graph goes by the same order.
        spread = self._sigma * training_flag(F, cos)
        noise = F.random.normal_like(cos)
        if self._plus:  # the smallest margin to the largest cosine
            place = F.argsort(F.argsort(-cos, axis=0, dtype='int32'), axis=0, dtype='int32')
            noise = F.take(F.sort(noise, axis=0), place)
        margins = self._m + spread * F.BlockGrad(noise)
        return margins if isinstance(share, int) else F.broadcast_mul(margins, share)

    def _shown(self):
        return dict(super()._shown(), m=self._m, sigma=self._sigma, plus=self._plus)


@LOSSES.register('elasticarc', 'elasticface')
class ElasticArc(_ElasticFace):
    r"""ElasticFace-Arc, "ElasticFace: Elastic Margin Loss for Deep Face Recognition" (2109.09416).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s\cos(\theta_y + m_i), \quad m_i \sim N(m, \sigma)

    Each sample draws its margin in each training step, from the random numbers of MXNet: `gluonfr.train.fit` seeds them
    by seed and step, so that a training repeats bit for bit. Outside of training the margin is m. In ElasticFace-Arc+
    (``plus=True``) the margins of a batch are sorted: the farther a sample is from its centre, the larger its margin.

    When to use it: where one margin does not suit all people, because some vary more than others; `ArcLoss` otherwise.
    First change m, then sigma.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Mean margin in radians, in [0, pi/2).
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    sigma : float or None
        Standard deviation of the margin, >= 0; 0 is `ArcLoss`. None: the paper's, 0.05, and 0.0175 with ``plus``.
    plus : bool
        Whether to sort the margins.
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
    >>> import mxnet as mx
    >>> from mxnet import autograd, nd
    >>> from gluonfr.loss import ElasticArc
    >>> loss, cosines, label = ElasticArc(classes=2, s=4, sigma=0.2), nd.array([[0.9, 0.1]]), nd.array([0])
    >>> mx.random.seed(0)
    >>> for training in (False, True, True):
    ...     with autograd.record(train_mode=training):
    ...         print('{:.3f}'.format(loss(cosines, label).asscalar()))
    0.136
    0.167
    0.289
    """

    lfw = 99.82  # of the form with plus=True, ResNet-100 on MS1MV2

    def __init__(self, classes: int, m: float = 0.5, s: float = 64, *, sigma: Optional[float] = None,
                 plus: bool = False, margin_warmup: int = 0, **kwargs: Any) -> None:
        sigma = (0.0175 if plus else 0.05) if sigma is None else sigma
        super().__init__(classes, m, s, sigma, plus, math.pi / 2, margin_warmup, **kwargs)

    def _target(self, F, cos, share):
        return angular_margin(F, cos, m2=self._margins(F, cos, share))


@LOSSES.register('elasticcos')
class ElasticCos(_ElasticFace):
    r"""ElasticFace-Cos, "ElasticFace: Elastic Margin Loss for Deep Face Recognition" (2109.09416).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s(\cos\theta_y - m_i), \quad m_i \sim N(m, \sigma)

    The margin is drawn as in `ElasticArc`; ``plus=True`` is ElasticFace-Cos+.

    When to use it: as `ElasticArc`; a margin on the cosine trains more easily from scratch. First change m, then sigma.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Mean margin, a cosine, >= 0.
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    sigma : float or None
        Standard deviation of the margin, >= 0; 0 is `CosLoss`. None: the paper's, 0.05, and 0.025 with ``plus``.
    plus, margin_warmup
        As in `ElasticArc`.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `ElasticArc`.
    """

    lfw = 99.80  # of the form with plus=True, ResNet-100 on MS1MV2

    def __init__(self, classes: int, m: float = 0.35, s: float = 64, *, sigma: Optional[float] = None,
                 plus: bool = False, margin_warmup: int = 0, **kwargs: Any) -> None:
        sigma = (0.025 if plus else 0.05) if sigma is None else sigma
        super().__init__(classes, m, s, sigma, plus, None, margin_warmup, **kwargs)

    def _target(self, F, cos, share):
        return cos - self._margins(F, cos, share)
