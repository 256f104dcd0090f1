"""What happens beside the training: progress, evaluation, tables."""
import csv
import os

from tqdm import tqdm

from ..utils.check import check_int
from ..utils.files import atomic_path
from .evaluate import accuracy

__all__ = ['CSVLog', 'Callback', 'Evaluate', 'ProgressBar', 'short']


class Callback:
    """Hooks of the training loop; each does nothing unless overridden.

    All get the `TrainState`. A hook may read it, add to ``state.history[-1]`` and ``state.metrics``, and call
    ``state.request_stop(reason)``. A callback keeps nothing that a resumed run needs: that belongs into the state.

    Attributes
    ----------
    order : int
        Smaller comes first: what measures has -1, what shows 0, what saves 1.
    """
    order = 0

    def on_train_begin(self, state):
        """Before the first step, after a resume."""

    def on_step_end(self, state):
        """After each update; ``state.meter`` may be late."""

    def on_epoch_end(self, state):
        """After the last step of an epoch, with its row in ``state.history[-1]``."""

    def on_train_end(self, state):
        """After the last epoch or a stop, not after an error."""


class ProgressBar(Callback):
    """A bar for each epoch with loss, accuracy, learning rate and images a second (a few steps late).

    It counts the steps whose loss is computed. MXNet works behind the loop, which here waits for the step before the
    last: the bar neither runs ahead nor stands still, and the device always has a whole step to do. What else takes
    time, such as an evaluation, is named beside the epoch.

    Parameters
    ----------
    file : file object or None
        Where to draw, None for stderr.
    """
    LEAD = 2  # steps that are submitted and may not be computed

    def __init__(self, file=None):
        self._file = file
        self._bar = None
        self._name = ''
        self._batch = self._seen = 0

    def on_train_begin(self, state):
        state.doing = self._label

    def on_step_end(self, state):
        if self._bar is None:
            self._name = 'epoch {}/{}'.format(state.epoch + 1, state.epochs)
            self._bar = tqdm(total=state.steps_per_epoch, initial=state.batch - 1, file=self._file, leave=True,
                             desc=self._name, unit='batch')
            self._seen = 0
        self._batch = state.batch
        behind = 0 if state.batch == state.steps_per_epoch or state.stop_reason else self.LEAD
        state.meter.wait(behind)
        if state.meter.count != self._seen:  # numbers have come in
            self._seen = state.meter.count
            self._bar.set_postfix_str(_numbers(state.meter.loss, state.meter.accuracy, state.learning_rate,
                                               state.meter.images_per_second), refresh=False)
        self._bar.update(max(state.batch - behind - self._bar.n, 0))

    def on_epoch_end(self, state):
        if self._bar is None:
            return
        row = state.history[-1]
        self._bar.set_postfix_str(_numbers(row['loss'], row['accuracy'], row['lr'], row['images_per_second']))
        self._close()

    def on_train_end(self, state):
        if self._bar is not None:
            self._close()

    def _close(self):
        self._bar.update(self._batch - self._bar.n)
        self._bar.close()
        self._bar = None

    def _label(self, what):
        if self._bar is not None:
            self._bar.set_description_str('{}, {}'.format(self._name, what) if what else self._name)


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
    """
    order = -1

    def __init__(self, data, name='test', every=1, every_steps=None, reference=None):
        self._data = data
        self._name = name + '_accuracy'
        self._every = check_int('Evaluate', 'every', every, low=1)
        self._every_steps = every_steps and check_int('Evaluate', 'every_steps', every_steps, low=1)
        self._reference = reference

    def _measure(self, state):
        state.doing(self._name.replace('_', ' '))
        value = accuracy(state.net, self._data, head=state.head, loss=state.loss, ctx=state.ctx,
                         reference=state.train_data if self._reference is None else self._reference)
        state.doing('')
        state.metrics[self._name] = value
        return value

    def on_step_end(self, state):
        if self._every_steps and state.step % self._every_steps == 0:
            self._measure(state)

    def on_epoch_end(self, state):
        if state.epoch % self._every == 0 or state.epoch == state.epochs:
            state.history[-1][self._name] = self._measure(state)


class CSVLog(Callback):
    """The history as a csv file, a row for each epoch.

    The file is written anew from ``state.history`` each time, so a resumed run leaves no row twice and none out.

    Parameters
    ----------
    path : str
        The file; its folder is made.
    """

    def __init__(self, path):
        self._path = path

    def on_train_begin(self, state):
        folder, name = os.path.split(os.path.abspath(self._path))
        os.makedirs(folder, exist_ok=True)
        for left in os.listdir(folder):  # by a run that was killed while it wrote
            if left.startswith('.{}.'.format(name)) and left.endswith('.tmp'):
                os.remove(os.path.join(folder, left))
        self._write(state)

    def on_epoch_end(self, state):
        self._write(state)

    def _write(self, state):
        columns = list(dict.fromkeys(name for row in state.history for name in row))
        with atomic_path(self._path) as temporary, open(temporary, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, columns, lineterminator='\n')
            writer.writeheader()
            writer.writerows(state.history)


def short(value):
    """A number for a reader: floats with five digits."""
    return '{:.5g}'.format(value) if isinstance(value, float) else value


def _numbers(loss, accuracy, lr, images_per_second):
    parts = ['loss {:.4f}'.format(loss)]
    if accuracy is not None:
        parts.append('accuracy {:.4f}'.format(accuracy))
    return ' '.join(parts + ['lr {:.6g}'.format(lr), '{:.0f} images/s'.format(images_per_second)])
