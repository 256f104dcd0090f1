"""Processes that live and end together."""
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from .roles import LAUNCHER

__all__ = ['Fault', 'Processes', 'STOPPED_SECONDS']

STOPPED_SECONDS = 30  # a process that is stopped (SIGSTOP) for so long counts as lost
KILL_SECONDS = 10     # processes that were told to end, or have nothing to do any more, have so long


class Fault(NamedTuple):
    """Why processes cannot go on.

    Attributes
    ----------
    who : str
        The first that failed: 'worker 1 (process 4711)'.
    why : str
        A sentence without its subject: 'was ended by signal 9 (SIGKILL)'.
    status : int or None
        Its exit status; None where it has not ended by itself.
    """
    who: str
    why: str
    status: Optional[int]


class Processes:
    """Processes of this one, each in a session of its own, so that a Ctrl-C reaches this one alone.

    Each ends when this process ends, if it calls `end_with_parent` with the number in `LAUNCHER`.

    Parameters
    ----------
    stopped_seconds : float
        How long one may be stopped, > 0.
    """

    def __init__(self, stopped_seconds: float = STOPPED_SECONDS) -> None:
        self._patience = stopped_seconds
        self._running: Dict[str, subprocess.Popen] = {}
        self._stopped: Dict[str, float] = {}  # since when
        self._readers: List[threading.Thread] = []

    def start(self, name: str, words: Sequence[str], environ: Dict[str, str], prefix: Optional[str] = None) -> None:
        """Start one; with `prefix`, that stands before each line of its errors."""
        process = subprocess.Popen(words, env={**os.environ, **environ, LAUNCHER: str(os.getpid())},
                                   stdin=subprocess.DEVNULL, stderr=None if prefix is None else subprocess.PIPE,
                                   start_new_session=True)
        self._running[name] = process
        if prefix is not None:
            reader = threading.Thread(target=_pass_on, args=(process.stderr, prefix), daemon=True)
            reader.start()
            self._readers.append(reader)

    def running(self, kind: str = '') -> List[str]:
        """Names of those that run and begin with `kind`."""
        return [name for name in self._running if name.startswith(kind)]

    def fault(self) -> Optional[Fault]:
        """Look at all once: the first that has failed, or is stopped for too long, or None."""
        for name, process in list(self._running.items()):
            who = '{} (process {})'.format(name, process.pid)
            pid, status = os.waitpid(process.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if pid and os.WIFSTOPPED(status):
                self._stopped[name] = time.monotonic()
            elif pid and os.WIFCONTINUED(status):
                self._stopped.pop(name, None)
            elif pid:
                process.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                del self._running[name]
                self._stopped.pop(name, None)
                if process.returncode:
                    return Fault(who, _ended(process.returncode), process.returncode)
            since = self._stopped.get(name)
            if since is not None and time.monotonic() - since > self._patience:
                return Fault(who, 'was stopped by a signal {:g} s ago and the others wait for it'.format(
                    self._patience), None)
        return None

    def send(self, number: int, kind: str = '') -> None:
        """Send a signal to those whose names begin with `kind`."""
        for name in self.running(kind):
            os.kill(self._running[name].pid, number)  # not waited for yet, so the number is still its own

    def end(self) -> None:
        """End all at once, and wait until they have."""
        self.send(signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._running.clear()
        self._stopped.clear()
        for reader in self._readers:
            reader.join(1)
        self._readers.clear()


def _pass_on(pipe, prefix):
    """Copy lines to the standard error."""
    with pipe:
        for line in iter(pipe.readline, b''):
            sys.stderr.write(prefix + line.decode('utf-8', 'replace'))
            sys.stderr.flush()


def _ended(code):
    if code >= 0:
        return 'ended with status {}'.format(code)
    try:
        name = ' ({})'.format(signal.Signals(-code).name)
    except ValueError:  # of real time
        name = ''
    return 'was ended by signal {}{}'.format(-code, name)
