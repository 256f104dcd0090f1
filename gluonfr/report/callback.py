"""The report of a run that is still training."""
from ..train.callbacks.base import Callback
from .page import write_report
from .pictures import needs_libraries

__all__ = ['RunReport']


class RunReport(Callback):
    """The report of a training run, written anew at each evaluation, each epoch, and at the end.

    It reads the csv files and results in the folder of the run, so it comes after the callbacks that write them.

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
        self._seen = None

    def on_train_begin(self, state):
        self._seen = None

    def on_step_end(self, state):
        measured = {name: value for name, value in state.metrics.items() if name.endswith('_acc')}
        if measured and measured != self._seen:
            self._write(state)

    def on_epoch_end(self, state):
        self._write(state)

    def on_train_end(self, state):
        self._write(state)

    def _write(self, state):
        self._seen = {name: value for name, value in state.metrics.items() if name.endswith('_acc')}
        write_report([self._folder], self._path)
        state.meter.start()  # the time it takes is none of training
