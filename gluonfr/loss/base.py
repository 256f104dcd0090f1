"""What all losses share: checked inputs, float32 arithmetic, weights, cross-entropy, and the registry of names."""
from typing import Any, Optional

import numpy as np
from mxnet import nd
from mxnet.gluon import loss as gloss
from mxnet.gluon import ParameterDict

from ..nn.functional import at_least_zero
from ..nn.graph_state import accumulate, training_flag
from ..utils.check import check_choice, check_int
from ..utils.labels import check_labels, host_labels
from ..utils.registry import Registry

__all__ = ['LOSSES', 'CheckedLoss', 'SoftmaxCrossEntropyLoss', 'ClassScoreLoss', 'warmup']

LOSSES = Registry('loss')


class CheckedLoss(gloss.Loss):
    """A Gluon loss that states what it takes and refuses what it cannot use.

    Attributes
    ----------
    inputs : tuple of str
        Names of the arguments in order, of 'pred', 'label', 'embedding' and the names of explicit pairs.
    head : {'dense', 'linear', 'cosine', 'feature_norm', 'subcenter:K'} or None
        The class layer (`gluonfr.nn.get_head`) that makes ``pred``; None where the embedding is enough.
    normalized : bool
        Whether the loss compares directions only, so that evaluation should normalise embeddings.
    keeps_classes : bool
        Whether the loss keeps something for each class, such as its centre, so that a label must be the class's own.
    lfw : float or None
        Accuracy on LFW in %, as the loss's own paper gives it.
    wants_groups : bool
        Whether the loss learns from several images of one person in a batch (`gluonfr.data.PKSampler`).
    cross_entropy : bool
        Whether exp(-loss) is the probability of the label's class.

    Arithmetic is float32 whatever comes in (float64 after ``cast('float64')``): margins need more than float16.
    """

    inputs = ('pred', 'label')
    head = 'dense'
    normalized = False
    keeps_classes = False
    lfw = None
    wants_groups = False
    cross_entropy = False
    _classes = None          # label range, where known
    _embedding_size = None   # D, where known
    _two_axes = ('pred', 'embedding')
    _sparse_label = True
    _dtype = 'float32'

    def cast(self, dtype):
        """Compute in float64 if ``dtype`` is that, else in float32."""
        self._dtype = 'float64' if np.dtype(dtype) == np.float64 else 'float32'
        super().cast(self._dtype)

    def forward(self, *args):
        """The loss of NDArrays (checked) or Symbols.

        Raises
        ------
        ValueError
            A missing input, an empty or uneven batch, a wrong width, a label outside the classes.
        """
        if len(args) < len(self.inputs):
            raise ValueError('{}: needs the inputs ({}), got {} of them.'.format(
                self._owner, ', '.join(self.inputs), len(args)))
        if isinstance(args[0], nd.NDArray):
            self._check(dict(zip(self.inputs, args)))
            for sample_weight in args[len(self.inputs):]:
                if sample_weight.size != args[0].shape[self._batch_axis]:
                    raise ValueError('{}: sample_weight must be (B,) or (B, 1) with B = {}, got shape {}.'.format(
                        self._owner, args[0].shape[self._batch_axis], sample_weight.shape))
        return super().forward(*args)

    def among(self, width: int) -> None:
        """Take scores of `width` classes from now on, in place of ``classes``: a head that samples classes has them."""
        def take(block):
            if getattr(block, '_classes', None) not in (None, width):
                block._classes = width
                block._clear_cached_op()

        self.apply(take)

    @property
    def _owner(self):
        return type(self).__name__

    def _check(self, named):
        sizes = {}
        for name, array in named.items():
            axis = 0 if name == 'label' and self._sparse_label else self._batch_axis
            sizes[name] = array.shape[axis] if array.ndim > axis else 0
        if min(sizes.values()) < 1 or len(set(sizes.values())) > 1:
            raise ValueError('{}: all inputs must have the same batch size >= 1, got {}.'.format(
                self._owner, ', '.join('{} {}'.format(n, a.shape) for n, a in named.items())))
        for name, array in named.items():
            if name in self._two_axes and array.ndim != 2:
                raise ValueError('{}: {} must have two axes, got shape {}.'.format(self._owner, name, array.shape))
        classes = self._classes
        if 'pred' in named and named['pred'].ndim == 2 and self.head is not None:
            width = named['pred'].shape[1 - self._batch_axis]
            if classes is not None and width != classes:
                raise ValueError('{}: pred must have classes = {} scores a sample, got shape {}.'.format(
                    self._owner, classes, named['pred'].shape))
            if width < 2:
                raise ValueError('{}: pred must have scores of at least 2 classes, got shape {}: among one class every '
                                 'guess is right.'.format(self._owner, named['pred'].shape))
            classes = width
        if 'embedding' in named and self._embedding_size is not None:
            width = named['embedding'].shape[1 - self._batch_axis]
            if width != self._embedding_size:
                raise ValueError('{}: embedding must have embedding_size = {} values a sample, got shape {}.'.format(
                    self._owner, self._embedding_size, named['embedding'].shape))
        if 'label' in named:
            label = named['label']
            if self._sparse_label and label.size != label.shape[0] and named.get('pred', label).ndim == 2:
                raise ValueError('{}: label must be (B,), got shape {}. For rows of probabilities say '
                                 'sparse_label=False.'.format(self._owner, label.shape))
            self._check_label(label, classes)

    def _check_label(self, label, classes):
        if self._sparse_label:
            check_labels(self._owner, label, classes)
        elif classes is not None and classes not in label.shape:
            raise ValueError('{}: with sparse_label=False, label must be (B, {}), got shape {}.'.format(
                self._owner, classes, label.shape))
        elif not np.isfinite(host_labels(label)).all():
            raise ValueError('{}: label must be finite, got NaN or infinity.'.format(self._owner))

    def _scores(self, F, x):
        """``x`` in the loss's own type, samples first."""
        x = F.cast(x, self._dtype)
        return x if self._batch_axis == 0 else F.transpose(x)

    def _index(self, F, label):
        """Class indices (B,), in the type they came in: float32 is exact only to 16,777,216."""
        if self._sparse_label:
            return F.reshape(label, shape=(-1,))
        return F.argmax(label if self._batch_axis == 0 else F.transpose(label), axis=1)

    def _guard(self, F, loss, label, scores=None, axis=1):
        """``loss``, NaN where a label lies outside the classes of ``scores`` or a score is NaN.

        A graph cannot raise, but it can refuse. (oneDNN's log-softmax may lose a NaN.)
        """
        good = F.ones_like(loss)
        if scores is not None:
            # A Symbol has no shape to read: the number of classes is a sum of ones.
            good = F.reshape_like(F.min(scores == scores, axis=axis, keepdims=True), loss)
            classes = F.reshape_like(F.sum(F.ones_like(scores), axis=axis, keepdims=True), loss)
        if self._sparse_label:
            index = F.reshape_like(F.cast(label, self._dtype), loss)
            good = good * (index >= 0)
            good = good if scores is None else good * (index < classes)
        zero = F.zeros_like(loss)
        return F.where(good, loss, zero / zero)

    def _finish(self, F, loss, sample_weight=None, label=None, scores=None):
        """The loss (B,) with its weights, and NaN for labels outside the classes of ``scores`` (B, C)."""
        if label is not None:
            loss = self._guard(F, loss, label, scores)
        if sample_weight is not None:
            loss = loss * F.reshape(F.cast(sample_weight, self._dtype), shape=(-1,))
        return loss if self._weight is None else loss * self._weight

    def __repr__(self):
        shown = ', '.join('{}={}'.format(k, v) for k, v in self._shown().items())
        return '{}({})'.format(type(self).__name__, shown)

    def _shown(self):
        """Settings that `repr` prints."""
        return {}


@LOSSES.register('softmax', 'softmaxcrossentropyloss')
class SoftmaxCrossEntropyLoss(CheckedLoss, gloss.SoftmaxCrossEntropyLoss):
    r"""Gluon's softmax cross-entropy, :math:`L = -\log \mathrm{softmax}(pred)_y`, with checked inputs.

    When to use it: to begin with: it always trains. On faces go on with ArcFace from its weights. First change the
    learning rate.

    Parameters
    ----------
    axis : int
        The class axis.
    sparse_label : bool
        Whether label holds indices (B,) or rows of probabilities (B, C).
    from_logits : bool
        Whether pred holds log-probabilities already.
    weight : float or None
        Factor of the whole loss.
    batch_axis : int
        The batch axis.

    Inputs:
        - **pred**: (B, C) class scores
        - **label**: (B,) indices, or (B, C)
        - **sample_weight**: (B,) or (B, 1), optional

    Outputs:
        - **loss**: (B,)

    Raises ValueError for an empty batch, batch sizes that differ or a label outside [0, C-1].

    Examples
    --------
    >>> from mxnet import nd
    >>> from gluonfr.loss import SoftmaxCrossEntropyLoss
    >>> loss = SoftmaxCrossEntropyLoss()(nd.array([[2, 0], [2, 0]]), nd.array([0, 1]))
    >>> print(['{:.3f}'.format(value) for value in loss.asnumpy()])
    ['0.127', '2.127']
    """

    cross_entropy = True
    _two_axes = ()

    def __init__(self, axis: int = -1, sparse_label: bool = True, from_logits: bool = False,
                 weight: Optional[float] = None, batch_axis: int = 0, **kwargs: Any) -> None:
        if axis == batch_axis:
            raise ValueError('{}: axis must be another axis than batch_axis, got {} for both.'.format(
                self._owner, axis))
        gloss.SoftmaxCrossEntropyLoss.__init__(self, axis=axis, sparse_label=sparse_label, from_logits=from_logits,
                                               weight=weight, batch_axis=batch_axis, **kwargs)

    def _check(self, named):
        pred = named.get('pred')
        if pred is not None and (pred.ndim < 2 or self._axis % pred.ndim == self._batch_axis):
            raise ValueError('{}: pred must have a class axis besides the batch axis, got shape {} with axis {} and '
                             'batch_axis {}.'.format(self._owner, pred.shape, self._axis, self._batch_axis))
        super()._check(named)

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        """Cross-entropy of any rank of ``pred``, as Gluon's."""
        pred = F.cast(pred, self._dtype)
        scores = pred if self._from_logits else F.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            loss = -F.pick(scores, label, axis=self._axis, keepdims=True)
            loss = loss if self._from_logits else at_least_zero(F, loss)
        else:
            costs = -scores if self._from_logits else at_least_zero(F, -scores)
            loss = F.sum(costs * F.cast(label, self._dtype), axis=self._axis, keepdims=True)
        loss = self._guard(F, loss, label, pred, self._axis)
        return self._finish(F, F.mean(loss, axis=self._batch_axis, exclude=True), sample_weight)

    def _shown(self):
        return dict(sparse_label=self._sparse_label)


class ClassScoreLoss(SoftmaxCrossEntropyLoss):
    """Cross-entropy over scores that a subclass derives from ``pred`` (B, C) in `_logits`.

    Parameters
    ----------
    classes : int or None
        C, >= 2; None where it shows in pred.
    sparse_label, weight, batch_axis
        As in `SoftmaxCrossEntropyLoss`. With batch_axis=1 the inputs are (C, B) and (D, B). With sparse_label=False
        the label's largest entry names the target class that a margin acts on.
    axis : int
        May only be the class axis, -1 or 1 - batch_axis.
    dtype : {'float32', 'float64'}
        Type of the arithmetic; 'float16' counts as 'float32'.
    from_logits : bool
        Whether pred holds log-probabilities already; only where ``takes_log_probabilities`` is true.
    """

    takes_log_probabilities = False
    _two_axes = ('pred', 'embedding')

    def __init__(self, classes: Optional[int] = None, axis: int = -1, sparse_label: bool = True,
                 weight: Optional[float] = None, batch_axis: int = 0, dtype: str = 'float32',
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None, *,
                 from_logits: bool = False) -> None:
        check_choice(self._owner, 'batch_axis', batch_axis, (0, 1))
        check_choice(self._owner, 'axis', axis, (-1, 1 - batch_axis))
        if from_logits and not self.takes_log_probabilities:
            raise ValueError('{}: from_logits must be False, got True: its pred are not log-probabilities. softmax, '
                             'ringloss, centerloss and gitloss take these.'.format(self._owner))
        super().__init__(1 - batch_axis, sparse_label, from_logits, weight, batch_axis, prefix=prefix, params=params)
        if classes is not None:
            self._classes = check_int(self._owner, 'classes', classes, 2)
        self._dtype = 'float64' if np.dtype(dtype) == np.float64 else 'float32'

    def hybrid_forward(self, F, pred, label, sample_weight=None, **params):
        """The loss of each sample, (B,)."""
        pred = self._scores(F, pred)
        loss = self._cross_entropy(F, self._logits(F, pred, self._index(F, label), **params), label)
        return self._finish(F, loss, sample_weight, label, pred)

    def _logits(self, F, pred, index):
        """Scores (B, C) that go into the softmax; ``index`` (B,) names the targets."""
        return pred

    def _cross_entropy(self, F, logits, label):
        log_p = logits if self._from_logits else F.log_softmax(logits, axis=1)
        if self._sparse_label:
            return at_least_zero(F, -F.pick(log_p, self._index(F, label), axis=1))
        return F.sum(at_least_zero(F, -log_p) * self._scores(F, label), axis=1)

    def _add_to_target(self, F, scores, index, change):
        """``scores`` (B, C) with ``change`` (B,) added to the target's entry."""
        hot = F.one_hot(index, depth=self._classes, dtype=self._dtype)
        return scores + F.broadcast_mul(hot, F.expand_dims(change, 1))

    def _state(self, name, shape=(1,), init='zeros'):
        """A parameter that training moves in the graph and no optimizer touches."""
        with self.name_scope():
            return self.params.get(name, shape=shape, init=init, dtype=self._dtype, grad_req='null')

    def _shown(self):
        return {} if self._classes is None else dict(classes=self._classes)


def warmup(F, steps, length):
    """min(1, t / length) for the t training steps done before this one, counting this one in ``steps`` (1,)."""
    flag = training_flag(F, steps)
    before = accumulate(F, steps, flag) - flag
    return F.broadcast_minimum(before / length, F.ones_like(before))
