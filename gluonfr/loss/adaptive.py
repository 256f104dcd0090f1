"""Losses whose margin or weight depends on the sample: hard negatives, feature norms, confidence."""
import math
import warnings
from typing import Any, Optional, Union

from mxnet.gluon import ParameterDict

from ..nn.functional import angular_margin, l2_norm
from ..utils.check import check_choice, check_number
from .base import LOSSES, CheckedLoss
from .margin import CombinedLoss, CosineLoss

__all__ = ['SVXSoftmax', 'MagFace', 'FocalLoss']


@LOSSES.register('svxsoftmax', 'mvsoftmax')
class SVXSoftmax(CombinedLoss):
    r"""Support-vector guided softmax, "SV-Softmax" (1812.11317) and "Mis-classified Vector Guided Softmax Loss"
    (1912.00833).

    With the target score :math:`g_y = \cos(m_1\theta_y + m_3) - m_2` the negatives that beat it count more:

    .. math::
        z_y = s g_y, \quad z_j = s(t\cos\theta_j + t - 1) \text{ where } \cos\theta_j > g_y, \text{ else } s\cos\theta_j

    When to use it: most samples are easy, and the people that are mistaken for each other should count more. The
    defaults are those of gluonfr 1.0, a plain softmax of cosines: say t=1.2 and m2=0.35 (SV-AM-Softmax of the paper) or
    m3=0.5 (SV-Arc-Softmax). First change t, then the margin.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    s : float
        Scale, > 0.
    t : float
        Emphasis on hard negatives, >= 1 (1: none).
    m1 : float
        Factor of the angle, >= 1.
    m2 : float
        Subtracted cosine, >= 0. (In `CombinedLoss` this is m3.)
    m3 : float
        Added angle in radians, in [0, pi/2). (In `CombinedLoss` this is m2.)
    m : float or None
        m2 or m3 under one name; `margin` says which.
    margin : {'cos', 'arc'}
        What `m` is: m2 ('cos') or m3 ('arc').
    easy_margin : bool
        Apply all of the margin only to targets nearer than 90 degrees, as the published code does by default; which
        negatives count more is told by g_y with its margin all the same.
    margin_warmup, gradient
        As in `CombinedLoss`.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) cosines
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    _m2_name, _m3_name = 'm3', 'm2'  # here m2 is the cosine, and m3 the angle

    def __init__(self, classes: int, s: float = 64, t: float = 1, m1: float = 1, m2: float = 0, m3: float = 0,
                 dtype: str = 'float32', *, m: Optional[float] = None, margin: str = 'cos', easy_margin: bool = False,
                 **kwargs: Any) -> None:
        if check_choice(self._owner, 'margin', margin, ('cos', 'arc')) == 'arc' and m is None:
            raise ValueError("{}: margin must come with m, got margin='arc' alone. Give the angle as m3.".format(
                self._owner))
        if m is not None and (m2 != 0 or m3 != 0):
            raise ValueError('{}: m must stand alone, as it is m2 or m3, got m={}, m2={}, m3={}.'.format(
                self._owner, m, m2, m3))
        if m is not None:
            m2, m3 = (m, 0) if margin == 'cos' else (0, m)
        super().__init__(classes, m1, m3, m2, s, dtype, **kwargs)
        self._only_near = easy_margin
        self._t = check_number(self._owner, 't', t, 1)

    def _emphasize(self, F, scores, target):
        hard = F.broadcast_greater(scores, F.expand_dims(target, 1))
        return scores + hard * ((self._t - 1) * (scores + 1))

    def _logits(self, F, pred, index, steps=None):
        picked = F.pick(pred, index, axis=1)
        target = self._target(F, picked, self._share(F, steps))
        emphasized = self._emphasize(F, pred, target)
        if self._only_near:
            target = F.where(picked > 0, target, picked)
        return self._add_to_target(F, emphasized, index, target - F.pick(emphasized, index, axis=1)) * self._s

    def _shown(self):
        return dict(classes=self._classes, s=self._s, t=self._t, m1=self._m1, m2=self._m3, m3=self._m2,
                    easy_margin=self._only_near)


@LOSSES.register('magface')
class MagFace(CosineLoss):
    r"""MagFace, "MagFace: A Universal Representation for Face Recognition and Quality Assessment" (2103.06627).

    ArcFace whose margin grows with the norm of the feature, a = ||x|| clipped to [l_a, u_a]:

    .. math::
        m(a) = \frac{u_m - l_m}{u_a - l_a}(a - l_a) + l_m, \quad
        L = CE(z;\ z_y = s\cos(\theta_y + m(a))) + \lambda_g\left(\frac{a}{u_a^2} + \frac{1}{a}\right)

    When to use it: the norm of an embedding should tell the quality of its image. First change l_a and u_a, to the
    range of norms that your network gives, and lamda_g with them.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    s : float
        Scale, > 0.
    l_a, u_a : float
        Bounds of the norm, 0 < l_a < u_a.
    l_m, u_m : float
        Margins in radians at these bounds, 0 <= l_m <= u_m < pi/2.
    lamda_g : float
        Weight of the norm term, >= 0. Below the paper's bound s k u_a^2 l_a^2 / (u_a^2 - l_a^2), k the slope of m(a),
        the norm has no optimum inside the bounds: a warning says so.
    easy_margin : bool
        Apply the margin only to targets nearer than 90 degrees: the default of MagFace's published code.
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
    """

    inputs = ('pred', 'label', 'embedding')
    lfw = 99.83  # ResNet-100 on MS1MV2

    def __init__(self, classes: int, s: float = 64, l_a: float = 10, u_a: float = 110, l_m: float = 0.45,
                 u_m: float = 0.8, lamda_g: float = 35, *, easy_margin: bool = False, margin_warmup: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(classes, s, margin_warmup, **kwargs)
        self._easy = easy_margin
        self._l_a = check_number(self._owner, 'l_a', l_a, 0, low_open=True)
        self._u_a = check_number(self._owner, 'u_a', u_a, l_a, low_open=True)
        self._l_m = check_number(self._owner, 'l_m', l_m, 0, math.pi / 2, high_open=True)
        self._slope = (check_number(self._owner, 'u_m', u_m, l_m, math.pi / 2, high_open=True) - l_m) / (u_a - l_a)
        self._lamda_g = check_number(self._owner, 'lamda_g', lamda_g, 0)
        bound = s * self._slope * u_a ** 2 * l_a ** 2 / (u_a ** 2 - l_a ** 2)
        if lamda_g < bound:
            warnings.warn('MagFace: lamda_g should be >= {:.4g} for these bounds (the bound of the paper), got '
                          '{}.'.format(bound, lamda_g), stacklevel=2)

    def hybrid_forward(self, F, pred, label, embedding, sample_weight=None, steps=None):
        """The loss of each sample, (B,)."""
        pred, index = self._scores(F, pred), self._index(F, label)
        norm = F.clip(l2_norm(F, self._scores(F, embedding)), self._l_a, self._u_a)
        margin = (norm - self._l_a) * self._slope + self._l_m
        share = self._share(F, steps)
        margin = margin if steps is None else F.broadcast_mul(margin, share)
        picked = F.pick(pred, index, axis=1)
        target = angular_margin(F, picked, m2=margin, easy_margin=self._easy)
        logits = self._add_to_target(F, pred, index, target - picked) * self._s
        loss = self._cross_entropy(F, logits, label) + self._lamda_g * (norm / self._u_a ** 2 + 1 / norm)
        return self._finish(F, loss, sample_weight, label, pred)

    def _shown(self):
        return dict(super()._shown(), l_a=self._l_a, u_a=self._u_a, lamda_g=self._lamda_g, easy_margin=self._easy)


@LOSSES.register('focalloss', 'focal')
class FocalLoss(CheckedLoss):
    r"""Focal loss over the scores of another loss, "Focal Loss for Dense Object Detection" (1708.02002).

    .. math::
        L = (1 - p)^\gamma L_{CE}, \quad p = e^{-L_{CE}}

    When to use it: most samples are easy and dominate the loss; over any cross-entropy, also over a margin loss. First
    change gamma.

    Parameters
    ----------
    loss : str or ClassScoreLoss or SoftmaxCrossEntropyLoss
        A cross-entropy over class scores: a name with its arguments in ``loss_args``, or an instance. It must be a
        plain cross-entropy (no further terms, no weight), for its value alone tells p.
    gamma : float
        Focus on samples that are not sure yet, >= 0 (0: none).
    weight : float or None
        Factor of the whole loss.

    Inputs: those of ``loss``.

    Outputs:
        - **loss**: (B,)
    """

    open_keywords = True

    def __init__(self, loss: Union[str, CheckedLoss] = 'softmax', gamma: float = 2.0, weight: Optional[float] = None,
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None, **loss_args: Any) -> None:
        batch_axis = loss_args.get('batch_axis', getattr(loss, '_batch_axis', 0))
        super().__init__(weight=weight, batch_axis=batch_axis, prefix=prefix, params=params)
        self._gamma = check_number(self._owner, 'gamma', gamma, 0)
        with self.name_scope():
            base = LOSSES.create(loss, **loss_args) if isinstance(loss, str) else loss
            plain = isinstance(base, CheckedLoss) and base.cross_entropy and base.inputs == ('pred', 'label')
            if not plain or base._weight is not None:
                raise ValueError('FocalLoss: loss must be an unweighted cross-entropy over pred and label (softmax, '
                                 'arcface, cosloss, ...), got {!r}.'.format(base))
            self.base = base
        self.head, self.normalized = base.head, base.normalized
        self._classes, self._sparse_label = base._classes, base._sparse_label

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        """The loss of each sample, (B,)."""
        loss = self.base(pred, label)
        # -expm1(-x) keeps 1 - p exact for sure samples; the floor keeps the power's gradient finite at p = 1.
        unsure = F.broadcast_maximum(-F.expm1(-loss), F.ones_like(loss) * 1e-12)
        return self._finish(F, unsure ** self._gamma * loss, sample_weight)

    def _shown(self):
        return dict(loss=self.base, gamma=self._gamma)
