"""Verification pairs from any labelled set of faces, in folds whose people differ."""
from typing import Tuple

import numpy as np

from ...utils.check import check_int
from ...utils.messages import counted
from ...utils.types import ArrayLike

__all__ = ['draw_pairs', 'most_pairs', 'sample_pairs']


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
    wanted = count // (2 * folds)
    pairs = np.empty((2, folds, wanted, 2), 'int64')
    for k, images in enumerate(_folds(random, who, len(people), folds)):
        sizes, genuine, impostors = _counts(who[images])
        if min(genuine, impostors) < wanted:
            raise ValueError('draw_pairs: the {} of {} can form {} and {}, {} of each '
                             'were asked for. Give fewer pairs or folds, or more images.'.format(
                                 counted(len(sizes), 'person', 'people'), 'a fold' if folds > 1 else 'the set',
                                 counted(genuine, 'genuine pair'), counted(impostors, 'impostor pair'), wanted))
        pairs[:, k, :, 0] = images[_genuine(random, sizes, genuine, wanted)]
        pairs[:, k, :, 1] = images[_impostors(random, sizes, wanted)]
    first, second = pairs.reshape(2, count)
    return first, second, who[first] == who[second]


def most_pairs(labels: ArrayLike, folds: int = 10, seed: int = 0) -> int:
    """The largest `count` that `draw_pairs` gives of some labels; 0 where a fold has no pair of a kind."""
    people, who = np.unique(np.asarray(labels), return_inverse=True)
    parts = _folds(np.random.RandomState(seed), who, len(people), folds)
    return 2 * folds * min(min(_counts(who[images])[1:]) for images in parts)


def sample_pairs(labels: ArrayLike, most: int, seed: int = 0) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose pairs of a set that has too many: all genuine ones, or half of `most`, and impostors to fill it.

    Parameters
    ----------
    labels : int or str array, (N,)
        Who is on each image.
    most : int
        Pairs, >= 2; all are taken where there are no more.
    seed : int

    Returns
    -------
    first, second : int64 arrays, (P,)
        No pair comes twice.
    issame : bool array, (P,)

    Examples
    --------
    >>> from gluonfr.data.pairs import sample_pairs
    >>> first, second, issame = sample_pairs([0, 0, 1, 1, 2, 2, 3, 3], most=10)
    >>> print(len(first), issame.sum())
    10 4
    """
    check_int('sample_pairs', 'most', most, 2)
    random = np.random.RandomState(check_int('sample_pairs', 'seed', seed, 0, 2 ** 32 - 1))
    who = np.unique(np.asarray(labels), return_inverse=True)[1]
    images = np.argsort(who, kind='stable')
    sizes, genuine, impostors = _counts(who[images])
    alike = min(genuine, max(most // 2, most - impostors))
    first, second = images[np.concatenate([_genuine(random, sizes, genuine, alike),
                                           _impostors(random, sizes, min(impostors, most - alike))], axis=1)]
    return first, second, who[first] == who[second]


def _folds(random, who, people, folds):
    """Yield the images of each fold, person by person."""
    fold = np.empty(people, 'int64')
    fold[random.permutation(people)] = np.arange(people) % folds
    for k in range(folds):
        images = np.flatnonzero(fold[who] == k)
        yield images[np.argsort(who[images], kind='stable')]


def _counts(who):
    """Images of each person, genuine pairs and impostor pairs of images whose people are given as numbers."""
    sizes = np.bincount(who)
    sizes = sizes[sizes > 0]
    genuine = int((sizes * (sizes - 1) // 2).sum())
    return sizes, genuine, len(who) * (len(who) - 1) // 2 - genuine


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
