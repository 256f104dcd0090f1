"""Progress bars that change nothing in the process that shows them."""
import threading

from tqdm import tqdm

from .messages import printable

__all__ = ['Bar']


class Bar(tqdm):
    """`tqdm` with a lock of threads alone.

    Its own lock is one of processes, too: the first bar, shown or not, would fix how `multiprocessing` starts
    processes, and a `set_start_method` of the host after it would fail.
    """
    _lock = threading.RLock()

    def __init__(self, iterable=None, desc=None, **options):
        super().__init__(iterable, desc and printable(desc), **options)
