"""Batches from arrays in memory."""
from typing import Any, Optional

import mxnet as mx
import numpy as np

from ...utils.types import ArrayLike
from .epoch_loader import EpochLoader, as_int32

__all__ = ['ArrayLoader']


class ArrayLoader(EpochLoader):
    """Iterates over images and labels held in memory, a batch at a time.

    The order depends on (seed, epoch) only, so `batches(epoch, start)` gives exactly the batches that an interrupted
    epoch still lacked. Each plain iteration takes the next epoch.

    Parameters
    ----------
    data : numpy array, (N, ...)
        uint8 images (N,H,W,C), which each batch turns into float32 (B,C,H,W) in [0, 1], or floats of any shape, which
        stay as they are (float32).
    label : array-like, (N,)
        Integers become int32, floats float32.
    batch_size : int, >= 1, or None
        None only with a sampler, which then says it.
    shuffle : bool
        Draw a new order each epoch.
    seed : int, [0, 2^32)
        Seed of the orders.
    last_batch : {'keep', 'discard', 'pad'}
        What becomes of a last batch that is not full: a smaller batch, none, or one filled up with the first samples
        of the epoch (so that every batch has the same size).
    sampler : object or None
        With `len()` (batches an epoch), `batch_size` and `indices(epoch)` -> (len, batch_size) int array, such as
        `PKSampler`; it decides the order instead of shuffle, seed and last_batch.

    Outputs
    -------
    (NDArray float32 (B,C,H,W), NDArray int32 or float32 (B,)), on the CPU.

    Raises
    ------
    ValueError, TypeError
        For no samples, lengths that differ, another type or shape than these, NaN or infinity in float data or labels,
        or parameters out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.data import ArrayLoader
    >>> loader = ArrayLoader(np.zeros((5, 28, 28, 1), np.uint8), [0, 1, 0, 1, 1], batch_size=2)
    >>> for images, labels in loader:
    ...     print(images.shape, labels.asnumpy().tolist())
    (2, 1, 28, 28) [0, 1]
    (2, 1, 28, 28) [0, 1]
    (1, 1, 28, 28) [1]
    """

    def __init__(self, data: np.ndarray, label: ArrayLike, batch_size: Optional[int] = None, shuffle: bool = False,
                 seed: int = 0, last_batch: str = 'keep', sampler: Any = None):
        self._data = _check_data(data)
        self._label = _check_label(label, len(self._data))
        super().__init__(len(self._data), batch_size, shuffle, seed, last_batch, sampler)

    def _load(self, epoch, start, indices, own):
        return (self._batch(index[cut]) for index, cut in zip(indices, own))

    def _batch(self, index):
        data = self._data[index]
        if data.dtype == np.uint8:
            data = data.transpose(0, 3, 1, 2) / np.float32(255)
        label = self._label[index]
        return mx.nd.array(data, dtype='float32'), mx.nd.array(label, dtype=label.dtype)


def _check_data(data):
    if not isinstance(data, np.ndarray):
        raise TypeError('ArrayLoader: data must be a numpy array, got {}.'.format(type(data).__name__))
    if data.ndim < 2 or len(data) == 0:
        raise ValueError('ArrayLoader: data must hold at least one sample, (N, ...), got shape {}.'.format(data.shape))
    if data.dtype == np.uint8:
        if data.ndim != 4:
            raise ValueError('ArrayLoader: uint8 data must be images (N,H,W,C), got shape {}.'.format(data.shape))
        return data
    if not np.issubdtype(data.dtype, np.floating):
        raise TypeError('ArrayLoader: data must be uint8 or float, got {}.'.format(data.dtype))
    _check_finite('data', data)
    return data.astype(np.float32, copy=False)


def _check_label(label, samples):
    label = np.asarray(label)
    if label.shape != (samples,):
        raise ValueError('ArrayLoader: label must have one entry for each sample, ({},), got shape {}.'.format(
            samples, label.shape))
    if np.issubdtype(label.dtype, np.integer):
        return as_int32('ArrayLoader', label)
    if not np.issubdtype(label.dtype, np.floating):
        raise TypeError('ArrayLoader: label must be integers or floats, got {}.'.format(label.dtype))
    _check_finite('label', label)
    return label.astype(np.float32)


def _check_finite(name, values):
    bad = ~np.isfinite(values)
    if bad.any():
        raise ValueError('ArrayLoader: {} must be finite, got {} NaN or infinite values, the first in sample {}.'
                         .format(name, int(bad.sum()), int(np.argwhere(bad)[0][0])))
