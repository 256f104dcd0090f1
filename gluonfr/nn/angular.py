"""The linear layer with an angular margin, and its named settings."""
import math
from typing import Optional

import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock, ParameterDict
from mxnet.initializer import Initializer

from ..utils.check import check_int, check_number
from ..utils.labels import check_labels
from .functional import angular_margin, l2_norm

__all__ = ['AngleLinear', 'ANGLE_SETTINGS']

#: The eleven named settings of `AngleLinear`.
ANGLE_SETTINGS = {
    'softmax': dict(w_norm=False, x_norm=False, s=1, m1=1, m2=0, m3=0),
    'L-softmax_v1': dict(w_norm=False, x_norm=False, s=1, m1=2, m2=0, m3=0),
    'L-softmax_v2': dict(w_norm=False, x_norm=False, s=1, m1=3, m2=0, m3=0),
    'A-softmax_v1': dict(w_norm=True, x_norm=False, s=1, m1=2, m2=0, m3=0),
    'A-softmax_v2': dict(w_norm=True, x_norm=False, s=1, m1=3, m2=0, m3=0),
    'norm-softmax': dict(w_norm=True, x_norm=True, s=1, m1=1, m2=0, m3=0),
    'CosFace_v1': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0, m3=0.1),
    'CosFace_v2': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0, m3=0.2),
    'ArcFace_v1': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.1, m3=0),
    'ArcFace_v2': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.2, m3=0),
    'ArcFace_v3': dict(w_norm=True, x_norm=True, s=4, m1=1, m2=0.3, m3=0),
}


class AngleLinear(HybridBlock):
    r"""A linear layer without bias whose target score carries an angular margin.

    .. math::
        z_j = s \lVert W_j\rVert \lVert x\rVert \cos\theta_j, \qquad
        z_y = s \lVert W_y\rVert \lVert x\rVert \psi(\theta_y)

    with psi of `angular_margin`, where a norm counts as 1 on a side that is normalised. Plain cross-entropy over
    these scores is softmax, L-Softmax (1612.02295), A-Softmax (1704.08063), NormFace (1704.06369), CosFace
    (1801.09414), ArcFace (1801.07698) or a combination: see `ANGLE_SETTINGS`.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    in_units : int
        Embedding size D, >= 1.
    m1 : float
        Factor of the angle, >= 1.
    m2 : float
        Added angle in radians, in [0, pi).
    m3 : float
        Subtracted cosine, >= 0.
    s : float
        Scale, > 0.
    w_norm, x_norm : bool
        Normalise the class centres, the embedding.

    Inputs:
        - **embedding**: (B, D)
        - **label**: (B,) class indices, or left out for the scores without margin (evaluation)

    Outputs:
        - **pred**: (B, C)

    Examples
    --------
    >>> from gluonfr.nn import ANGLE_SETTINGS, AngleLinear
    >>> AngleLinear(10, 2, **ANGLE_SETTINGS['ArcFace_v3'])
    AngleLinear(2 -> 10, m1=1, m2=0.3, m3=0, s=4, w_norm=True, x_norm=True)
    """

    needs_label = True

    def __init__(self, classes: int, in_units: int, m1: float = 1, m2: float = 0, m3: float = 0, s: float = 1,
                 w_norm: bool = True, x_norm: bool = True, weight_initializer: Optional[Initializer] = None,
                 dtype: str = 'float32', prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._classes = check_int('AngleLinear', 'classes', classes, 2)
        self._in_units = check_int('AngleLinear', 'in_units', in_units, 1)
        self._m1 = check_number('AngleLinear', 'm1', m1, 1)
        self._m2 = check_number('AngleLinear', 'm2', m2, 0, math.pi, high_open=True)
        self._m3 = check_number('AngleLinear', 'm3', m3, 0)
        self._s = check_number('AngleLinear', 's', s, 0, low_open=True)
        self._w_norm, self._x_norm = w_norm, x_norm
        self._dtype = dtype
        with self.name_scope():
            self.weight = self.params.get('weight', shape=(classes, in_units), init=weight_initializer, dtype=dtype)

    def cast(self, dtype):
        """Cast the parameters; the picked cosines stay in float32 at least."""
        super().cast(dtype)
        self._dtype = np.dtype(dtype).name

    def forward(self, embedding, label=None):
        """Scores with the margin on the targets of ``label``, or without margin where no label is given."""
        if isinstance(embedding, nd.NDArray):
            self._check(embedding, label)
            if label is None:
                # A hybridized block keeps one form of call. Class -1 is nobody's, so no score carries a margin.
                label = nd.full((embedding.shape[0],), -1, ctx=embedding.context)
        return super().forward(embedding, *(() if label is None else (label,)))

    def _check(self, embedding, label):
        if embedding.ndim != 2 or embedding.shape[1] != self._in_units:
            raise ValueError('AngleLinear: embedding must be (B, {}), got shape {}.'.format(
                self._in_units, embedding.shape))
        if label is None:
            return
        if label.shape != embedding.shape[:1]:
            raise ValueError('AngleLinear: label must be (B,) with B = {}, got shape {}.'.format(
                embedding.shape[0], label.shape))
        check_labels('AngleLinear', label, self._classes)

    def hybrid_forward(self, F, embedding, label=None, weight=None):
        """Scores (B, C)."""
        x = F.L2Normalization(embedding, mode='instance')
        w = F.L2Normalization(weight, mode='instance')
        cos = F.FullyConnected(x, w, no_bias=True, num_hidden=self._classes)  # (B, C)
        if label is not None:
            picked = F.pick(cos, label, axis=1)
            if self._dtype == 'float16':  # 1 - 1e-6 is 1 in float16: the margin needs float32
                picked = F.cast(picked, 'float32')
            added = angular_margin(F, picked, self._m1, self._m2, self._m3) - picked
            hot = F.one_hot(label, depth=self._classes, dtype=self._dtype)
            cos = cos + F.broadcast_mul(hot, F.expand_dims(F.cast(added, self._dtype), 1))
        if not self._w_norm:
            cos = F.broadcast_mul(cos, F.expand_dims(self._norm(F, weight), 0))
        if not self._x_norm:
            cos = F.broadcast_mul(cos, F.expand_dims(self._norm(F, embedding), 1))
        return cos if self._s == 1 else cos * self._s

    def _norm(self, F, x):
        """Norms of rows in the head's type, summed in float32: a square overflows float16 at 256."""
        if self._dtype != 'float16':
            return l2_norm(F, x)
        return F.cast(l2_norm(F, F.cast(x, 'float32')), 'float16')

    def __repr__(self):
        return ('AngleLinear({} -> {}, m1={}, m2={}, m3={}, s={}, w_norm={}, x_norm={})'.format(
            self._in_units, self._classes, self._m1, self._m2, self._m3, self._s, self._w_norm, self._x_norm))
