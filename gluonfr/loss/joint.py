"""Cross-entropy with a term on the embedding beside it, or that term alone."""
from typing import Any, Optional, Union

import mxnet as mx
from mxnet import autograd, nd

from ..nn.functional import l2_norm
from ..utils.check import check_choice, check_number
from .base import LOSSES, ClassScoreLoss

__all__ = ['JointLoss', 'RingLoss']


class JointLoss(ClassScoreLoss):
    """Cross-entropy over ``pred`` plus a term that a subclass computes from the embedding in `_term`.

    Parameters
    ----------
    classes : int or None
        C, >= 2; None where it shows in pred.
    with_softmax : bool
        False leaves the cross-entropy out: the term alone, as `SumLoss` adds it to another loss. The inputs are then
        those the term takes, ``term_inputs``.
    from_logits : bool
        Whether pred holds log-probabilities already.
    """

    inputs = ('pred', 'label', 'embedding')
    term_inputs = ('embedding',)
    takes_log_probabilities = True

    def __init__(self, classes: Optional[int] = None, *, with_softmax: bool = True, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        if not with_softmax and self._from_logits:
            raise ValueError('{}: from_logits must be False with with_softmax=False, got True: the term alone takes no '
                             'pred.'.format(self._owner))
        if not with_softmax:
            self.inputs, self.head = self.term_inputs, None

    def hybrid_forward(self, F, *inputs, **params):
        """The loss of each sample, (B,)."""
        named, sample_weight = dict(zip(self.inputs, inputs)), inputs[len(self.inputs):]
        label, pred = named.get('label'), named.get('pred')
        index = None if label is None else self._index(F, label)
        loss = self._term(F, self._scores(F, named['embedding']), index, **params)
        if pred is not None:
            pred = self._scores(F, pred)
            loss = self._cross_entropy(F, pred, label) + loss
        return self._finish(F, loss, *sample_weight, label=label, scores=pred)

    def _term(self, F, x, index):
        """What to add to the cross-entropy, (B,): embeddings ``x`` (B, D), classes ``index`` (B,) if it takes them."""
        raise NotImplementedError


@LOSSES.register('ringloss')
class RingLoss(JointLoss):
    r"""Ring loss, "Ring loss: Convex Feature Normalization for Face Recognition" (1803.00130).

    .. math::
        L = CE(pred) + \lambda R(d), \quad d = \lVert x\rVert - R

    with R(d) = d^2/2 ('l2', the paper's), Huber with delta 1 ('smoothl1'), (c^2/2) log(1 + d^2/c^2) ('cauchy') or
    (d^2/2)/(1 + d^2) ('geman'). The radius ``R`` (1,) is trained with the network.

    When to use it: all embeddings should have about the same norm, beside softmax or, in a sum, any margin loss. First
    change lamda (0.01-0.5); r_init='auto' finds the radius.

    Parameters
    ----------
    lamda : float
        Weight of the ring term, >= 0; 0.01-0.5.
    r_init : float or 'auto'
        First radius, > 0: 1 on MNIST, about 20 on faces. 'auto' takes the mean norm of the first batch.
    loss_type : {'l2', 'smoothl1', 'cauchy', 'geman'}
        The penalty R(d).
    c : float
        Width of 'cauchy', > 0.
    with_softmax : bool
        As in `JointLoss`.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) class scores; without softmax left out
        - **label**: (B,) or (B, C); without softmax left out
        - **embedding**: (B, D), not normalised
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    def __init__(self, lamda: float, r_init: Union[float, str] = 1.0, dtype: str = 'float32', *, loss_type: str = 'l2',
                 c: float = 1.0, **kwargs: Any) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self._lamda = check_number(self._owner, 'lamda', lamda, 0)
        self._penalty = check_choice(self._owner, 'loss_type', loss_type, ('l2', 'smoothl1', 'cauchy', 'geman'))
        self._c = check_number(self._owner, 'c', c, 0, low_open=True)
        self._unset = r_init == 'auto'
        # NaN marks "not measured yet" in a saved file too, and cannot be mistaken for a radius.
        r_init = float('nan') if self._unset else check_number(self._owner, 'r_init', r_init, 0, low_open=True)
        with self.name_scope():
            self.R = self.params.get('R', shape=(1,), init=mx.init.Constant(r_init), dtype=self._dtype)

    def _check(self, named):
        super()._check(named)
        if self._unset:
            embedding = named['embedding']
            radius = self.R.data(embedding.context).asscalar()
            if radius != radius:
                rows = embedding if self._batch_axis == 0 else embedding.T
                with autograd.pause():
                    self.R.set_data(l2_norm(nd, rows.astype(self._dtype)).mean().reshape((1,)))
            self._unset = False

    def scalars(self):
        """What a training log should show."""
        return {'Radius': float(self.R.list_data()[0].asscalar())}

    def _term(self, F, x, index, R):
        d = F.broadcast_sub(l2_norm(F, x), R)
        square = F.square(d)
        if self._penalty == 'l2':
            ring = square / 2
        elif self._penalty == 'smoothl1':
            ring = F.smooth_l1(d, scalar=1.0)
        elif self._penalty == 'cauchy':
            ring = F.log1p(square / self._c ** 2) * (self._c ** 2 / 2)
        else:
            ring = square / 2 / (1 + square)
        return self._lamda * ring

    def _shown(self):
        return dict(lamda=self._lamda, loss_type=self._penalty)
