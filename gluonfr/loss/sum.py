"""Losses added up."""
from typing import Optional, Sequence

from mxnet.gluon import ParameterDict

from .base import CheckedLoss

__all__ = ['SumLoss']


class SumLoss(CheckedLoss):
    r"""Several losses of one batch, added up sample by sample: :math:`L = \sum_k L_k`.

    `get_loss` makes one from names: ``get_loss('arcface+ringloss:lamda=0.01', classes=10)``. Its ``inputs`` are those
    of the parts, each once; its ``head`` is the class layer that the parts share. Parameters and state of the parts
    are trained and saved with it.

    Parameters
    ----------
    losses : sequence of CheckedLoss
        The parts, two or more. Give a part a factor by its own ``weight``.
    weight : float or None
        Factor of the whole sum.

    Inputs: those named in ``inputs``, and optionally **sample_weight**, (B,) or (B, 1).

    Outputs:
        - **loss**: (B,)
        - class scores (B, C), where a part returns some of its own

    Raises
    ------
    ValueError
        Fewer than two parts, or parts that want different class layers, label forms, batch axes, classes or types.

    Examples
    --------
    >>> from gluonfr.loss import RingLoss, SoftmaxCrossEntropyLoss, SumLoss
    >>> loss = SumLoss([SoftmaxCrossEntropyLoss(), RingLoss(lamda=0.1, with_softmax=False)])
    >>> loss.inputs, loss.head
    (('pred', 'label', 'embedding'), 'dense')
    """

    def __init__(self, losses: Sequence[CheckedLoss], weight: Optional[float] = None, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        losses = list(losses)
        if len(losses) < 2 or not all(isinstance(part, CheckedLoss) for part in losses):
            raise ValueError('SumLoss: losses must be two or more losses of gluonfr, got {!r}.'.format(losses))
        self._parts = losses
        super().__init__(weight=weight, batch_axis=self._shared('batch_axis', '_batch_axis'), prefix=prefix,
                         params=params)
        for part in losses:
            self.register_child(part)
        self.inputs = tuple(dict.fromkeys(name for part in losses for name in part.inputs))
        self.head = self._shared('class layer', 'head')
        self.normalized = any(part.normalized for part in losses)
        self.keeps_classes = any(part.keeps_classes for part in losses)
        self._classes = self._shared('classes', '_classes')
        self._embedding_size = self._shared('embedding_size', '_embedding_size')
        self._sparse_label = self._shared('sparse_label', '_sparse_label')
        self._dtype = self._shared('dtype', '_dtype')
        predicting = [part for part in losses if hasattr(part, 'predict')]
        if predicting:
            self.predict = predicting[0].predict

    def _shared(self, name, attribute):
        """The one value that all parts have of an attribute, None in a part meaning that it does not mind."""
        values = [getattr(part, attribute) for part in self._parts]
        different = set(values) - {None}
        if len(different) > 1:
            raise ValueError('SumLoss: all losses must have the same {}, got {}.'.format(name, ', '.join(
                '{!r} in {}'.format(value, type(part).__name__) for value, part in zip(values, self._parts)
                if value is not None)))
        return different.pop() if different else None

    def _check(self, named):
        super()._check(named)
        for part in self._parts:
            part._check({name: named[name] for name in part.inputs})

    def hybrid_forward(self, F, *inputs):
        """The loss of each sample, (B,), and class scores if a part returns them."""
        named, sample_weight = dict(zip(self.inputs, inputs)), inputs[len(self.inputs):]
        total, scores = None, None
        for part in self._parts:
            loss = part(*[named[name] for name in part.inputs])
            if isinstance(loss, (list, tuple)):
                loss, scores = loss
            total = loss if total is None else total + loss
        total = self._finish(F, total, *sample_weight)
        return total if scores is None else (total, scores)

    def scalars(self):
        """What a training log should show, of all parts."""
        return {name: value for part in self._parts if hasattr(part, 'scalars')
                for name, value in part.scalars().items()}

    def _shown(self):
        return dict(losses=self._parts)
