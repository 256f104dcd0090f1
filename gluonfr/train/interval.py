"""Every so many steps: log lines, csv rows and TensorBoard, all of the same numbers."""
import logging
import os

from ..utils.check import check_int
from ..utils.rows import append_row, keep_lines_until, keep_rows_until
from .callbacks import Callback, short
from .state import loss_scalars

__all__ = ['LogLine', 'StepCSV', 'TensorBoard']


class Interval(Callback):
    """What happens every so many steps, and at the last, with the means since the last time. It waits for the device.

    A subclass has `write(state, row)`; row holds epoch (from 1), step, loss, accuracy (None without class scores), lr,
    the loss's scalars, images_per_second and seconds. A resumed run goes on within the interval of its checkpoint.
    """

    def __init__(self, every):
        self._every = check_int(type(self).__name__, 'every', every, low=1)
        self._last = None   # the meter's totals at the last look; the meter begins anew with each epoch
        self._sums = {}     # what the interval has gathered until then

    def on_train_begin(self, state):
        kept = state.intervals.get(str(self._every), {'last': state.meter.totals(), 'sums': {}})
        self._keep(state, kept['last'], kept['sums'])

    def on_epoch_end(self, state):
        self._keep(state, state.meter.totals(), self._sums)

    def on_step_end(self, state):
        due = state.step % self._every == 0 or state.stop_reason or (
            state.epoch + 1 == state.epochs and state.batch == state.steps_per_epoch)
        if not due and state.batch != state.steps_per_epoch:
            return
        state.read_losses()
        now = state.meter.totals()
        sums = {name: self._sums.get(name, 0) + now[name] - self._last[name] for name in now}
        self._keep(state, now, {} if due else sums)
        if due:
            self.write(state, dict(
                epoch=state.epoch + 1, step=state.step, loss=sums['loss_sum'] / sums['count'],
                accuracy=sums['hits'] / sums['judged'] if sums['judged'] else None, lr=state.learning_rate,
                **loss_scalars(state.loss), images_per_second=sums['count'] / sums['seconds'],
                seconds=sums['seconds']))

    def _keep(self, state, last, sums):
        self._last, self._sums = last, sums
        state.intervals[str(self._every)] = {'last': last, 'sums': sums}  # of all with the same interval


class LogLine(Interval):
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

    def __init__(self, every=50, path=None, logger=None, header=None):
        super().__init__(every)
        self._path = path
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

    def _say(self, line):
        self._logger.info(line)
        if self._path:
            with open(self._path, 'a', encoding='utf-8') as file:
                file.write(line + '\n')


class StepCSV(Interval):
    """The numbers of each interval as rows of a csv file; a resumed run goes on where its checkpoint stands.

    Parameters
    ----------
    path : str
        The file; its folder is made.
    every : int
        Steps between rows, >= 1.
    """

    def __init__(self, path, every=50):
        super().__init__(every)
        self._path = path

    def on_train_begin(self, state):
        super().on_train_begin(state)
        os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
        keep_rows_until(self._path, state.step)

    def write(self, state, row):
        """Append the row."""
        append_row(self._path, {name: short(value) for name, value in row.items()})


class TensorBoard(Interval):
    """Scalars for TensorBoard: the numbers of each interval, and every metric that other callbacks measure.

    Parameters
    ----------
    folder : str
        Of the event files: ``tensorboard --logdir FOLDER``.
    every : int
        Steps between points, >= 1.
    """

    def __init__(self, folder, every=50):
        from tensorboardX import SummaryWriter
        super().__init__(every)
        self._folder, self._open = folder, SummaryWriter
        self._writer = self._purge_step = None
        self._seen = {}

    def on_train_begin(self, state):
        super().on_train_begin(state)
        self._seen = dict(state.metrics)
        # what a killed run wrote beyond its checkpoint is not shown
        self._purge_step = state.step + 1 if state.step else None

    def write(self, state, row):
        """Add the numbers of the interval."""
        for name, value in row.items():
            if value is not None and name not in ('step', 'seconds'):
                self._add('train/' + name, value, row['step'])

    def on_step_end(self, state):
        super().on_step_end(state)
        self._metrics(state)

    def on_epoch_end(self, state):
        super().on_epoch_end(state)
        self._metrics(state)

    def on_train_end(self, state):
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _metrics(self, state):
        for name, value in state.metrics.items():
            if self._seen.get(name) != value:
                self._seen[name] = value
                self._add('eval/' + name, value, state.step)

    def _add(self, name, value, step):
        if self._writer is None:  # not before: one that was given nothing fails on Python 3.12 when the process ends
            self._writer = self._open(self._folder, purge_step=self._purge_step)
        self._writer.add_scalar(name, value, step)
