"""Work that threads do ahead of the one that needs it."""
from collections import deque
from concurrent.futures import ThreadPoolExecutor

__all__ = ['ahead']


def ahead(tasks, workers, prefetch):
    """Yield what each of some tasks gives, in their order, while threads work on those that follow.

    Parameters
    ----------
    tasks : iterable of callables without arguments
    workers : int, >= 1
        Threads; they end with the iteration, also with one that is abandoned.
    prefetch : int, >= 1
        Results at most that are being made or lie ready.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix='gluonfr-ahead')
    waiting = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > prefetch:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also when the iteration is abandoned: the generator is closed then
        for future in waiting:
            future.cancel()
        pool.shutdown()
