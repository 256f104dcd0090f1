"""Work that threads do ahead of the one that needs it."""
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

from ..compat import usable_cores

__all__ = ['ahead', 'each']

TOGETHER = 64  # items that a thread takes at a time
LONGEST_WAIT = 10  # seconds that a fork waits for the tasks of threads


def ahead(tasks, workers, prefetch):
    """Yield what each of some tasks gives, in their order, while threads work on those that follow.

    A process may fork meanwhile: the fork waits until no thread is in a task, which may hold locks that nobody would
    free in the child. The iteration goes on in the parent alone.

    Parameters
    ----------
    tasks : iterable of callables without arguments
    workers : int, >= 1
        Threads; they end with the iteration, also with one that is abandoned.
    prefetch : int, >= 1
        Results at most that are being made or lie ready.

    Raises
    ------
    RuntimeError
        In a child, of an iteration that began before the fork.
    """
    pool, process = ThreadPoolExecutor(workers, thread_name_prefix='gluonfr-ahead'), os.getpid()
    waiting = deque()

    def first():
        if os.getpid() != process:
            raise RuntimeError('an iteration that threads work for cannot go on in a forked process, which has none of '
                               'them: begin it there.')
        return waiting.popleft().result()

    try:
        for task in tasks:
            waiting.append(pool.submit(_GATE.run, task))
            if len(waiting) > prefetch:
                yield first()
        while waiting:
            yield first()
    finally:  # also when the iteration is abandoned: the generator is closed then
        if os.getpid() == process:  # a forked one has no threads, and perhaps their locks
            for future in waiting:
                future.cancel()
            pool.shutdown()


def each(function, items):
    """Yield what a function gives for each item of a sequence, in order, from a thread for each core."""
    pieces = (partial(_all_of, function, items[start:start + TOGETHER]) for start in range(0, len(items), TOGETHER))
    return chain.from_iterable(ahead(pieces, usable_cores(), 4 * usable_cores()))


def _all_of(function, items):
    return [function(item) for item in items]


class _Gate:
    """Where tasks go through that a fork waits for, and that wait for it."""

    def __init__(self):
        self._inside = threading.local()
        self._begin()

    def _begin(self):
        self._changed, self._running, self._shut = threading.Condition(), getattr(self._inside, 'tasks', 0), 0

    def run(self, task):
        """What a task gives."""
        before = getattr(self._inside, 'tasks', 0)
        with self._changed:
            self._changed.wait_for(lambda: before or not self._shut)
            self._running += 1
        self._inside.tasks = before + 1
        try:
            return task()
        finally:
            self._inside.tasks = before
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def shut(self):
        """Before a fork: let nobody in, and wait for those who are, but not for a task that forks itself."""
        with self._changed:
            self._shut += 1
            self._changed.wait_for(lambda: self._running <= getattr(self._inside, 'tasks', 0), LONGEST_WAIT)

    def open(self):
        """In the parent, after it."""
        with self._changed:
            self._shut -= 1
            self._changed.notify_all()

    def replace(self):
        """In the child, whose one thread is that which forked."""
        self._begin()


_GATE = _Gate()
if hasattr(os, 'register_at_fork'):  # Windows does not fork
    os.register_at_fork(before=_GATE.shut, after_in_parent=_GATE.open, after_in_child=_GATE.replace)
