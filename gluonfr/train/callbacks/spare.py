"""What a training writes and can do without: its log, its numbers and its pictures."""
import logging
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from ...utils.files import append_whole
from ...utils.rows import append_row, keep_rows_until

__all__ = ['Spare', 'SpareBytes', 'SpareRows']

log = logging.getLogger('gluonfr')


class Spare:
    """Has a training go on while a file cannot be written, as on a disk that is full for some time; that is said once.

    Parameters
    ----------
    path : str
        What messages call it.
    """

    def __init__(self, path: str):
        self._path, self._failing = path, False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write in here."""
        try:
            yield
        except OSError as error:
            if not self._failing:
                self._failing = True  # first: the message may go to that very file
                log.warning('%s cannot be written: %s. The training goes on, and tries it again.', self._path,
                            error.strerror or error)
        else:
            if self._failing:
                self._failing = False
                log.info('%s is written again', self._path)


class SpareBytes(Spare):
    """A file that grows; what could not be written follows when it can be."""

    def __init__(self, path: str):
        super().__init__(path)
        self._waiting = b''

    def add(self, data: bytes) -> None:
        """Add to the end."""
        self._waiting += data
        self.write()

    def write(self) -> None:
        """Write what waits."""
        if self._waiting:
            with self.writing():
                append_whole(self._path, self._waiting)
                self._waiting = b''


class SpareRows(Spare):
    """A csv file of rows by step; those that could not be written follow when it can be."""

    def __init__(self, path: str):
        super().__init__(path)
        self._waiting: List[Dict[str, Any]] = []
        self._until: Optional[int] = None

    def keep_until(self, step: int) -> None:
        """Drop the rows of steps beyond `step`."""
        self._waiting = [row for row in self._waiting if row['step'] <= step]
        self._until = step if self._until is None else min(step, self._until)
        self.write()

    def append(self, row: Dict[str, Any]) -> None:
        """Add a row with a step."""
        self._waiting.append(row)
        self.write()

    def write(self) -> None:
        """Write what waits."""
        with self.writing():
            if self._until is not None:
                keep_rows_until(self._path, self._until)
                self._until = None
            while self._waiting:
                append_row(self._path, self._waiting[0])
                del self._waiting[0]
