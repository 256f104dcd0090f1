"""Losses that own class centres or class distributions."""
from typing import Any, Optional

import mxnet as mx
from mxnet import nd
from mxnet.gluon import ParameterDict
from mxnet.initializer import Initializer

from ..nn.functional import at_least_zero
from ..nn.graph_state import accumulate, training_flag
from ..utils.check import check_int, check_number
from .base import LOSSES, CheckedLoss, ClassScoreLoss
from .joint import JointLoss

__all__ = ['CenterLoss', 'GitLoss', 'LGMLoss', 'COCOLoss']


class _CentreLoss(JointLoss):
    """Cross-entropy plus terms on class centres that follow their samples by the centre-loss paper's rule.

    .. math::
        c_j \\leftarrow c_j - \\alpha \\frac{\\sum_{i: y_i = j} (c_j - x_i)}{1 + n_j}

    in every training step, after the loss was taken with the centres as they were. ``centers`` (C, D) is moved in
    the graph (``grad_req='null'``), so no learning rate, momentum or decay of the optimizer touches it.
    """

    term_inputs = ('embedding', 'label')
    keeps_classes = True

    def __init__(self, classes, embedding_size, weight_initializer, alpha, dtype, **kwargs):
        super().__init__(classes, dtype=dtype, **kwargs)
        self._embedding_size = check_int(self._owner, 'embedding_size', embedding_size, 1)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, 1)
        self.centers = self._state('centers', (classes, embedding_size),
                                   weight_initializer or mx.init.Xavier(magnitude=2.24))

    def _term(self, F, x, index, centers):
        own = F.BlockGrad(F.take(centers, index))  # (B, D)
        hot = F.one_hot(index, depth=self._classes, dtype=self._dtype)  # (B, C)
        pull = F.broadcast_div(F.dot(hot, own - x, transpose_a=True), F.expand_dims(1 + F.sum(hot, axis=0), 1))
        pull = F.where(F.abs(pull) < float('inf'), pull, F.zeros_like(pull))  # no bad batch stays in the centres
        moved = accumulate(F, centers, F.broadcast_mul(pull, training_flag(F, F.slice(
            centers, begin=(0, 0), end=(1, 1)))) * -self._alpha)
        # Ties the update to the output: nothing else reads it, and an unread node is pruned.
        tie = 0 * F.reshape(F.slice(moved, begin=(0, 0), end=(1, 1)), shape=(1,))
        return F.broadcast_add(self._centre_terms(F, x, own, index), tie)

    def _centre_terms(self, F, x, own, index):
        """What to add to the cross-entropy, (B,): embeddings ``x`` (B, D), centres of their classes ``own`` (B, D)."""
        raise NotImplementedError


@LOSSES.register('centerloss')
class CenterLoss(_CentreLoss):
    r"""Center loss, "A Discriminative Feature Learning Approach for Deep Face Recognition" (ECCV 2016).

    .. math::
        L = CE(pred) + \frac{\lambda}{2}\lVert x - c_y\rVert^2

    When to use it: hundreds to some thousands of people: embeddings gather around their class by Euclidean distance,
    beside softmax. First change lamda (0.003-1).

    Parameters
    ----------
    classes, embedding_size : int
        C >= 2 and D >= 1.
    lamda : float
        Weight of the centre term, >= 0; 0.003-1.
    weight_initializer : Initializer or None
        Of the centres; None is Xavier with magnitude 2.24.
    alpha : float
        How far a centre follows its samples in a step, in [0, 1].
    with_softmax : bool
        As in `JointLoss`.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **pred**: (B, C) class scores; without softmax left out
        - **label**: (B,) or (B, C); without softmax the second input
        - **embedding**: (B, D); without softmax the first input
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    lfw = 99.28  # table 4 of the ArcFace paper

    def __init__(self, classes: int, embedding_size: int, lamda: float,
                 weight_initializer: Optional[Initializer] = None, dtype: str = 'float32', *, alpha: float = 0.5,
                 **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_initializer, alpha, dtype, **kwargs)
        self._lamda = check_number(self._owner, 'lamda', lamda, 0)

    def _centre_terms(self, F, x, own, index):
        return F.sum(F.square(x - own), axis=1) * (self._lamda / 2)

    def _shown(self):
        return dict(super()._shown(), lamda=self._lamda, alpha=self._alpha)


@LOSSES.register('gitloss')
class GitLoss(_CentreLoss):
    r"""Git loss, "Git Loss for Deep Face Recognition" (1807.08512).

    .. math::
        L = CE(pred) + \frac{\lambda_c}{2}\lVert x - c_y\rVert^2
            + \lambda_g \mathop{mean}_{j: y_j \ne y} \frac{1}{1 + \lVert x - c_{y_j}\rVert^2}

    When to use it: as center loss, where classes should also keep away from each other. First change lamda_c and
    lamda_g (both 0.1 on digits).

    Parameters
    ----------
    classes, embedding_size : int
        C >= 2 and D >= 1.
    lamda_c, lamda_g : float
        Weights of the pull to the own centre and of the push from the others in the batch, >= 0.
    batch_size_per_gpu : int or None
        Part of gluonfr 1.0, which needed a fixed batch. Any batch size works now; a value other than None is
        deprecated and each batch is checked against it.
    weight_initializer, alpha, with_softmax
        As in `CenterLoss`.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs, outputs: as `CenterLoss`.
    """

    def __init__(self, classes: int, embedding_size: int, lamda_c: float, lamda_g: float,
                 batch_size_per_gpu: Optional[int] = None, weight_initializer: Optional[Initializer] = None,
                 dtype: str = 'float32', *, alpha: float = 0.5, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_initializer, alpha, dtype, **kwargs)
        self._lamda_c = check_number(self._owner, 'lamda_c', lamda_c, 0)
        self._lamda_g = check_number(self._owner, 'lamda_g', lamda_g, 0)
        self._batch_size = batch_size_per_gpu
        if batch_size_per_gpu is not None:
            check_int(self._owner, 'batch_size_per_gpu', batch_size_per_gpu, 1)

    def _check(self, named):
        super()._check(named)
        size = named['embedding'].shape[self._batch_axis]
        if self._batch_size not in (None, size):
            raise ValueError('GitLoss: the batch must hold batch_size_per_gpu = {} samples, got {}. Leave '
                             'batch_size_per_gpu out: it is no longer needed.'.format(self._batch_size, size))

    def _centre_terms(self, F, x, own, index):
        gap = F.sum(F.square(F.broadcast_sub(F.expand_dims(x, 1), F.expand_dims(own, 0))), axis=2)  # (B, B)
        index = F.cast(index, self._dtype)
        other = F.broadcast_not_equal(F.expand_dims(index, 1), F.expand_dims(index, 0))
        count = F.sum(other, axis=1)
        push = F.sum(other / (1 + gap), axis=1) / F.broadcast_maximum(count, F.ones_like(count))
        return F.sum(F.square(x - own), axis=1) * (self._lamda_c / 2) + push * self._lamda_g

    def _shown(self):
        return dict(super()._shown(), lamda_c=self._lamda_c, lamda_g=self._lamda_g, alpha=self._alpha)


@LOSSES.register('lgmloss')
class LGMLoss(CheckedLoss):
    r"""Large-margin Gaussian mixture loss, "Rethinking Feature Distribution for Loss Functions in Image
    Classification" (1803.02988).

    .. math::
        d_j = \tfrac12 (x-\mu_j)^T V_j^{-1} (x-\mu_j), \quad
        L = CE\left(-(1 + \alpha [j = y])\, d_j - \tfrac12\log\det V_j\right)
            + \lambda\left(d_y + \tfrac12\log\det V_y\right)

    in log-sum-exp form, so that far samples do not underflow. V is diagonal: the absolute values of ``var``.

    When to use it: few classes, where the likelihood of a sample should tell what belongs to none of them. First change
    alpha (0.2-1), then lamda (0.1) and lr_mult (0.1 on digits).

    Parameters
    ----------
    num_classes, embedding_size : int
        C >= 2 and D >= 1.
    alpha : float
        Margin, >= 0; 0.2-1.
    lamda : float
        Weight of the likelihood, >= 0; about 0.1.
    lr_mult : float
        Learning-rate factor of ``var``, >= 0: variances want small steps.
    dtype : {'float32', 'float64'}
        Type of the arithmetic.
    weight : float or None
        Factor of the whole loss.

    Inputs:
        - **embedding**: (B, D)
        - **label**: (B,)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
        - **probability**: (B, C) posterior without margin, which does not depend on the label
    """

    inputs = ('embedding', 'label')
    head = None
    keeps_classes = True

    def __init__(self, num_classes: int, embedding_size: int, alpha: float, lamda: float, lr_mult: float,
                 dtype: str = 'float32', *, weight: Optional[float] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(weight=weight, batch_axis=0, prefix=prefix, params=params)
        self._classes = check_int(self._owner, 'num_classes', num_classes, 2)
        self._embedding_size = check_int(self._owner, 'embedding_size', embedding_size, 1)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0)
        self._lamda = check_number(self._owner, 'lamda', lamda, 0)
        self._dtype = 'float64' if dtype == 'float64' else 'float32'
        shape = (num_classes, embedding_size)
        with self.name_scope():
            self.mean = self.params.get('mean', shape=shape, init=mx.init.Xavier(), dtype=self._dtype)
            self.var = self.params.get('var', shape=shape, init=mx.init.Constant(1), dtype=self._dtype,
                                       lr_mult=check_number(self._owner, 'lr_mult', lr_mult, 0))

    def _distances(self, F, x, mean, var):
        """d (B, C) and half the log-determinants (C,)."""
        var = F.abs(var) + 1e-8
        diff = F.broadcast_sub(F.expand_dims(x, 1), F.expand_dims(mean, 0))  # (B, C, D)
        d = F.sum(F.broadcast_div(F.square(diff), F.expand_dims(var, 0)), axis=2) / 2
        return d, F.sum(F.log(var), axis=1) / 2

    def hybrid_forward(self, F, embedding, label, sample_weight=None, mean=None, var=None):
        """The loss of each sample (B,) and the posterior (B, C)."""
        index = self._index(F, label)
        d, half_log_det = self._distances(F, self._scores(F, embedding), mean, var)
        hot = F.one_hot(index, depth=self._classes, dtype=self._dtype)
        log_p = F.log_softmax(-F.broadcast_add(d * (1 + self._alpha * hot), F.expand_dims(half_log_det, 0)), axis=1)
        loss = at_least_zero(F, -F.pick(log_p, index, axis=1))
        loss = loss + self._lamda * (F.pick(d, index, axis=1) + F.take(half_log_det, index))
        scores = -F.broadcast_add(d, F.expand_dims(half_log_det, 0))
        return self._finish(F, loss, sample_weight, label, scores), F.softmax(scores, axis=1)

    def predict(self, embedding):
        """Posterior (B, C) of ``embedding`` (B, D)."""
        ctx = embedding.context
        d, half_log_det = self._distances(nd, embedding.astype(self._dtype), self.mean.data(ctx), self.var.data(ctx))
        return nd.softmax(-nd.broadcast_add(d, half_log_det.expand_dims(0)), axis=1)

    def _shown(self):
        return dict(classes=self._classes, alpha=self._alpha, lamda=self._lamda)


@LOSSES.register('cocoloss')
class COCOLoss(ClassScoreLoss):
    r"""Congenerous cosine loss, "Rethinking Feature Discrimination and Polymerization for Large-scale Recognition"
    (1710.00870).

    .. math::
        L = CE(\alpha\cos(x, c_j))

    It owns its class centres ``centers`` (C, D), trained with the network.

    When to use it: as `NormSoftmax`, where the loss itself should own the class centres. First change alpha (20 for ten
    classes, 64 for faces).

    Parameters
    ----------
    classes, embedding_size : int
        C >= 2 and D >= 1.
    alpha : float
        Scale, > 0.
    weight_initializer : Initializer or None
        Of the centres; None is Xavier with magnitude 2.24.
    dtype, sparse_label, weight, batch_axis
        As in `ClassScoreLoss`.

    Inputs:
        - **embedding**: (B, D)
        - **label**: (B,) or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)
    """

    inputs = ('embedding', 'label')
    head = None
    normalized = True
    keeps_classes = True

    def __init__(self, classes: int, embedding_size: int, alpha: float,
                 weight_initializer: Optional[Initializer] = None, dtype: str = 'float32', **kwargs: Any) -> None:
        super().__init__(classes, dtype=dtype, **kwargs)
        self._embedding_size = check_int(self._owner, 'embedding_size', embedding_size, 1)
        self._alpha = check_number(self._owner, 'alpha', alpha, 0, low_open=True)
        with self.name_scope():
            self.centers = self.params.get('centers', shape=(classes, embedding_size), dtype=self._dtype,
                                           init=weight_initializer or mx.init.Xavier(magnitude=2.24))

    def _cosines(self, F, x, centers):
        return F.FullyConnected(F.L2Normalization(x, mode='instance'), F.L2Normalization(centers, mode='instance'),
                                no_bias=True, num_hidden=self._classes)

    def hybrid_forward(self, F, embedding, label, sample_weight=None, centers=None):
        """The loss of each sample, (B,)."""
        logits = self._cosines(F, self._scores(F, embedding), centers) * self._alpha
        return self._finish(F, self._cross_entropy(F, logits, label), sample_weight, label, logits)

    def predict(self, embedding):
        """Class scores (B, C) of ``embedding`` (B, D)."""
        return self._cosines(nd, embedding.astype(self._dtype), self.centers.data(embedding.context)) * self._alpha

    def _shown(self):
        return dict(super()._shown(), alpha=self._alpha)
