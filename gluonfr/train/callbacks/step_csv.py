"""A csv row for every so many steps."""
import os

from .spare import SpareRows
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
        self._path, self._rows = path, SpareRows(path)

    def on_train_begin(self, state):
        super().on_train_begin(state)
        os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
        self._rows.keep_until(state.step)

    def write(self, state, row):
        """Append the row."""
        self._rows.append({name: short(value) for name, value in row.items()})

    def on_train_end(self, state):
        self._rows.write()
