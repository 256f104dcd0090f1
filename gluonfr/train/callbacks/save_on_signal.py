"""What a training does on Ctrl-C and the like."""
import os
import signal
import threading
from contextlib import contextmanager, suppress
from typing import Iterator

from ...utils.system import HANGUP, end_signals
from ..checkpoint import checkpoint_name, save_checkpoint
from .base import Callback

__all__ = ['SaveOnSignal']


class SaveOnSignal(Callback):
    """Ctrl-C, SIGTERM or a lost connection saves the run after the step under way and raises KeyboardInterrupt.

    A second Ctrl-C or SIGTERM raises it at once. SIGHUP does not: a lost connection may send it several times. Of
    several workers all stop after the step after which one was asked to.
    """
    every_worker = True
    order = 2

    def __init__(self, folder: str):
        self._folder, self._asked, self._once = folder, False, False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch the signals meanwhile; only the main thread can."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.signal(number, self._ask) for number in end_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_step_end(self, state):
        if state.workers.any(self._asked):
            save_checkpoint(os.path.join(self._folder, checkpoint_name(state.step)), state)
            raise KeyboardInterrupt('step {} is saved: --resume continues from there'.format(state.step))

    def _ask(self, number, frame):
        if self._once and number != HANGUP:
            raise KeyboardInterrupt('')
        self._asked, self._once = True, self._once or number != HANGUP
        with suppress(OSError):  # the terminal may be gone
            os.write(2, b'\nstopping after this step; once more to stop at once\n')  # print is not for signal handlers
