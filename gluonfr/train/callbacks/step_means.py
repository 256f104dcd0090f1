"""What all callbacks share that tell of every so many steps."""
from ...utils.check import check_int
from ..state import loss_scalars
from .base import Callback

__all__ = ['StepMeans', 'short']


class StepMeans(Callback):
    """What happens every so many steps, and at the last, with the means since the last time. It waits for the device.

    A subclass has `write(state, row)`; row holds epoch (from 1), step, loss, accuracy (None without class scores), lr,
    the distance to a teacher where there is one, the loss's scalars, images_per_second and seconds. A resumed run goes
    on within the interval of its checkpoint.
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
        sums = {name: self._sums.get(name, 0) + now[name] - self._last.get(name, 0) for name in now}
        self._keep(state, now, {} if due else sums)
        if due:
            distance = {'distance': sums['distance_sum'] / sums['taught']} if sums['taught'] else {}
            self.write(state, dict(
                epoch=state.epoch + 1, step=state.step, loss=sums['loss_sum'] / sums['count'],
                accuracy=sums['hits'] / sums['judged'] if sums['judged'] else None, lr=state.learning_rate,
                **distance, **loss_scalars(state.loss), images_per_second=sums['count'] / sums['seconds'],
                seconds=sums['seconds']))

    def _keep(self, state, last, sums):
        self._last, self._sums = last, sums
        state.intervals[str(self._every)] = {'last': last, 'sums': sums}  # of all with the same interval


def short(value):
    """A number for a reader: floats with five digits."""
    return '{:.5g}'.format(value) if isinstance(value, float) else value
