"""All processes of a training on one machine: started, watched, ended together, and started again."""
import os
import signal
import socket
import sys
import time
from contextlib import contextmanager
from typing import Iterator, List, Optional, Sequence

from ..compat import usable_cores
from ..utils.check import check_int, check_number
from ..utils.messages import counted
from ..utils.system import end_signals
from .processes import KILL_SECONDS, STOPPED_SECONDS, Fault, Processes
from .roles import SAME_AGAIN, STOPPED, TIMEOUT

__all__ = ['SAVE_SECONDS', 'going_on', 'launch']

HOST = '127.0.0.1'
THREADS = 'OMP_NUM_THREADS'
LOOK_SECONDS = 0.05
SAVE_SECONDS = 120     # workers have so long for the step under way and a checkpoint, after a Ctrl-C


def launch(words: Sequence[str], workers: int, servers: int = 1, *, port: Optional[int] = None, restarts: int = 0,
           timeout: Optional[float] = None, stopped_seconds: float = STOPPED_SECONDS) -> int:
    """Train in several processes on this machine: a scheduler, servers and workers on the loopback interface.

    At the first process that fails, or is stopped for `stopped_seconds`, all are ended within a second, and a line on
    the standard error says which and why. Ctrl-C, SIGTERM and SIGHUP have the workers save and end after the step under
    way, within `SAVE_SECONDS`; a second one ends them at once. If this process is killed, so are they.

    Parameters
    ----------
    words : sequence of str
        What each worker runs: a command of gluonfr with its options, or a Python script with its arguments.
    workers, servers : int
        How many, >= 1. The servers add up gradients: they have work for a short time of each step.
    port : int or None
        Of the scheduler; None for a free one.
    restarts : int
        How often to start all again where a process fails, >= 0; `gluonfr train` goes on from its last checkpoint then,
        and a script must do so by ``fit(..., resume='auto')``. A command that was refused (status 2) is not run again.
    timeout : float or None
        Seconds that a worker waits for the others before it gives up, > 0; None for half an hour. It must be more than
        an evaluation takes.
    stopped_seconds : float
        > 0.

    Returns
    -------
    int
        The exit status: 0; that of the first process that failed, or 3 where a signal ended it; 130 after Ctrl-C.

    Raises
    ------
    ValueError
        A parameter out of range.
    OSError
        The port is in use.
    """
    check_int('launch', 'workers', workers, 1)
    check_int('launch', 'servers', servers, 1)
    check_int('launch', 'restarts', restarts, 0)
    check_number('launch', 'stopped_seconds', stopped_seconds, 0, low_open=True)
    if timeout is not None:
        check_number('launch', 'timeout', timeout, 0, low_open=True)
    if port is not None:
        check_int('launch', 'port', port, 1, 65535)
    words = list(words)
    if not words or words[0] != 'train' and not words[0].endswith('.py'):
        raise ValueError('launch: what the workers run must be `train ...` or a Python script, got {!r}.'.format(
            ' '.join(words)))
    for left in range(restarts, -1, -1):
        processes = Processes(stopped_seconds)
        with _signals() as caught:
            try:
                _start(processes, words, workers, servers, _free_port(port), timeout)
                fault = _watch(processes, caught)
            finally:
                processes.end()
        if caught:
            _say('stopped by {}; all processes have ended.'.format(signal.Signals(caught[0]).name))
            return STOPPED
        if fault is None:
            return 0
        _say('{} {}; all other processes were ended.'.format(fault.who, fault.why))
        if fault.status == SAME_AGAIN or not left:
            break
        _say('starting again from the last checkpoint, {} left.'.format(counted(left - 1, 'restart')))
        words = going_on(words)
    return fault.status if fault.status is not None and fault.status > 0 else 3


def going_on(words: Sequence[str]) -> List[str]:
    """The command that goes on with what `words` began: `gluonfr train` with --resume.

    Examples
    --------
    >>> from gluonfr.distributed.launch import going_on
    >>> going_on(['train', '--out', 'run', '--overwrite'])
    ['train', '--out', 'run', '--resume']
    """
    if words[0] != 'train' or '--resume' in words:
        return list(words)
    return [word for word in words if word != '--overwrite'] + ['--resume']


def _start(processes, words, workers, servers, port, timeout):
    """Start all: every process knows where the scheduler is, and they find each other in any order."""
    shared = {'DMLC_PS_ROOT_URI': HOST, 'DMLC_PS_ROOT_PORT': str(port), 'DMLC_NODE_HOST': HOST,
              'DMLC_NUM_WORKER': str(workers), 'DMLC_NUM_SERVER': str(servers)}
    if timeout is not None:
        shared[TIMEOUT] = str(timeout)
    if THREADS not in os.environ:
        shared[THREADS] = str(max(1, usable_cores() // workers))
    _say('{} and {}, {}={} in each.'.format(counted(workers, 'worker'), counted(servers, 'server'), THREADS,
                                            shared.get(THREADS) or os.environ[THREADS]))
    child = [sys.executable, '-m', __package__ + '.child']
    for role, count in (('scheduler', 1), ('server', servers)):
        for number in range(count):
            name = role if role == 'scheduler' else '{} {}'.format(role, number)
            processes.start(name, child, {**shared, 'DMLC_ROLE': role}, name + ': ')
    for number in range(workers):
        name = 'worker {}'.format(number)
        processes.start(name, child + words, {**shared, 'DMLC_ROLE': 'worker', 'DMLC_WORKER_ID': str(number)},
                        name + ': ' if number else None)


def _watch(processes, caught) -> Optional[Fault]:
    """Wait until all have ended; returns who failed. `caught` grows with the signals that come."""
    deadline = None
    while processes.running():
        fault = processes.fault()
        if len(caught) > 1 or fault is not None and not caught:
            return fault
        if caught and deadline is None:  # the workers agree on the step after which they save
            processes.send(signal.SIGTERM, 'worker')
            deadline = time.monotonic() + SAVE_SECONDS
        if not processes.running('worker') and deadline is None:
            deadline = time.monotonic() + KILL_SECONDS  # scheduler and servers end when the workers do
        if deadline is not None and (time.monotonic() > deadline or caught and not processes.running('worker')):
            return None
        time.sleep(LOOK_SECONDS)
    return None


@contextmanager
def _signals() -> Iterator[List[int]]:
    """The signals that ask for an end, as they come."""
    caught: List[int] = []
    before = {number: signal.signal(number, lambda number, frame: caught.append(number)) for number in end_signals()}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_port(port):
    """`port` if it is free, or one that is."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run may still fade
        try:
            trial.bind((HOST, port or 0))
        except OSError as error:
            raise OSError('port {} of {} cannot be had ({}). Give another one, or none.'.format(
                port, HOST, error.strerror or error)) from error
        return trial.getsockname()[1]


def _say(text):
    print('gluonfr launch: ' + text, file=sys.stderr, flush=True)
