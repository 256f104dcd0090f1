"""Sub-center ArcFace: ArcFace over a class layer with several centres for each class."""
from typing import Any

from ..utils.check import check_int
from .base import LOSSES
from .margin import ArcLoss

__all__ = ['SubCenterArcFace']


@LOSSES.register('subcenterarcface', 'subcenter')
class SubCenterArcFace(ArcLoss):
    r"""Sub-center ArcFace, "Sub-center ArcFace: Boosting Face Recognition by Large-scale Noisy Web Faces" (ECCV 2020).

    .. math::
        z_j = s\cos\theta_j, \quad z_y = s\cos(\theta_y + m), \quad
        \cos\theta_j = \max_{k \le K} \cos(x, W_{jk})

    The maximum over the K centres of a class is in its class layer, `gluonfr.nn.SubCenterDense`.

    When to use it: labels that are partly wrong, such as of images from the web. After the training
    `gluonfr.photos.subcenter_angles` tells which images are far from the centre of their class; train again without
    them and with ArcFace, as the paper does. First change subcenters, then m.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Margin in radians, in [0, pi/2).
    s : float
        Scale, > 0. 64 for faces, 4-20 for few classes.
    subcenters : int
        Centres a class K, >= 1; 1 is `ArcLoss`.
    easy_margin, margin_warmup, gradient, dtype, sparse_label, weight, batch_axis
        As in `ArcLoss`; easy_margin is False, as in the paper.

    Inputs:
        - **pred**: (B, C) cosines with the nearest centre of each class
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Examples
    --------
    >>> from gluonfr.loss import SubCenterArcFace
    >>> from gluonfr.nn import get_head
    >>> loss = SubCenterArcFace(classes=10, m=0.3, s=16)
    >>> loss, get_head(loss.head, classes=10, in_units=64)
    (SubCenterArcFace(classes=10, m=0.3, s=16, easy_margin=False, subcenters=3), SubCenterDense(64 -> 10 x 3))
    """

    def __init__(self, classes: int, m: float = 0.5, s: float = 64, *, subcenters: int = 3, easy_margin: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(classes, m, s, easy_margin, **kwargs)
        self._subcenters = check_int(self._owner, 'subcenters', subcenters, 1)
        self.head = 'subcenter:{}'.format(subcenters)

    def _shown(self):
        return dict(super()._shown(), subcenters=self._subcenters)
