"""Verification accuracy while a network trains."""
import logging
import os
from typing import Dict, Optional

import numpy as np

from ...data.input_spec import InputSpec
from ...data.pairs import BinFile
from ...deploy.embedder import Embedder
from ...deploy.verify import verify_pairs
from ...metrics import get_protocol
from ...utils.check import check_int
from ..together import mean_statistics
from .base import Callback
from .spare import SpareRows

__all__ = ['Verify']


class Verify(Callback):
    """Accuracy on verification sets, LFW-style: a log line and a csv row for each set, every so many steps.

    Sets ``state.metrics['<name>_acc']`` for each set, and 'mean_acc' over all of them, which `Checkpoint` can monitor.
    The last step is always evaluated. The time it takes does not count as time of training.

    Parameters
    ----------
    sets : dict of str to BinFile
        By name, such as {'lfw': read_bin('lfw.bin')}.
    every_steps : int or None
        Steps between evaluations, >= 1; None for the ends of epochs only.
    path : str or None
        csv file of the rows.
    flip : {'none', 'sum', 'concat'}
    nfolds : int or None
        Folds, >= 1; None for 10, or as many as a set gives, which is logged once.
    batch_size : int
        Images a step.
    spec : InputSpec or None
        None takes ``net.input_spec``.

    Raises
    ------
    ValueError
        No sets, one that the protocol has no use for, such as fewer pairs than folds, or a parameter out of range.
    """
    every_worker = True
    order = -1

    def __init__(self, sets: Dict[str, BinFile], every_steps: Optional[int] = None, path: Optional[str] = None,
                 flip: str = 'none', nfolds: Optional[int] = None, batch_size: int = 64,
                 spec: Optional[InputSpec] = None):
        if not sets:
            raise ValueError('Verify: sets must hold at least one set, got none.')
        self._sets, self._path, self._flip, self._batch_size, self._spec = sets, path, flip, batch_size, spec
        self._protocol = get_protocol('kfold', nfolds=nfolds)
        self._every_steps = None if every_steps is None else check_int('Verify', 'every_steps', every_steps, low=1)
        self._table = SpareRows(path) if path else None
        self._done, self._notes = None, []
        for name, pairs in sets.items():  # what the protocol cannot use is told now, not after the first steps
            self._notes += self._protocol.notes(pairs.issame, name)
            self._protocol.measure(np.random.RandomState(0).rand(2 * len(pairs.issame), 2), pairs.issame, name)

    def on_train_begin(self, state):
        known = all(name in state.metrics for name in self._names())
        self._done = state.step if state.finished and known else None  # resumed with nothing left to train
        if self._path and state.workers.first:
            os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
            self._table.keep_until(state.step)

    def on_step_end(self, state):
        if self._every_steps and state.step % self._every_steps == 0 or state.stop_reason:
            self._measure(state)

    def on_epoch_end(self, state):
        if self._done != state.step and (not self._every_steps or state.epoch == state.epochs):
            self._measure(state)
        if self._done == state.step:
            state.history[-1].update({name: state.metrics[name] for name in self._names()})

    def on_train_end(self, state):
        if self._done != state.step and state.step:
            self._measure(state)
        if self._path and state.workers.first:
            self._table.write()

    def _names(self):
        return ['{}_acc'.format(name) for name in self._sets] + ['mean_acc']

    def _rows(self, state):
        """Yield (set, what was measured on it)."""
        with state.averaged():
            embedder = Embedder(state.net, self._spec, batch_size=self._batch_size, flip=self._flip, ctx=state.ctx[0])
            for name, pairs in self._sets.items():
                state.doing('verifying on ' + name)
                yield name, verify_pairs(embedder, pairs, name, protocol=self._protocol).row

    def _measure(self, state):
        self._done = state.step
        state.read_losses()  # brings the clock up to this moment
        words, rows = [], []
        mean_statistics(state)
        for name, row in state.workers.of_first(lambda: list(self._rows(state))):
            state.metrics[name + '_acc'] = row['acc']
            words.append('{}: {:.4f}+-{:.4f}'.format(name, row['acc'], row['std']))
            rows.append(dict(step=state.step, epoch=state.epoch + (1 if state.batch else 0), **row))
        state.doing('')
        if self._path and state.workers.first:
            self._table.keep_until(state.step - 1)  # a resumed run may measure where the broken one did
            for row in rows:
                self._table.append(row)
        while self._notes:  # once, beside the first accuracies
            logging.getLogger('gluonfr').info(self._notes.pop(0))
        state.metrics['mean_acc'] = sum(state.metrics[name + '_acc'] for name in self._sets) / len(self._sets)
        logging.getLogger('gluonfr').info('step {} {}'.format(state.step, ' '.join(words)))
        state.meter.start()
