"""Which samples make up the batches of an epoch, as a function of (seed, epoch) alone."""
import numpy as np

from ..utils.check import check_int

__all__ = ['PKSampler', 'epoch_random']


def epoch_random(seed, epoch):
    """Return the random generator of an epoch: the same for the same (seed, epoch) on every NumPy version."""
    return np.random.RandomState((seed, epoch))


class PKSampler:
    """Batches of p classes with k samples each, for losses that compare samples with each other.

    A class's samples are shuffled and cut into groups of k. The groups are dealt in rounds, one of each class that
    still has any, so that the p classes of a batch differ. Left out of an epoch, another part each time: samples that
    fill no group, and the groups of the last rounds, once fewer than p classes have any. A class with fewer than k
    samples repeats them to fill its one group.

    Parameters
    ----------
    labels : array-like of int, (N,)
        Class of each sample; any integers.
    p : int, [1, number of classes in labels]
        Classes a batch.
    k : int, >= 1
        Samples of each class.
    seed : int, [0, 2^32)
        The batches depend on (seed, epoch) only.

    Raises
    ------
    ValueError
        For labels that are not a one-dimensional array of integers, or p, k or seed out of range.
    """

    def __init__(self, labels, p, k, seed=0):
        labels = np.asarray(labels)
        if labels.ndim != 1 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError('PKSampler: labels must be a non-empty 1-d array of integers, got {} of shape {}.'.format(
                labels.dtype, labels.shape))
        _, self._labels, self._counts = np.unique(labels, return_inverse=True, return_counts=True)
        self.p = check_int('PKSampler', 'p', p, 1, len(self._counts))
        self.k = check_int('PKSampler', 'k', k, 1)
        self.seed = check_int('PKSampler', 'seed', seed, 0, 2 ** 32 - 1)
        self._groups = np.maximum(self._counts // self.k, 1)
        round_sizes = [int((self._groups > r).sum()) for r in range(self._groups.max())]
        self._rounds = sum(size >= self.p for size in round_sizes)
        self._steps = sum(round_sizes[:self._rounds]) // self.p

    @property
    def batch_size(self):
        """Samples a batch, p * k."""
        return self.p * self.k

    def __len__(self):
        return self._steps

    def indices(self, epoch):
        """Return the (len(self), p * k) int64 indices of an epoch: groups of k of one class, contiguous."""
        random = epoch_random(self.seed, epoch)
        shuffled = np.lexsort((random.random_sample(len(self._labels)), self._labels))  # class by class
        first = np.cumsum(self._counts) - self._counts  # where a class begins in `shuffled`
        classes, rounds = self._deal(random)
        nth = rounds[:, None] * self.k + np.arange(self.k)  # (groups, k)
        nth %= self._counts[classes][:, None]  # only a class with fewer than k samples comes round again
        return shuffled[first[classes][:, None] + nth].reshape(self._steps, self.batch_size)

    def _deal(self, random):
        """Return class and round of each group, (len(self) * p,) each, in the order in which the batches take them."""
        classes, rounds = [], []
        for r in range(self._rounds):
            order = random.permutation(np.flatnonzero(self._groups > r))
            # The last batch of the round before may lack classes. Those it has come last now, so that it gets others:
            # the round has at least p classes, which is enough.
            begun = classes[len(classes) // self.p * self.p:]
            again = np.isin(order, begun)
            classes.extend(order[~again])
            classes.extend(order[again])
            rounds.extend([r] * len(order))
        wanted = self._steps * self.p
        return np.array(classes[:wanted], dtype=np.int64), np.array(rounds[:wanted], dtype=np.int64)
