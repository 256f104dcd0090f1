"""A csv row for each epoch."""
import csv
import os

from ...utils.files import atomic_path
from .base import Callback

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
