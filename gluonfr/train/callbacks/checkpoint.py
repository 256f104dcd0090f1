"""When checkpoints are written, and which are kept."""
import logging
import os
import warnings
from typing import Optional

from ...utils.check import check_choice, check_int
from .base import Callback
from ..checkpoint import checkpoint_name, list_checkpoints, save_checkpoint, save_parameters_atomic

__all__ = ['Checkpoint']


class Checkpoint(Callback):
    """Saves the run into a folder, so that it can be resumed exactly.

    The folder gets 'step-<updates>.npz' (the newest `keep` of them), 'last.params' (plain weights of the network, at
    the end) and, with `monitor`, 'best.npz' and 'best.params'. Plain weights are the averaged ones where a run has
    them. Nothing that is not finite is ever written.

    Parameters
    ----------
    folder : str
        Where to; made if it is not there.
    every : int or None
        Epochs between checkpoints, >= 1; None for none at epoch ends but the last.
    every_steps : int or None
        Steps between checkpoints, within epochs too, >= 1.
    keep : int
        Checkpoints kept besides the best, >= 1. Two or more leave one to fall back on.
    monitor : str or None
        Name of the metric that says which is best, such as 'test_accuracy' (from `Evaluate`) or 'loss' (of the epoch).
    mode : str
        'max' or 'min': which value of the metric is better.
    overwrite : bool
        Whether a run may begin in a folder that holds checkpoints beyond its own first step; they are removed.

    Raises
    ------
    ValueError
        At the begin of training: the folder holds such checkpoints and `overwrite` is false.
    """
    every_worker = True
    order = 1

    def __init__(self, folder: str, every: Optional[int] = 1, every_steps: Optional[int] = None, keep: int = 3,
                 monitor: Optional[str] = None, mode: str = 'max', overwrite: bool = False):
        self.checkpoint_folder = folder
        self._saved = (0, 0)
        self._every = every and check_int('Checkpoint', 'every', every, low=1)
        self._every_steps = every_steps and check_int('Checkpoint', 'every_steps', every_steps, low=1)
        self._keep = check_int('Checkpoint', 'keep', keep, low=1)
        self._monitor = monitor
        self._sign = 1 if check_choice('Checkpoint', 'mode', mode, ('max', 'min')) == 'max' else -1
        self._overwrite = overwrite

    def on_train_begin(self, state):
        self._saved = (state.epoch, state.step)
        if not state.workers.first:
            return
        os.makedirs(self.checkpoint_folder, exist_ok=True)
        beyond = [path for path in list_checkpoints(self.checkpoint_folder)
                  if os.path.basename(path) > checkpoint_name(state.step)]
        if beyond and not self._overwrite:
            raise ValueError("Checkpoint: folder {} must hold no checkpoint beyond step {}, where this run begins, got "
                             "{}. Pass resume='auto' to go on, another folder, or overwrite=True.".format(
                                 self.checkpoint_folder, state.step, os.path.basename(beyond[-1])))
        for path in beyond + self._leftovers():
            os.remove(path)

    def on_step_end(self, state):
        if self._every_steps and state.step % self._every_steps == 0 or self._improves(state):
            self._save(state)

    def on_epoch_end(self, state):
        if self._every and state.epoch % self._every == 0 or self._improves(state):
            self._save(state)

    def on_train_end(self, state):
        if (state.epoch, state.step) != self._saved:
            self._save(state)
        self._save_params(state, 'last.params')
        if self._monitor and state.history and state.best is None:
            known = list(dict.fromkeys(list(state.history[-1]) + list(state.metrics)))
            warnings.warn('Checkpoint: monitor must be one of {}, got {!r}: no best checkpoint was kept.'.format(
                ', '.join(known), self._monitor), stacklevel=4)

    def _path(self, state):
        return os.path.join(self.checkpoint_folder, checkpoint_name(state.step))

    def _save(self, state):
        state.read_losses()
        if self._improves(state):
            state.best = state.workers.of_first(lambda: {'metric': self._monitor, 'value': self._value(state),
                                                         'epoch': state.epoch, 'step': state.step})
            save_checkpoint(os.path.join(self.checkpoint_folder, 'best.npz'), state)
            self._save_params(state, 'best.params')
        save_checkpoint(self._path(state), state)
        state.last_checkpoint = self._path(state)
        self._saved = (state.epoch, state.step)
        for path in list_checkpoints(self.checkpoint_folder)[:-self._keep] if state.workers.first else []:
            os.remove(path)
        logging.getLogger('gluonfr').debug('saved %s', state.last_checkpoint)

    def _save_params(self, state, name):
        if not state.workers.first:
            return
        with state.averaged():
            save_parameters_atomic(state.net, os.path.join(self.checkpoint_folder, name))

    def _value(self, state):
        row = state.history[-1] if state.history else {}
        return state.metrics.get(self._monitor, row.get(self._monitor))

    def _improves(self, state):
        if not self._monitor:
            return False
        value = self._value(state)  # others than the first worker may have none
        return state.workers.any(value is not None and (
            state.best is None or self._sign * value > self._sign * state.best['value']))

    def _leftovers(self):
        """Temporary files of a run that was killed while it wrote."""
        return [os.path.join(self.checkpoint_folder, name) for name in os.listdir(self.checkpoint_folder)
                if name.startswith(('.step-', '.best.', '.last.')) and name.endswith('.tmp')]
