"""A csv row for every so many steps."""
import os

from ...utils.rows import append_row, keep_rows_until
from .step_means import StepMeans, short

__all__ = ['StepCSV']


class StepCSV(StepMeans):
    """The numbers of each interval as rows of a csv file; a resumed run goes on where its checkpoint stands.

    Parameters
    ----------
    path : str
        The file; its folder is made.
    every : int
        Steps between rows, >= 1.
    """

    def __init__(self, path: str, every: int = 50):
        super().__init__(every)
        self._path = path

    def on_train_begin(self, state):
        super().on_train_begin(state)
        os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
        keep_rows_until(self._path, state.step)

    def write(self, state, row):
        """Append the row."""
        append_row(self._path, {name: short(value) for name, value in row.items()})
