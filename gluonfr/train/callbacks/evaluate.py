"""Accuracy on a loader while a network trains."""
from typing import Optional

from ...utils.check import check_int
from ..evaluate import accuracy
from ..together import mean_statistics
from ..types import Batches
from .base import Callback

__all__ = ['Evaluate']


class Evaluate(Callback):
    """Accuracy on a loader, into ``state.metrics`` and the row of the epoch.

    Parameters
    ----------
    data : iterable
        Yields (x, label).
    name : str
        The value is called '<name>_accuracy'.
    every : int
        Epochs between evaluations, >= 1; the last epoch is always evaluated.
    every_steps : int or None
        Steps between further evaluations within an epoch.
    reference : iterable or None
        Where a loss without class scores takes the class means from, None for the training data.

    Examples
    --------
    >>> from gluonfr.data import ArrayLoader
    >>> from gluonfr.loss import get_loss
    >>> from gluonfr.train import Evaluate, fit
    >>> from mxnet.gluon.nn import Dense
    >>> import numpy as np
    >>> x, label = np.array([[0, 1], [1, 0], [0, 2], [2, 0]], 'float32'), np.array([0, 1, 0, 1])
    >>> state = fit(Dense(2), get_loss('softmax'), ArrayLoader(x, label, 2), head=Dense(2), epochs=8,
    ...             optimizer_params={'learning_rate': 1.0}, callbacks=[Evaluate(ArrayLoader(x, label, 4), 'val')])
    >>> state.history[-1]['val_accuracy']
    1.0
    """
    every_worker = True
    order = -1

    def __init__(self, data: Batches, name: str = 'test', every: int = 1, every_steps: Optional[int] = None,
                 reference: Optional[Batches] = None):
        self._data = data
        self._name = name + '_accuracy'
        self._every = check_int('Evaluate', 'every', every, low=1)
        self._every_steps = every_steps and check_int('Evaluate', 'every_steps', every_steps, low=1)
        self._reference = reference

    def _measure(self, state):
        state.doing(self._name.replace('_', ' '))
        mean_statistics(state)
        state.metrics[self._name] = state.workers.of_first(lambda: self._accuracy(state))
        state.doing('')
        return state.metrics[self._name]

    def _accuracy(self, state):
        with state.averaged():
            return accuracy(state.net, self._data, head=state.head, loss=state.loss, ctx=state.ctx,
                            reference=state.train_data if self._reference is None else self._reference)

    def on_step_end(self, state):
        if self._every_steps and state.step % self._every_steps == 0:
            self._measure(state)

    def on_epoch_end(self, state):
        if state.epoch % self._every == 0 or state.epoch == state.epochs:
            state.history[-1][self._name] = self._measure(state)
