"""Verification pairs from any labelled set of faces, in folds whose people differ."""
from typing import Tuple

import numpy as np

from ...utils.check import check_int
from ...utils.messages import counted
from ...utils.types import ArrayLike

__all__ = ['draw_pairs']


def draw_pairs(labels: ArrayLike, count: int, folds: int = 10,
               seed: int = 0) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose genuine and impostor pairs, half and half, as LFW's protocol has them: no person is in two folds.

    Parameters
    ----------
    labels : int array, (N,)
        Who is on each image.
    count : int
        Pairs, a multiple of 2 * folds.
    folds : int
        Folds, >= 1; fold k is pairs k * count / folds and following, genuine ones and impostors by turns.
    seed : int
        The same seed gives the same pairs.

    Returns
    -------
    first, second : int64 arrays, (count,)
        Positions of the images of each pair; no pair comes twice.
    issame : bool array, (count,)

    Raises
    ------
    ValueError
        The people of a fold do not have so many different pairs.

    Examples
    --------
    >>> from gluonfr.data import draw_pairs
    >>> labels = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    >>> first, second, issame = draw_pairs(labels, count=8, folds=2)
    >>> print(issame.tolist(), all((labels[i] == labels[j]) == same for i, j, same in zip(first, second, issame)))
    [True, False, True, False, True, False, True, False] True
    """
    check_int('draw_pairs', 'folds', folds, 1)
    check_int('draw_pairs', 'count', count, 1)
    check_int('draw_pairs', 'seed', seed, 0, 2 ** 32 - 1)
    if count % (2 * folds):
        raise ValueError('draw_pairs: count must be a multiple of 2 * folds = {}, got {}.'.format(2 * folds, count))
    random = np.random.RandomState(seed)
    people, who = np.unique(np.asarray(labels), return_inverse=True)
    fold = np.empty(len(people), 'int64')
    fold[random.permutation(len(people))] = np.arange(len(people)) % folds
    wanted = count // (2 * folds)
    pairs = np.empty((2, folds, wanted, 2), 'int64')
    for k in range(folds):
        images = np.flatnonzero(fold[who] == k)
        images = images[np.argsort(who[images], kind='stable')]
        sizes = np.bincount(who[images])
        sizes = sizes[sizes > 0]
        genuine = int((sizes * (sizes - 1) // 2).sum())
        impostors = len(images) * (len(images) - 1) // 2 - genuine
        if min(genuine, impostors) < wanted:
            raise ValueError('draw_pairs: the {} of {} can form {} and {}, {} of each '
                             'were asked for. Give fewer pairs or folds, or more images.'.format(
                                 counted(len(sizes), 'person', 'people'), 'a fold' if folds > 1 else 'the set',
                                 counted(genuine, 'genuine pair'), counted(impostors, 'impostor pair'), wanted))
        pairs[:, k, :, 0] = images[_genuine(random, sizes, genuine, wanted)]
        pairs[:, k, :, 1] = images[_impostors(random, sizes, wanted)]
    first, second = pairs.reshape(2, count)
    return first, second, who[first] == who[second]


def _genuine(random, sizes, total, wanted):
    """Pairs of one person among images that lie person by person, (2, wanted)."""
    pairs = sizes * (sizes - 1) // 2
    ends = np.cumsum(pairs)
    rank = _sample(random, total, wanted)
    person = np.searchsorted(ends, rank, side='right')
    return (np.cumsum(sizes) - sizes)[person] + _unrank(rank - (ends - pairs)[person])


def _impostors(random, sizes, wanted):
    """Pairs of two people, (2, wanted)."""
    owner, images = np.repeat(np.arange(len(sizes)), sizes), int(sizes.sum())
    every = images * (images - 1) // 2
    count = wanted
    while True:  # pairs of one person among those drawn are left out; all pairs are enough for sure
        count = min(2 * count, every)
        pair = _unrank(_sample(random, every, count))
        pair = pair[:, owner[pair[0]] != owner[pair[1]]]
        if pair.shape[1] >= wanted:
            return pair[:, :wanted]


def _sample(random, total, count):
    """`count` different integers below `total`, in random order, (count,) int64."""
    if 2 * count > total:
        return random.permutation(total)[:count].astype(np.int64)
    drawn = np.zeros(0, dtype=np.int64)
    while len(drawn) < count:
        drawn = np.append(drawn, random.randint(total, size=count, dtype=np.int64))
        drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
    return drawn[:count]


def _unrank(rank):
    """The pairs (low, high), low < high, numbered 0: (0, 1), 1: (0, 2), 2: (1, 2), 3: (0, 3), ...; (2, n) int64."""
    high = np.floor((1 + np.sqrt(1 + 8. * rank)) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > rank  # where rounding went up
    return np.stack([rank - high * (high - 1) // 2, high])
