"""A picture of the loss and the accuracies while a network trains."""
from typing import Optional

from ...utils.rows import read_rows
from .base import Callback
from .spare import Spare

__all__ = ['PlotCurves']


class PlotCurves(Callback):
    """Loss and accuracies against the epoch, drawn anew after each epoch and at the end.

    Parameters
    ----------
    path : str
        The PNG file; its folder is made.
    title : str
        Title of the picture.
    steps : str or None
        The file of a `StepCSV`, whose rows are drawn in place of one point an epoch; for loaders with a length.
    verification : str or None
        The file of a `Verify`, for a line of each set.
    """

    def __init__(self, path: str, title: str = '', *, steps: Optional[str] = None, verification: Optional[str] = None):
        self._path, self._title = path, title
        self._steps, self._verification = steps, verification
        self._drawn, self._spare = None, Spare(path)

    def on_epoch_end(self, state):
        """Draw what there is so far."""
        history = self._rows(self._steps, state) or state.history
        self._drawn = state.step
        if history:
            from ...viz import plot_curves  # plot libraries load only where pictures are wanted
            with self._spare.writing():
                plot_curves(history, self._path, title=self._title, verification=self._rows(self._verification, state))

    def on_train_end(self, state):
        """Draw what came after the last epoch."""
        if self._drawn != state.step:
            self.on_epoch_end(state)

    @staticmethod
    def _rows(path, state):
        """The rows of a csv file, with the epoch as a fraction."""
        if path is None or not state.steps_per_epoch:
            return []
        return [dict(row, epoch=int(row['step']) / state.steps_per_epoch) for row in read_rows(path)]
