"""A bar for each epoch."""
from typing import Optional, TextIO


from ...utils.progress import Bar
from .base import Callback

__all__ = ['ProgressBar']


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

    def __init__(self, file: Optional[TextIO] = None):
        self._file = file
        self._bar = None
        self._name = ''
        self._batch = self._seen = 0

    def on_train_begin(self, state):
        state.doing = self._label
        if self._bar is not None:  # the training has gone back
            self._bar.close()
            self._bar = None

    def on_step_end(self, state):
        if self._bar is None:
            self._name = 'epoch {}/{}'.format(state.epoch + 1, state.epochs)
            self._bar = Bar(total=state.steps_per_epoch, initial=state.batch - 1, file=self._file, leave=True,
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


def _numbers(loss, accuracy, lr, images_per_second):
    parts = ['loss {:.4f}'.format(loss)]
    if accuracy is not None:
        parts.append('accuracy {:.4f}'.format(accuracy))
    return ' '.join(parts + ['lr {:.6g}'.format(lr), '{:.0f} images/s'.format(images_per_second)])
