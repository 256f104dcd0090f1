"""Values of labels that are known on the host, so that a check need not wait for a device."""
import threading
from contextlib import contextmanager

__all__ = ['host_values', 'known_values']

_local = threading.local()


@contextmanager
def known_values(arrays, values):
    """Let `host_values` in this thread take the values (NumPy) of these NDArrays from here, not from their device."""
    before = getattr(_local, 'known', {})
    _local.known = {**before, **{id(array): value for array, value in zip(arrays, values)}}
    try:
        yield
    finally:
        _local.known = before


def host_values(array):
    """The values of an NDArray as NumPy; this waits for its device unless they are known."""
    known = getattr(_local, 'known', {}).get(id(array))
    return array.asnumpy() if known is None else known
