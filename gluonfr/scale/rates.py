"""How fast a machine computes and copies, for times by formula."""
import time
from collections import namedtuple

import numpy as np

__all__ = ['Rates', 'measure_rates']

SIDE, COPIED, ROUNDS = 1024, 1 << 24, 3


class Rates(namedtuple('Rates', 'gflops gbytes')):
    """Of a machine: 1e9 operations of a matrix product in a second, and 1e9 bytes read or written by a copy.

    Examples
    --------
    >>> from gluonfr.scale import Rates
    >>> Rates(gflops=100, gbytes=10).seconds(operations=5e10, moved=5e9)
    1.0
    """

    def seconds(self, operations: float, moved: float) -> float:
        """The time of so many operations and so many bytes moved, one after the other."""
        return operations / self.gflops / 1e9 + moved / self.gbytes / 1e9


def measure_rates() -> Rates:
    """The rates of this machine now, by a product and a copy in NumPy, the best of three; a second or so.

    Examples
    --------
    >>> from gluonfr.scale import measure_rates
    >>> rates = measure_rates()
    >>> rates.gflops > 0 and rates.gbytes > 0
    True
    """
    a, source, target = np.ones((SIDE, SIDE), 'float32'), np.ones(COPIED, 'float32'), np.ones(COPIED, 'float32')
    product = min(_seconds(lambda: a.dot(a)) for _ in range(ROUNDS))
    copy = min(_seconds(lambda: np.copyto(target, source)) for _ in range(ROUNDS))
    return Rates(2 * SIDE ** 3 / product / 1e9, 2 * source.nbytes / copy / 1e9)


def _seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
