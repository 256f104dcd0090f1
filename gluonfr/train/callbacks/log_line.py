"""Log lines of every so many steps and of each epoch."""
import logging
import os
from typing import Optional

from ...utils.rows import keep_lines_until
from ..state import loss_scalars
from .spare import SpareBytes
from .step_means import StepMeans, short

__all__ = ['LogLine']


class LogLine(StepMeans):
    """A line every so many steps with the mean loss and accuracy since the last one, and a line for each epoch.

    Parameters
    ----------
    every : int
        Steps between lines, >= 1.
    path : str or None
        File to append to; a resumed run drops the lines of steps beyond its checkpoint.
    logger : logging.Logger or None
        Where else the lines go; None for the logger 'gluonfr'.
    header : str or None
        Said once before the first step of a run, such as its hyper-parameters; not again after a resume.
    """

    def __init__(self, every: int = 50, path: Optional[str] = None, logger: Optional[logging.Logger] = None,
                 header: Optional[str] = None):
        super().__init__(every)
        self._path, self._file = path, SpareBytes(path) if path else None
        self._logger = logger or logging.getLogger('gluonfr')
        self._header = header

    def on_train_begin(self, state):
        super().on_train_begin(state)
        if self._path:
            os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
            if state.step and os.path.exists(self._path):
                keep_lines_until(self._path, state.step)
        if state.step:
            self._say('resumed at step {} from {}'.format(state.step, state.last_checkpoint))
        elif self._header:
            self._say(self._header)

    def write(self, state, row):
        """Say the numbers of the interval."""
        words = ['epoch {} step {} loss {:.4f}'.format(row['epoch'], row['step'], row['loss'])]
        if row['accuracy'] is not None:
            words.append('accuracy {:.4f}'.format(row['accuracy']))
        if 'distance' in row:
            words.append('distance {:.4f}'.format(row['distance']))
        words.append('lr {:.6g}'.format(row['lr']))
        words += ['{} {:.4g}'.format(name, value) for name, value in loss_scalars(state.loss).items()]
        words.append('{:.0f} images/s {:.1f} s'.format(row['images_per_second'], row['seconds']))
        self._say(' '.join(words))

    def on_epoch_end(self, state):
        super().on_epoch_end(state)
        self._say('epoch {} done: {}'.format(state.epoch, ' '.join(
            '{} {}'.format(name, short(value)) for name, value in state.history[-1].items()
            if name != 'epoch' and value is not None)))

    def on_train_end(self, state):
        if state.stop_reason:
            self._say('stopped at step {}: {}'.format(state.step, state.stop_reason))
        if self._file:
            self._file.write()

    def _say(self, line):
        self._logger.info(line)
        if self._file:
            self._file.add((line + '\n').encode('utf-8'))
