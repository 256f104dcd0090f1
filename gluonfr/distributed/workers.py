"""What the workers of a training do together, by MXNet's KVStore `dist_sync`."""
import atexit
import hashlib
import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import mxnet as mx
import numpy as np
from mxnet import nd

from .roles import SAME_AGAIN, STOPPED, TIMEOUT, Place, place

__all__ = ['Alone', 'Workers', 'check_equal', 'fingerprint', 'join_workers']

SECONDS = 1800.0  # for which a worker waits for the others, unless GLUONFR_TIMEOUT says another number
SLOT = 1024       # bytes that a worker shares at a time
LOST = 3          # exit status of a worker that gives up


class Alone:
    """The one worker of a training in one process: nothing is sent, and all of it is the same as with `Workers`.

    Attributes
    ----------
    number, count : int
        Which worker this is, from 0, and how many there are.
    first : bool
        Whether it is number 0, which alone writes files.
    """
    number, count, first = 0, 1, True

    def begin(self) -> None:
        """A new training: arrays may have other shapes than in the last."""

    def any(self, flag: bool) -> bool:
        """Whether one of the workers says so."""
        return bool(flag)

    def gather(self, value: Any) -> List[Any]:
        """What each worker gives, by number: JSON values."""
        return [value]

    def of_first(self, function: Callable[[], Any]) -> Any:
        """The JSON value that `function` gives in the first worker, which alone calls it; the others wait."""
        return function()

    def total(self, key: str, values: np.ndarray) -> np.ndarray:
        """The sum of a float32 array over the workers, when it is there; as for `sum`."""
        return values

    def slots(self, key: str, values: np.ndarray) -> np.ndarray:
        """What each worker gives, exactly: float32 arrays of one shape -> (count, ...)."""
        return values[None]

    def sum(self, key: str, arrays: Sequence[nd.NDArray]) -> None:
        """Replace arrays of one shape, on a context each, by the sum of all of them in all workers.

        All workers call it in the same order, and for one key always with one shape.
        """

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around all that workers do together: one that fails meanwhile ends at once, and waits for nobody."""
        yield


class Workers(Alone):
    """One of several workers.

    The KVStore adds up what the workers send, and each gets the same sum, bit for bit. Two workers give the same sum
    again in another run; of three and more, servers add in the order in which they come, so that runs differ by
    rounding. It adds in float32, also what is float64 to all appearance, so that is refused here.

    MXNet's traps are kept out here: there is one KVStore in a process; a key exists on the servers, and all workers
    know it, before anything is sent; no optimizer runs on a server; what is sent under a key has come back before
    something else is.

    Parameters
    ----------
    here : Place
        Of this worker.
    """

    def __init__(self, here: Place) -> None:
        self.number, self.count, self.first = here.number, here.workers, here.number == 0
        self._run, self._shapes, self._last = 0, {}, {}
        self._seconds = _timeout()
        self._waiting: Optional[float] = None
        self._status: Optional[int] = None
        threading.Thread(target=self._watch, daemon=True).start()
        with self._wait():
            self._store = mx.kv.create('dist_sync')
        self._shown, sys.excepthook = sys.excepthook, self._fail
        atexit.register(self._leave)
        if (self._store.num_workers, self._store.type) != (here.workers, 'dist_sync'):
            raise RuntimeError('Workers: the KVStore must be dist_sync with {} workers, got {} with {}.'.format(
                here.workers, self._store.type, self._store.num_workers))
        numbers = np.zeros(here.workers, 'float32')
        numbers[here.number] = 1
        if not (self.total('numbers', numbers) == 1).all():
            raise ValueError('DMLC_WORKER_ID must be another number from 0 on in each worker, got {} twice.'.format(
                here.number))

    def begin(self):
        self._run, self._last = self._run + 1, {}

    def any(self, flag):
        return bool(self.total('flag', np.array([1 if flag else 0], 'float32'))[0])

    def gather(self, value):
        text = json.dumps(value, default=float).encode('utf-8')
        longest = int(self.slots('length', np.array([len(text)], 'float32')).max())
        parts = []
        for start in range(0, longest, SLOT):
            part = np.zeros(SLOT, 'float32')
            here = np.frombuffer(text[start:start + SLOT], np.uint8)
            part[:len(here)] = here
            parts.append(self.slots('bytes', part))
        whole = np.concatenate(parts, axis=1).astype(np.uint8)
        return [json.loads(row.tobytes().rstrip(b'\0').decode('utf-8')) for row in whole]

    def of_first(self, function):
        return self.gather(function() if self.first else None)[0]

    def total(self, key, values):
        array = nd.array(values, dtype=values.dtype)
        self.sum(key, [array])
        with self._wait():
            return array.asnumpy()

    def slots(self, key, values):
        slots = np.zeros((self.count,) + values.shape, values.dtype)
        slots[self.number] = values
        return self.total('{} of each'.format(key), slots)

    def sum(self, key, arrays):
        name = '{} {}'.format(self._run, key)
        self._know(name, key, (tuple(arrays[0].shape), np.dtype(arrays[0].dtype).name))
        last = self._last.get(name, arrays)
        if any(one is not other for one, other in zip(last, arrays)):
            # Nothing else orders the two: the servers would take both for this step, of two workers.
            with self._wait():
                for array in last:
                    array.wait_to_read()
        self._last[name] = list(arrays)
        self._store.pushpull(name, list(arrays), out=list(arrays))

    @contextmanager
    def working(self):
        try:
            yield
        except BaseException as error:
            self._status = _status(error)
            raise

    def _know(self, name, key, form):
        """Make a name on the servers before its first use: `init` waits for all workers."""
        if form[1] not in ('float32', 'float16'):
            raise ValueError('Workers: {} must be float32, in which MXNet\'s servers add, got {}.'.format(key, form[1]))
        if name not in self._shapes:
            with self._wait():
                self._store.init(name, nd.zeros(form[0], dtype=form[1]))
                nd.waitall()
            self._shapes[name] = form
        elif self._shapes[name] != form:
            raise ValueError('Workers: {} must be {} {} as before, got {} {}.'.format(
                key, *reversed(self._shapes[name]), *reversed(form)))

    @contextmanager
    def _wait(self):
        """What waits for others, and may wait for ever."""
        self._waiting = time.monotonic()
        yield
        self._waiting = None

    def _watch(self):
        while True:
            time.sleep(min(1.0, self._seconds / 4))
            since = self._waiting
            if since is not None and time.monotonic() - since > self._seconds:
                _tell('worker {} of {} has waited {:g} s for the others: a worker, a server or the scheduler is gone, '
                      'stopped or very slow. {} is the number of seconds to wait.'.format(
                          self.number, self.count, self._seconds, TIMEOUT))
                os._exit(LOST)

    def _fail(self, kind, error, trace):
        """For an error that nobody has caught."""
        self._status = _status(error)
        self._shown(kind, error, trace)

    def _leave(self):
        """At the end of the process: together with the others, or at once, as nobody waits for one that has failed."""
        if self._status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self._status)
        with self._wait():
            self._store = None  # waits for all workers, and has the servers end


_joined: List[Alone] = []


def join_workers() -> Alone:
    """The workers of this training: `Workers` where DMLC_ROLE is worker, else `Alone`. The same object each time.

    Examples
    --------
    >>> from gluonfr.distributed import join_workers
    >>> workers = join_workers()
    >>> workers.number, workers.count, workers.any(False)
    (0, 1, False)
    """
    if not _joined:
        here = place()
        _joined.append(Workers(here) if here is not None and here.role == 'worker' else Alone())
    return _joined[0]


def fingerprint(array: np.ndarray) -> str:
    """Of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def check_equal(workers: Alone, arrays: Dict[str, np.ndarray], when: str) -> None:
    """Raise a RuntimeError unless all workers have the same arrays, bit for bit.

    Parameters
    ----------
    workers : Alone
    arrays : dict of str to ndarray
        By name.
    when : str
        For the message: 'after step 10'.
    """
    mine = {name: fingerprint(array) for name, array in arrays.items()}
    whole = fingerprint(np.frombuffer(json.dumps(mine, sort_keys=True).encode('utf-8'), np.uint8))
    if len(set(workers.gather(whole))) == 1:
        return
    given = workers.gather(mine)
    different = sorted(name for name in set().union(*given) if len({one.get(name) for one in given}) > 1)
    raise RuntimeError('the workers must have the same weights, and {} of {} differ {}: {}{}. Often a loss took its '
                       'first values from the data of its worker, or a script changed them in one worker only.'.format(
                           len(different), len(mine), when, ', '.join(different[:5]),
                           ', ...' if len(different) > 5 else ''))


def _status(error):
    """How a worker exits: whether it is worth to begin again."""
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    refused = isinstance(error, (ValueError, TypeError, ImportError))
    return SAME_AGAIN if refused or type(error).__name__ == 'NonFiniteLoss' else 1


def _timeout():
    text = os.environ.get(TIMEOUT, str(SECONDS))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not seconds > 0:
        raise ValueError('{} must be a number of seconds > 0, got {!r}.'.format(TIMEOUT, text))
    return seconds


def _tell(text):
    print('gluonfr: ' + text, file=sys.stderr, flush=True)
