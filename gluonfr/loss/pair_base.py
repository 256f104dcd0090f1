"""What the losses over the pairs of a batch share: forms, masks of positives and negatives, cosines."""
from ..utils.check import check_choice
from .base import CheckedLoss

__all__ = ['PairLoss', 'BatchPairLoss']

FAR = 1e30  # stands for "no such sample" in a minimum


class PairLoss(CheckedLoss):
    """An embedding loss with an explicit form and, with ``mining``, one that makes its pairs from labels.

    Mined losses take **embedding** (B, D) and **label** (B,), whole numbers >= 0, and return the mean over each
    anchor's pairs, (B,); 0 for an anchor that has none.
    """

    head = None
    wants_groups = True
    explicit = ()
    _two_axes = ('embedding',)

    def __init__(self, weight=None, batch_axis=0, mining=None, minings=(), **kwargs):
        super().__init__(weight=weight, batch_axis=check_choice(self._owner, 'batch_axis', batch_axis, (0, 1)),
                         **kwargs)
        self._mining = check_choice(self._owner, 'mining', mining, (None,) + minings)
        self.inputs = self.explicit if mining is None else ('embedding', 'label')

    def hybrid_forward(self, F, *inputs, **params):
        """The loss of each sample or anchor, (B,)."""
        named, sample_weight = inputs[:len(self.inputs)], inputs[len(self.inputs):]
        first = self._scores(F, named[0])
        if self._mining is None:
            loss = self._explicit(F, first, *named[1:])
        else:
            same, other = self._masks(F, named[1])
            loss = self._mined(F, first, same, other)
        # A NaN may lose every comparison of a minimum, maximum or relu: it must still reach the loss.
        loss = loss + 0 * F.sum(first, axis=0, exclude=True)
        return self._finish(F, loss, *sample_weight)

    def _masks(self, F, label):
        """(B, B) masks of the other samples of the same class, and of the samples of other classes."""
        label = F.reshape(F.cast(label, 'float64'), shape=(-1,))  # exact for any class index
        order = F.contrib.arange_like(label)
        same = F.broadcast_equal(F.expand_dims(label, 1), F.expand_dims(label, 0))
        oneself = F.broadcast_equal(F.expand_dims(order, 1), F.expand_dims(order, 0))
        return F.cast(same - oneself, self._dtype), F.cast(1 - same, self._dtype)

    def _cosines(self, F, a, b):
        """Cosines (A, B) between the rows of ``a`` (A, D) and of ``b`` (B, D)."""
        return F.linalg_gemm2(F.L2Normalization(a, mode='instance'), F.L2Normalization(b, mode='instance'),
                              transpose_b=True)

    def _mean(self, F, values, mask):
        """Mean of ``values`` (B, B) over the entries of each row that ``mask`` selects, 0 where there are none."""
        count = F.sum(mask, axis=1)
        return F.sum(values * mask, axis=1) / F.broadcast_maximum(count, F.ones_like(count))

    def _shown(self):
        return dict(margin=self._margin, mining=self._mining)


class BatchPairLoss(PairLoss):
    """A loss of the cosines between all samples of a batch: **embedding** (B, D), **label** (B,) whole numbers."""

    normalized = True

    def __init__(self, weight=None, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, 'all', ('all',), **kwargs)

    def _mined(self, F, x, same, other):
        return self._of_cosines(F, self._cosines(F, x, x), same, other)

    def _of_cosines(self, F, cos, same, other):
        """The loss of each anchor (B,): cosines and masks of positives and of negatives, (B, B)."""
        raise NotImplementedError
