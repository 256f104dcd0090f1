"""The end of a training after so many steps."""
from .base import Callback

__all__ = ['StopAfter']


class StopAfter(Callback):
    """Ends training after so many updates, a resumed run that has made them at once."""
    every_worker = True
    order = -2  # before what measures: the last step is measured

    def __init__(self, steps: int):
        self._steps = steps

    def on_train_begin(self, state):
        self.on_step_end(state)

    def on_step_end(self, state):
        if self._steps <= state.step < state.epochs * state.steps_per_epoch:
            state.request_stop('--steps {} are done'.format(self._steps))
