"""What is said of a run, in a file."""
import logging
from contextlib import contextmanager
from typing import Iterator

from ...utils.messages import printable
from ...utils.rows import keep_lines_until
from .base import Callback
from .spare import SpareBytes

__all__ = ['RunLog']


class _LogFile(logging.Handler):
    """Lines of a file, as they come."""

    def __init__(self, path):
        super().__init__()
        open(path, 'a', encoding='utf-8').close()  # an error here is one before the training
        self._lines = SpareBytes(path)

    def emit(self, record):
        self._lines.add((printable(self.format(record)) + '\n').encode('utf-8', 'backslashreplace'))

    def close(self):
        self._lines.write()
        super().close()


class RunLog(Callback):
    """What the logger 'gluonfr' says, in a file; what lies beyond the checkpoint of a resumed run goes."""
    order = -3  # before anything is said of the run

    def __init__(self, path: str):
        self._path = path

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Add to the file meanwhile."""
        logger, handler = logging.getLogger('gluonfr'), _LogFile(self._path)
        level = logger.level
        if not logger.isEnabledFor(logging.INFO):  # Python's own level is WARNING
            logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            handler.close()

    def on_train_begin(self, state):
        keep_lines_until(self._path, state.step)
