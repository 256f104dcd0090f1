"""Which samples make up the batches of an epoch, as a function of (seed, epoch) alone.

A sampler has `len()` (batches an epoch), `batch_size`, `seed` and `indices(epoch)` -> (len, batch_size) int64, which a
loader cuts where an interrupted epoch goes on.
"""
from typing import Optional

import numpy as np

from ..utils.check import check_int
from ..utils.types import ArrayLike

__all__ = ['BalancedSampler', 'PKSampler', 'RangeSampler', 'TripletSampler', 'epoch_random',
           'sample_seeds']


def epoch_random(seed, epoch):
    """Return the random generator of an epoch: the same for the same (seed, epoch) on every NumPy version."""
    return np.random.RandomState((seed, epoch))


def sample_seeds(seed, epoch, count):
    """Seeds for the transforms of an epoch's first `count` places, uint32: a `RandomState` takes one of them in a fifth
    of the time that it takes (seed, epoch, place)."""
    return np.random.RandomState((seed, epoch, 1)).randint(0, 2 ** 32, count, np.uint32)


class _ClassSampler:
    """Who has which samples, for samplers that choose by class.

    `_counts` (C,) holds the samples of each class and `_first` (C,) where a class begins in the array that
    `_shuffled` gives.
    """

    def __init__(self, labels, seed, ranges):
        owner = type(self).__name__
        if (labels is None) == (ranges is None):
            raise ValueError('{}: give either labels or ranges, got {}.'.format(
                owner, 'neither' if labels is None else 'both'))
        if ranges is None:
            self._classes, self._counts, self._starts = *_by_label(owner, labels), None
        else:
            self._starts, self._counts = _by_range(owner, ranges)
            self._classes = np.repeat(np.arange(len(self._counts)), self._counts)
        self._first = np.cumsum(self._counts) - self._counts
        self.seed = check_int(owner, 'seed', seed, 0, 2 ** 32 - 1)

    def _shuffled(self, random):
        """Return all samples (N,), class by class, those of a class in a new order."""
        samples = _sort_by_class(self._classes, random.random_sample(len(self._classes)))
        if self._starts is not None:  # sorted by class before as after, so that place and class still belong together
            samples += np.repeat(self._starts - self._first, self._counts)
        return samples


class PKSampler(_ClassSampler):
    """Batches of p classes with k samples each, for losses that compare samples with each other.

    A class's samples are shuffled and cut into groups of k. The groups are dealt in rounds, one of each class that
    still has any, so that the p classes of a batch differ. Left out of an epoch, another part each time: samples that
    fill no group, and the groups of the last rounds, once fewer than p classes have any. A class with fewer than k
    samples repeats them to fill its one group.

    Parameters
    ----------
    labels : array-like of int, (N,), or None
        Class of each sample; any integers.
    p : int, [1, number of classes that have samples]
        Classes a batch.
    k : int, >= 1
        Samples of each class.
    seed : int, [0, 2^32)
        The batches depend on (seed, epoch) only.
    ranges : array-like of int, (C, 2), or None
        Instead of labels: where each class's samples begin and end (exclusive), such as a data set's `ranges`. The
        batches are those that the labels would give.

    Raises
    ------
    ValueError
        For both or none of labels and ranges, labels that are not a one-dimensional array of integers, ranges that are
        empty, reversed or overlap, or p, k or seed out of range.

    Examples
    --------
    >>> from gluonfr.data import PKSampler
    >>> sampler = PKSampler([0, 0, 0, 1, 1, 2, 2, 2], p=2, k=2, seed=0)
    >>> print(sampler.batch_size, sampler.indices(epoch=0).tolist())
    4 [[6, 5, 3, 4]]
    """

    _names, _least = ('p', 'k'), 1

    def __init__(self, labels: Optional[ArrayLike] = None, p: Optional[int] = None, k: Optional[int] = None,
                 seed: int = 0, *, ranges: Optional[ArrayLike] = None):
        super().__init__(labels, seed, ranges)
        owner, names = type(self).__name__, self._names
        self.p = check_int(owner, names[0], p, self._least, len(self._counts))
        self.k = check_int(owner, names[1], k, self._least)
        self._groups = np.maximum(self._counts // self.k, 1)
        sizes = np.bincount(self._groups)[:0:-1].cumsum()[::-1]  # classes that have more than 0, 1, ... groups
        self._sizes = sizes[sizes >= self.p]
        self._steps = int(self._sizes.sum()) // self.p

    def repeats(self) -> Optional[str]:
        """A sentence on the classes that have too few samples to fill a group, None if all have enough."""
        few, lone = int((self._counts < self.k).sum()), int((self._counts == 1).sum())
        if not few:
            return None
        alone = '' if not lone else ' {:,} {} a single one, which is its own positive.'.format(
            lone, 'has' if lone == 1 else 'have')
        return ('{:,} of {:,} people have fewer than {} images and repeat them in a batch.{} `gluonfr pack folder '
                '--min-images {}` leaves such people out.'.format(few, len(self._counts), self.k, alone, self.k))

    @property
    def batch_size(self) -> int:
        """Samples a batch, p * k."""
        return self.p * self.k

    def __len__(self):
        return self._steps

    def indices(self, epoch: int) -> np.ndarray:
        """Return the (len(self), p * k) int64 indices of an epoch: groups of k of one class, contiguous."""
        random = epoch_random(self.seed, epoch)
        shuffled = self._shuffled(random)
        classes, rounds = self._deal(random)
        nth = rounds[:, None] * self.k + np.arange(self.k)  # (groups, k)
        nth %= self._counts[classes][:, None]  # only a class with fewer than k samples comes round again
        return shuffled[self._first[classes][:, None] + nth].reshape(self._steps, self.batch_size)

    def _deal(self, random):
        """Return class and round of each group, (len(self) * p,) each, in the order in which the batches take them."""
        classes, done = np.empty(self._sizes.sum(), np.int64), 0
        for r, size in enumerate(self._sizes):
            order = random.permutation(np.flatnonzero(self._groups > r))
            # The last batch of the round before may lack classes. Those it has come last now, so that it gets others:
            # the round has at least p classes, which is enough.
            again = np.isin(order, classes[done // self.p * self.p:done])
            classes[done:done + size] = np.concatenate([order[~again], order[again]])
            done += size
        wanted = self._steps * self.p
        return classes[:wanted], np.repeat(np.arange(len(self._sizes)), self._sizes)[:wanted]


class RangeSampler(PKSampler):
    """The batches that `RangeLoss` takes: `PKSampler` in the words of that loss.

    Parameters
    ----------
    labels, seed, ranges
        As for `PKSampler`.
    num_class : int, [2, number of classes that have samples]
        Groups a batch, of a class each.
    num_in_class : int, >= 2
        Samples of each group, contiguous; a class with fewer repeats them, at a distance of 0.
    """

    _names, _least = ('num_class', 'num_in_class'), 2

    def __init__(self, labels: Optional[ArrayLike] = None, num_class: Optional[int] = None,
                 num_in_class: Optional[int] = None, seed: int = 0, *, ranges: Optional[ArrayLike] = None):
        super().__init__(labels, num_class, num_in_class, seed, ranges=ranges)


class BalancedSampler(_ClassSampler):
    """Batches in which every class is equally likely, however many samples it has.

    The classes are dealt in rounds, each round all of them in a new order, so that in an epoch no class comes more
    than once more than another. A class gives its samples in a new order each epoch, and begins again when all were
    there.

    Parameters
    ----------
    labels : array-like of int, (N,), or None
        Class of each sample; any integers.
    batch_size : int, >= 1
        Samples a batch.
    seed : int, [0, 2^32)
        The batches depend on (seed, epoch) only.
    ranges : array-like of int, (C, 2), or None
        Instead of labels, as for `PKSampler`.
    steps : int, >= 1, or None
        Batches an epoch. None: as many as the samples would fill, N // batch_size (at least one).

    Raises
    ------
    ValueError
        For labels, ranges or numbers out of range, as `PKSampler`.

    Examples
    --------
    >>> from gluonfr.data import BalancedSampler
    >>> labels = [0, 0, 0, 0, 0, 0, 1, 1]
    >>> batch, = BalancedSampler(labels, batch_size=4, steps=1).indices(epoch=0)
    >>> print(sorted(labels[i] for i in batch))
    [0, 0, 1, 1]
    """

    def __init__(self, labels: Optional[ArrayLike] = None, batch_size: Optional[int] = None, seed: int = 0, *,
                 ranges: Optional[ArrayLike] = None, steps: Optional[int] = None):
        super().__init__(labels, seed, ranges)
        self.batch_size = check_int('BalancedSampler', 'batch_size', batch_size, 1)
        if steps is None:
            steps = max(len(self._classes) // self.batch_size, 1)
        self._steps = check_int('BalancedSampler', 'steps', steps, 1)

    def __len__(self):
        return self._steps

    def indices(self, epoch: int) -> np.ndarray:
        """Return the (len(self), batch_size) int64 indices of an epoch."""
        random = epoch_random(self.seed, epoch)
        shuffled = self._shuffled(random)
        wanted, count = self._steps * self.batch_size, len(self._counts)
        rounds = -(-wanted // count)
        classes = random.random_sample((rounds, count)).argsort(axis=1, kind='stable').ravel()[:wanted]
        nth = np.repeat(np.arange(rounds), count)[:wanted] % self._counts[classes]
        return shuffled[self._first[classes] + nth].reshape(self._steps, self.batch_size)


class TripletSampler(_ClassSampler):
    """Batches of triplets: anchor, positive (the anchor's class), negative (another class), one after the other.

    In an epoch each sample of a class with two or more is an anchor once and a positive once (but for the last
    anchors, those that fill no batch); the negative is any sample of the other classes with the same probability.

    A batch is (a1, p1, n1, a2, p2, n2, ...), so that cutting it for several devices leaves triplets whole if
    `triplets` is a multiple of their number. For the explicit form of `TripletLoss`::

        x = net(batch).reshape((-1, 3, embedding_size))
        loss(x[:, 0], x[:, 1], x[:, 2])

    The mined forms take embedding and label of such a batch as they are.

    Parameters
    ----------
    labels : array-like of int, (N,), or None
        Class of each sample; any integers.
    triplets : int, [1, samples in classes with two or more]
        Triplets a batch.
    seed : int, [0, 2^32)
        The batches depend on (seed, epoch) only.
    ranges : array-like of int, (C, 2), or None
        Instead of labels, as for `PKSampler`.

    Raises
    ------
    ValueError
        For labels, ranges or numbers out of range, as `PKSampler`; for fewer than two classes, or none with two
        samples.

    Examples
    --------
    >>> from gluonfr.data import TripletSampler
    >>> labels = [0, 0, 1, 1]
    >>> batches = TripletSampler(labels, triplets=2).indices(epoch=0)
    >>> print([[labels[i] for i in batch] for batch in batches])  # anchor, positive, negative, and again
    [[0, 0, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0]]
    """

    def __init__(self, labels: Optional[ArrayLike] = None, triplets: Optional[int] = None, seed: int = 0, *,
                 ranges: Optional[ArrayLike] = None):
        super().__init__(labels, seed, ranges)
        anchors = int(self._counts[self._counts > 1].sum())
        if len(self._counts) < 2 or not anchors:
            raise ValueError('TripletSampler: needs at least two classes, and one of them with two samples, got {} '
                             'classes and at most {} samples in one.'.format(len(self._counts), self._counts.max()))
        self.triplets = check_int('TripletSampler', 'triplets', triplets, 1, anchors)
        self._steps = anchors // self.triplets

    @property
    def batch_size(self) -> int:
        """Samples a batch, 3 * triplets."""
        return 3 * self.triplets

    def __len__(self):
        return self._steps

    def indices(self, epoch: int) -> np.ndarray:
        """Return the (len(self), 3 * triplets) int64 indices of an epoch."""
        random = epoch_random(self.seed, epoch)
        shuffled = self._shuffled(random)
        anchor = random.permutation(np.flatnonzero(np.repeat(self._counts > 1, self._counts)))
        anchor = anchor[:self._steps * self.triplets]  # places in `shuffled`, where classes are contiguous
        of_place = np.repeat(np.arange(len(self._counts)), self._counts)
        first, count = self._first[of_place[anchor]], self._counts[of_place[anchor]]
        positive = first + (anchor - first + 1) % count
        negative = (random.random_sample(len(anchor)) * (len(shuffled) - count)).astype(np.int64)
        negative += np.where(negative >= first, count, 0)  # over the anchor's class
        return shuffled[np.stack([anchor, positive, negative], axis=1)].reshape(self._steps, self.batch_size)


def _sort_by_class(classes, keys):
    """Return `np.lexsort((keys, classes))` for keys in [0, 1), several times faster."""
    both = classes + keys
    order = both.argsort()
    if (np.diff(both[order]) > 0).all():
        return order
    return np.lexsort((keys, classes))  # rounding made two sums equal: about 1 epoch in 300 of 5.8 million samples


def _by_label(owner, labels):
    """Return the place of each sample's class among those that occur (N,), and their counts (C,)."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError('{}: labels must be a non-empty 1-d array of integers, got {} of shape {}.'.format(
            owner, labels.dtype, labels.shape))
    return np.unique(labels, return_inverse=True, return_counts=True)[1:]


def _by_range(owner, ranges):
    """Return beginning and length of the classes that have samples, (C,) each."""
    ranges = np.asarray(ranges)
    if ranges.ndim != 2 or ranges.shape[1] != 2 or not np.issubdtype(ranges.dtype, np.integer):
        raise ValueError('{}: ranges must be an array of integers of shape (classes, 2), got {} of shape {}.'.format(
            owner, ranges.dtype, ranges.shape))
    starts, counts = ranges[:, 0].astype(np.int64), np.diff(ranges.astype(np.int64))[:, 0]
    if starts.size and (starts.min() < 0 or counts.min() < 0):
        bad = np.flatnonzero((starts < 0) | (counts < 0))[0]
        raise ValueError('{}: ranges must have 0 <= start <= stop, got {} for class {}.'.format(
            owner, ranges[bad].tolist(), bad))
    starts, counts = starts[counts > 0], counts[counts > 0]
    if not starts.size:
        raise ValueError('{}: ranges must hold at least one sample, got {} empty ones.'.format(owner, len(ranges)))
    order = np.argsort(starts, kind='stable')
    overlap = np.flatnonzero((starts + counts)[order][:-1] > starts[order][1:])
    if overlap.size:
        raise ValueError('{}: ranges must not overlap, got two that hold sample {}.'.format(
            owner, starts[order][overlap[0] + 1]))
    return starts, counts
