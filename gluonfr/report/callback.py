"""The report of a run that is still training."""
import os

from ..train.callbacks.base import Callback
from ..train.callbacks.spare import Spare
from ..train.run_folder import VERIFICATION
from .page import write_report
from .pictures import needs_libraries

__all__ = ['RunReport']


class RunReport(Callback):
    """The report of a training run, written anew at each verification.

    It reads the csv files and results in the folder of the run, so it comes after the callbacks that write them. The
    last report needs the card of the network, which is written when the training is over: `write_report` does it then.

    Parameters
    ----------
    folder : str
        Of the run.
    path : str
        The HTML file.

    Raises
    ------
    ImportError
        Bokeh or Jinja2 is missing; the message says what to run.
    """
    order = 2

    def __init__(self, folder: str, path: str):
        needs_libraries()
        self._folder, self._path = folder, path
        self._verified, self._spare = None, Spare(path)

    def on_train_begin(self, state):
        self._verified = self._last()

    def on_step_end(self, state):
        self._refresh(state)

    def on_epoch_end(self, state):
        self._refresh(state)

    def _refresh(self, state):
        if self._last() != self._verified:
            self._verified = self._last()
            with self._spare.writing():
                write_report([self._folder], self._path)
            state.meter.start()  # the time it takes is none of training

    def _last(self):
        """What tells one state of the file of verifications from another."""
        path = os.path.join(self._folder, VERIFICATION)
        return os.stat(path).st_mtime_ns if os.path.exists(path) else None
