"""Labels of a batch on the host, so that no check waits for a device or looks through them a second time."""
import threading
from contextlib import contextmanager

import numpy as np

__all__ = ['check_labels', 'host_labels', 'labels_on_host']

_local = threading.local()


class HostLabels:
    """The labels of a batch as NumPy, looked through once.

    Attributes
    ----------
    values : numpy.ndarray
    low, high : number
        The smallest and the largest; NaN if one is.
    whole : bool
        Whether all are whole numbers.
    """

    def __init__(self, values):
        self.values, self.low, self.high = values, values.min(), values.max()
        self.whole = values.dtype.kind in 'iu' or bool((np.floor(values) == values).all())


@contextmanager
def labels_on_host(pieces, label):
    """Let checks in this thread take the labels of a batch from the host, not from the devices.

    Parameters
    ----------
    pieces : sequence of NDArray
        `label`, cut along its first axis.
    label : NDArray or numpy.ndarray, (B,) or (B, C)

    Yields
    ------
    HostLabels or None
        None where `label` lies on a GPU: then a check waits for its piece.
    """
    host, known = None, {}
    if not hasattr(label, 'asnumpy') or label.context.device_type != 'gpu':
        host = HostLabels(label.asnumpy() if hasattr(label, 'asnumpy') else label)
        ends = np.cumsum([len(piece) for piece in pieces])
        known = {id(piece): (values, host) for piece, values in zip(pieces, np.split(host.values, ends[:-1]))}
    before = getattr(_local, 'known', {})
    _local.known = {**before, **known}
    try:
        yield host
    finally:
        _local.known = before


def host_labels(label):
    """A label NDArray as NumPy; this waits for its device unless the values are known."""
    values, _ = _known(label)
    return label.asnumpy() if values is None else values


def check_labels(owner, label, classes=None):
    """Raise a ValueError unless a label NDArray holds class indices: whole numbers in [0, classes - 1].

    Parameters
    ----------
    owner : str
        Who checks, for the message.
    label : NDArray
    classes : int or None
        None means that any whole number >= 0 will do.
    """
    top = np.inf if classes is None else classes - 1
    _, host = _known(label)
    if host is not None and host.whole and host.low >= 0 and host.high <= top:
        return
    values = host_labels(label)
    bad = values[~((values >= 0) & (values <= top) & (np.floor(values) == values))]
    if bad.size:
        raise ValueError('{}: label must be whole numbers {}, got {}.'.format(
            owner, '>= 0' if classes is None else 'in [0, {}]'.format(top), bad[0]))


def _known(label):
    return getattr(_local, 'known', {}).get(id(label), (None, None))
