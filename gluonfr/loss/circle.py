"""Circle loss: every score gets a weight of its own, by how far it is from where it should be."""
from typing import Any, Optional

from mxnet.gluon import ParameterDict

from ..nn.functional import log_sum_exp, softplus
from ..utils.check import check_number
from .base import LOSSES, ClassScoreLoss
from .pair_base import BatchPairLoss

__all__ = ['CircleLoss', 'CirclePairLoss']


def _weighed(F, cos, m, positive):
    """alpha (cos - delta) of positive or negative scores ``cos``, no gradient through the weight alpha."""
    if positive:
        return F.BlockGrad(F.relu(1 + m - cos)) * (cos - (1 - m))
    return F.BlockGrad(F.relu(cos + m)) * (cos - m)


@LOSSES.register('circle', 'circleloss')
class CircleLoss(ClassScoreLoss):
    r"""Circle loss in its form for classes, "Circle Loss: A Unified Perspective of Pair Similarity Optimization"
    (2002.10857).

    .. math::
        L = CE(z), \quad z_y = \gamma\,[1 + m - c_y]_+ (c_y - (1 - m)), \quad
        z_j = \gamma\,[c_j + m]_+ (c_j - m), \quad c = \cos\theta

    The factors in brackets are weights without gradient (equation 10 of the paper): a score far from its optimum is
    moved more than one that is nearly there. Target and negatives meet on a circle,
    :math:`(c_y - 1)^2 + c_j^2 = 2m^2`. `CirclePairLoss` is the form for pairs.

    When to use it: thousands of people and a network that trains stably, for a decision boundary with one clear goal
    (c_y near 1, c_j near 0) in the place of a margin. First change gamma: smaller where the loss jumps. Few classes in
    few dimensions, whose centres cannot be at right angles, want a larger m.

    Parameters
    ----------
    classes : int
        Number of classes C, >= 2.
    m : float
        Relaxation, in (0, 1): smaller is stricter. 0.25 for faces, 0.4 for fine-grained retrieval.
    gamma : float
        Scale, > 0. 256 for faces, 80-128 elsewhere.
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
    >>> from mxnet import nd
    >>> from gluonfr.loss import CircleLoss
    >>> loss = CircleLoss(classes=2, gamma=8)(nd.array([[0.9, 0.1], [0.3, 0.2]]), nd.array([0, 1]))
    >>> print(['{:.3f}'.format(value) for value in loss.asnumpy()])
    ['0.359', '4.848']
    """

    head = 'cosine'
    normalized = True
    lfw = 99.73  # ResNet-34 on MS-Celeb-1M

    def __init__(self, classes: int, m: float = 0.25, gamma: float = 256, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        self._m = check_number(self._owner, 'm', m, 0, 1, low_open=True, high_open=True)
        self._gamma = check_number(self._owner, 'gamma', gamma, 0, low_open=True)

    def _logits(self, F, pred, index):
        negative = _weighed(F, pred, self._m, False)
        target = _weighed(F, F.pick(pred, index, axis=1), self._m, True)
        return self._add_to_target(F, negative, index, target - F.pick(negative, index, axis=1)) * self._gamma

    def _shown(self):
        return dict(super()._shown(), m=self._m, gamma=self._gamma)


@LOSSES.register('circlepair', 'circlepairloss')
class CirclePairLoss(BatchPairLoss):
    r"""Circle loss over the pairs of a batch, "Circle Loss: A Unified Perspective of Pair Similarity Optimization"
    (2002.10857).

    .. math::
        L_i = \log\left(1 + \sum_{n} e^{\gamma [s_n + m]_+ (s_n - m)}
              \sum_{p} e^{-\gamma [1 + m - s_p]_+ (s_p - (1 - m))}\right)

    with s_p and s_n the cosines between anchor i and the other images of its person (p) and those of other people (n).
    The factors in brackets are weights without gradient. An anchor that has no p or no n has loss 0.
    `CircleLoss` is the form for classes.

    When to use it: many people with few images each, where no class layer fits, with batches of groups
    (`gluonfr.data.PKSampler`, ``--sampler pk:32x4``). First change gamma.

    Parameters
    ----------
    m : float
        Relaxation, in (0, 1): smaller is stricter. 0.25 for faces, 0.4 for fine-grained retrieval.
    gamma : float
        Scale, > 0. 256 for faces, 80-128 elsewhere.
    weight : float or None
        Factor of the whole loss.
    batch_axis : {0, 1}
        The batch axis.

    Inputs:
        - **embedding**: (B, D), **label**: (B,) classes
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    def __init__(self, m: float = 0.25, gamma: float = 256, weight: Optional[float] = None, batch_axis: int = 0, *,
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight, batch_axis, prefix=prefix, params=params)
        self._m = check_number(self._owner, 'm', m, 0, 1, low_open=True, high_open=True)
        self._gamma = check_number(self._owner, 'gamma', gamma, 0, low_open=True)

    def _of_cosines(self, F, cos, same, other):
        near = log_sum_exp(F, _weighed(F, cos, self._m, True) * -self._gamma, same, axis=1)
        far = log_sum_exp(F, _weighed(F, cos, self._m, False) * self._gamma, other, axis=1)
        return softplus(F, near + far)

    def _shown(self):
        return dict(m=self._m, gamma=self._gamma)
