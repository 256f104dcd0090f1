"""Scalars for TensorBoard."""
from .step_means import StepMeans

__all__ = ['TensorBoard']


class TensorBoard(StepMeans):
    """Scalars for TensorBoard: the numbers of each interval, and every metric that other callbacks measure.

    Parameters
    ----------
    folder : str
        Of the event files: ``tensorboard --logdir FOLDER``.
    every : int
        Steps between points, >= 1.
    """

    def __init__(self, folder: str, every: int = 50):
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
