"""The softmax-margin family: losses that move the target's cosine before the cross-entropy."""
import math
from typing import Any, Optional

from ..nn.functional import GRADIENTS, angular_margin, arccos, l2_norm
from ..utils.check import check_choice, check_int, check_number
from .base import LOSSES, ClassScoreLoss, warmup

__all__ = ['CosineLoss', 'CombinedLoss', 'ArcLoss', 'CosLoss', 'NormSoftmax', 'LiArcFace', 'L2Softmax']


class CosineLoss(ClassScoreLoss):
    """Cross-entropy over ``s * pred`` where ``pred`` holds cosines and `_target` moves the target's one.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    s : float
        Scale, > 0.
    margin_warmup : int
        The margins grow linearly from 0 over this many training steps; 0 applies them from the start. The step count
        is the parameter ``steps``: saved and restored, the same hybridized or not.
    """

    head = 'cosine'
    normalized = True

    def __init__(self, classes: int, s: float, margin_warmup: int = 0, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        self._s = check_number(self._owner, 's', s, 0, low_open=True)
        self._warmup = check_int(self._owner, 'margin_warmup', margin_warmup, 0)
        if self._warmup:
            self.steps = self._state('steps')

    def _logits(self, F, pred, index, steps=None):
        picked = F.pick(pred, index, axis=1)
        target = self._target(F, picked, self._share(F, steps))
        return self._add_to_target(F, pred, index, target - picked) * self._s

    def _share(self, F, steps):
        """The part of the margin that applies: 1, or an array (1,) during the warm-up."""
        return 1 if steps is None else warmup(F, steps, self._warmup)

    def _target(self, F, cos, share):
        """Score (B,) for the targets' cosines (B,); ``share`` (a number or (1,)) of the margin applies."""
        return cos

    def _shown(self):
        return dict(super()._shown(), s=self._s)


@LOSSES.register('combined', 'combinedloss')
class CombinedLoss(CosineLoss):
    r"""The whole margin family, from "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (1801.07698).

    .. math::
        L = CE(z), \quad z_j = s\cos\theta_j, \quad z_y = s(\cos(m_1\theta_y + m_2) - m_3)

    continued monotonically where the angle passes pi (`gluonfr.nn.functional.angular_margin`); the ArcFaceLoss of
    pytorch-metric-learning goes on with cos(theta) - m sin(m) there, after a jump. All three margins always apply.

    When to use it: to try margins between ArcFace and CosFace, or the three of them together; `ArcLoss` and `CosLoss`
    have one number to choose. First change m2 and m3.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m1 : float
        Factor of the angle, >= 1.
    m2 : float
        Added angle in radians, in [0, pi/2).
    m3 : float
        Subtracted cosine, >= 0.
    s : float
        Scale, > 0.
    easy_margin : bool
        Apply m1 and m2 only to targets nearer than 90 degrees.
    margin_warmup : int
        Training steps over which the margins grow from nothing.
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
    """

    _m2_name, _m3_name = 'm2', 'm3'  # in messages: what the constructor calls them

    def __init__(self, classes: int, m1: float = 1.0, m2: float = 0.3, m3: float = 0.2, s: float = 64,
                 dtype: str = 'float32', *, easy_margin: bool = False, margin_warmup: int = 0, gradient: str = 'exact',
                 **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, dtype=dtype, **kwargs)
        self._m1 = check_number(self._owner, 'm1', m1, 1)
        self._m2 = check_number(self._owner, self._m2_name, m2, 0, math.pi / 2, high_open=True)
        self._m3 = check_number(self._owner, self._m3_name, m3, 0)
        self._easy = easy_margin
        self._gradient = check_choice(self._owner, 'gradient', gradient, GRADIENTS)

    def _target(self, F, cos, share):
        m1 = self._m1 if self._m1 == 1 else 1 + share * (self._m1 - 1)
        m2 = 0 if self._m2 == 0 else share * self._m2
        m3 = 0 if self._m3 == 0 else share * self._m3
        return angular_margin(F, cos, m1, m2, m3, self._easy, self._gradient)

    def _shown(self):
        return dict(super()._shown(), m1=self._m1, m2=self._m2, m3=self._m3)


@LOSSES.register('arcface', 'arcloss')
class ArcLoss(CombinedLoss):
    r"""ArcFace, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (1801.07698).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s\cos(\theta_y + m)

    When to use it: the first choice for thousands of people or more, with ``easy_margin=False``; with 128-d embeddings
    and from scratch also with ``margin_warmup``, or after softmax. First change m (0.3 for hundreds of people), then s.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin in radians, in [0, pi/2). Best around 0.45-0.5 on faces.
    s : float
        Scale, > 0. 64 for faces, 4-10 for few classes.
    easy_margin : bool
        Apply the margin only to targets nearer than 90 degrees: the default of gluonfr 1.0, easier to start from, and
        no margin for the half of all targets that are farther on a fresh network. The paper's loss has False.
    margin_warmup : int
        Training steps over which the margin grows from nothing.
    gradient : {'exact', 'straight-through'}
        'straight-through' takes the gradient of the plain cosine.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CombinedLoss`.

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.loss import ArcLoss
    >>> cosines, label = nd.array([[0.9, 0.1], [0.3, 0.2]]), nd.array([0, 1])
    >>> for m in (0, 0.5):
    ...     print(['{:.3f}'.format(loss) for loss in ArcLoss(classes=2, m=m, s=4)(cosines, label).asnumpy()])
    ['0.040', '0.913']
    ['0.136', '2.466']
    """

    _m2_name = 'm'
    lfw = 99.83  # table 4 of the ArcFace paper

    def __init__(self, classes: int, m: float = 0.5, s: float = 64, easy_margin: bool = True, dtype: str = 'float32', *,
                 margin_warmup: int = 0, gradient: str = 'exact', **kwargs: Any) -> None:
        super().__init__(classes, 1, m, 0, s, dtype, easy_margin=easy_margin, margin_warmup=margin_warmup,
                         gradient=gradient, **kwargs)

    def _shown(self):
        return dict(classes=self._classes, m=self._m2, s=self._s, easy_margin=self._easy)


@LOSSES.register('cosloss', 'cosface', 'amsoftmax')
class CosLoss(CombinedLoss):
    r"""CosFace (1801.09414), also AM-Softmax (1801.05599).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s(\cos\theta_y - m)

    When to use it: as ArcFace; its margin trains more easily from scratch and with few images. First change m, then s.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin, a cosine, >= 0. 0.35-0.4 on faces.
    s : float
        Scale, > 0.
    margin_warmup : int
        Training steps over which the margin grows from nothing.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CombinedLoss`.
    """

    _m3_name = 'm'
    lfw = 99.73  # table 4 of the ArcFace paper

    def __init__(self, classes: int, m: float = 0.35, s: float = 64, dtype: str = 'float32', *, margin_warmup: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(classes, 1, 0, m, s, dtype, margin_warmup=margin_warmup, **kwargs)

    def _shown(self):
        return dict(classes=self._classes, m=self._m3, s=self._s)


@LOSSES.register('normsoftmax', 'normface')
class NormSoftmax(CosineLoss):
    r"""Softmax over scaled cosines, "NormFace" (1704.06369): :math:`z_j = s\cos\theta_j`.

    When to use it: a baseline for the margin losses, or to begin a training that goes on with one of them. First change
    s.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    s : float
        Scale, > 0. 64 for faces, 1-10 for few classes.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CombinedLoss`.
    """

    def __init__(self, classes: int, s: float = 64, **kwargs: Any) -> None:
        super().__init__(classes, s, **kwargs)


@LOSSES.register('liarcface', 'airface')
class LiArcFace(CosineLoss):
    r"""Li-ArcFace, "AirFace: Lightweight and Efficient Model for Face Recognition" (1907.12256).

    .. math::
        z_j = s\frac{\pi - 2\theta_j}{\pi}, \quad z_y = s\frac{\pi - 2(\theta_y + m)}{\pi}

    Linear in the angle, so the margin needs no continuation and small embeddings train.

    When to use it: small networks and embeddings, with which ArcFace does not train well. First change m, then s (10
    for small data).

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin in radians, in [0, pi/2).
    s : float
        Scale, > 0. 64 for faces, 10 for small data.
    margin_warmup : int
        Training steps over which the margin grows from nothing.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CombinedLoss`.
    """

    def __init__(self, classes: int, m: float = 0.45, s: float = 64, *, margin_warmup: int = 0, **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._m = check_number(self._owner, 'm', m, 0, math.pi / 2, high_open=True)

    def _logits(self, F, pred, index, steps=None):
        score = 1 - arccos(F, pred) * (2 / math.pi)  # (pi - 2 theta) / pi, (B, C): the formula wants every angle
        margin = F.zeros_like(F.pick(score, index, axis=1)) + 2 * self._m / math.pi
        if steps is not None:
            margin = F.broadcast_mul(margin, self._share(F, steps))
        return self._add_to_target(F, score, index, -margin) * self._s

    def _shown(self):
        return dict(super()._shown(), m=self._m)


@LOSSES.register('l2softmax')
class L2Softmax(ClassScoreLoss):
    r"""L2-Softmax, "L2-constrained Softmax Loss for Discriminative Face Verification" (1703.09507).

    .. math::
        L = CE(W \frac{\alpha x}{\lVert x\rVert}), \quad \alpha > \log\frac{p(C-2)}{1-p}

    It is the feature that is normalised, not the scores.

    When to use it: few people, where softmax suffices and all embeddings should have one norm. First change alpha
    (16-50): for C people it must exceed log(9 (C - 2)).

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    alpha : float
        Radius of the features; must exceed the bound above.
    p : float
        Softmax probability that a correct sample should be able to reach, in (0, 1).
    from_normx : bool
        True: pred = W x/||x|| (+ b) from a head that normalises x (`get_head('feature_norm')`).
        False: pred = W x, and the embedding x is the third input.
    axis, sparse_label, weight, batch_axis, dtype
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C)
        - **label**: (B,) or (B, C)
        - **embedding**: (B, D), with ``from_normx=False``
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    def __init__(self, classes: int, alpha: float, p: float = 0.9, from_normx: bool = False, axis: int = -1,
                 sparse_label: bool = True, weight: Optional[float] = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(classes, axis, sparse_label, weight, batch_axis, **kwargs)
        check_number(self._owner, 'p', p, 0, 1, low_open=True, high_open=True)
        low = math.log(p * (classes - 2) / (1 - p)) if classes > 2 else 0.
        self._alpha = check_number(self._owner, 'alpha', alpha, max(low, 0.), low_open=True)
        self._from_normx = from_normx
        self.inputs = ('pred', 'label') if from_normx else ('pred', 'label', 'embedding')
        self.head = 'feature_norm' if from_normx else 'linear'

    def hybrid_forward(self, F, pred, label, embedding=None, sample_weight=None):
        """The loss of each sample, (B,)."""
        if self._from_normx:  # the third argument is the optional weight
            embedding, sample_weight = None, embedding if sample_weight is None else sample_weight
        pred = self._scores(F, pred)
        logits = pred * self._alpha
        if embedding is not None:
            logits = F.broadcast_div(logits, l2_norm(F, self._scores(F, embedding), keepdims=True))
        return self._finish(F, self._cross_entropy(F, logits, label), sample_weight, label, pred)

    def _shown(self):
        return dict(super()._shown(), alpha=self._alpha, from_normx=self._from_normx)
