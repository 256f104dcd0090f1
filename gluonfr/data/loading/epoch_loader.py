"""Epochs of batches in an order that an interrupted run can take up again: what all loaders have in common."""
import logging
from typing import Iterator, List, Optional, Tuple

import numpy as np

from ...utils.check import check_choice, check_int
from ..sampler import epoch_random

__all__ = ['EpochLoader', 'as_int32', 'piece']


class EpochLoader:
    """Order, epochs and resume of every loader; a subclass says in `_load` how batches are made of the indices.

    Parameters
    ----------
    samples : int
        How many there are, >= 1.
    batch_size, shuffle, seed, last_batch, sampler
        As for `ArrayLoader`.
    """

    def __init__(self, samples, batch_size, shuffle, seed, last_batch, sampler):
        owner = type(self).__name__
        if sampler is not None:
            if shuffle:
                raise ValueError('{}: shuffle must be False with a sampler, which decides the order itself.'.format(
                    owner))
            if batch_size not in (None, sampler.batch_size):
                raise ValueError('{}: batch_size must be None or {} (that of the sampler), got {}.'.format(
                    owner, sampler.batch_size, batch_size))
            batch_size = sampler.batch_size
        elif batch_size is None:
            raise ValueError('{}: batch_size must be an int >= 1, got None and no sampler.'.format(owner))
        self.batch_size = check_int(owner, 'batch_size', batch_size, 1)
        self.seed = check_int(owner, 'seed', seed, 0, 2 ** 32 - 1)
        self.epoch = 0
        self._samples = samples
        self._shuffle = shuffle
        self._last_batch = check_choice(owner, 'last_batch', last_batch, ('keep', 'discard', 'pad'))
        self._sampler = sampler
        repeats = sampler.repeats() if hasattr(sampler, 'repeats') else None
        if repeats:
            logging.getLogger('gluonfr').warning('%s: %s', owner, repeats)
        if len(self) == 0:
            raise ValueError("{}: batch_size must be at most {} (the samples) with last_batch='discard', got {}."
                             .format(owner, samples, self.batch_size))

    def __len__(self):
        if self._sampler is not None:
            return len(self._sampler)
        full, rest = divmod(self._samples, self.batch_size)
        return full + (rest > 0 and self._last_batch != 'discard')

    def __iter__(self):
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self.batches(epoch)

    def batches(self, epoch: int, start: int = 0, part: Optional[Tuple[int, int]] = None) -> Iterator:
        """Return an iterator over the batches of `epoch` (from 0), leaving out the first `start`.

        With `part`, (number, count), it gives of each batch the `piece` of one of so many workers, which alone is read,
        and the size of the whole batch: (x, label, size).
        """
        owner = type(self).__name__
        epoch = check_int(owner, 'epoch', epoch, 0, 2 ** 32 - 1)
        start = check_int(owner, 'start', start, 0, len(self))
        indices = self.indices(epoch)[start:]
        if part is None:
            return self._load(epoch, start, indices, [slice(None)] * len(indices))
        own = [piece(len(index), *part) for index in indices]
        return ((x, label, len(index)) for index, (x, label) in zip(indices, self._load(epoch, start, indices, own)))

    def indices(self, epoch: int) -> List[np.ndarray]:
        """Return the list of index arrays, one for each batch of `epoch`."""
        if self._sampler is not None:
            return list(self._sampler.indices(epoch))
        total = self._samples
        order = epoch_random(self.seed, epoch).permutation(total) if self._shuffle else np.arange(total)
        if self._last_batch == 'pad':
            order = np.resize(order, len(self) * self.batch_size)  # repeats from its beginning
        return [order[i * self.batch_size:(i + 1) * self.batch_size] for i in range(len(self))]

    def _load(self, epoch, start, indices, own):
        """Return an iterator over the batches of `epoch` from number `start` on: of `indices`, the slices `own`."""
        raise NotImplementedError


def piece(size: int, number: int, count: int) -> slice:
    """Where the samples of one of `count` workers lie in a batch: the sizes differ by one at most, and none is 0.

    Where there are fewer samples than workers, those that would have none get the first; they must not count it.

    Examples
    --------
    >>> from gluonfr.data.loading.epoch_loader import piece
    >>> [piece(8, number, 3) for number in range(3)]
    [slice(0, 2, None), slice(2, 5, None), slice(5, 8, None)]
    """
    start, stop = number * size // count, (number + 1) * size // count
    return slice(start, stop) if start < stop else slice(0, 1)


def as_int32(owner, label):
    """Labels of a loader as int32; a ValueError for integers that it cannot hold, which NumPy would make others of."""
    limits = np.iinfo(np.int32)
    bad = label[(label < limits.min) | (label > limits.max)]
    if bad.size:
        raise ValueError('{}: label must be integers in [-2^31, 2^31), got {}.'.format(owner, bad[0]))
    return label.astype(np.int32)
