"""A csv row for each epoch."""
import os

from ...utils.rows import write_rows
from .base import Callback
from .spare import Spare

__all__ = ['CSVLog']


class CSVLog(Callback):
    """The history as a csv file, a row for each epoch.

    The file is written anew from ``state.history`` each time, so a resumed run leaves no row twice and none out.

    Parameters
    ----------
    path : str
        The file; its folder is made.
    """

    def __init__(self, path: str):
        self._path, self._spare = path, Spare(path)

    def on_train_begin(self, state):
        folder, name = os.path.split(os.path.abspath(self._path))
        os.makedirs(folder, exist_ok=True)
        for left in os.listdir(folder):  # by a run that was killed while it wrote
            if left.startswith('.{}.'.format(name)) and left.endswith('.tmp'):
                os.remove(os.path.join(folder, left))
        self._write(state)

    def on_epoch_end(self, state):
        self._write(state)

    def on_train_end(self, state):
        self._write(state)

    def _write(self, state):
        columns = list(dict.fromkeys(name for row in state.history for name in row))
        with self._spare.writing():
            write_rows(self._path, columns, ([row.get(name) for name in columns] for row in state.history))
