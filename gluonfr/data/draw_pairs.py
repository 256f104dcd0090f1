"""Verification pairs from any labelled set of faces, in folds whose people differ."""
import numpy as np

from ..utils.check import check_int

__all__ = ['draw_pairs']


def draw_pairs(labels, count, folds=10, seed=0):
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
    """
    check_int('draw_pairs', 'folds', folds, 1)
    check_int('draw_pairs', 'count', count, 1)
    check_int('draw_pairs', 'seed', seed, 0, 2 ** 32 - 1)
    if count % (2 * folds):
        raise ValueError('draw_pairs: count must be a multiple of 2 * folds = {}, got {}.'.format(2 * folds, count))
    labels = np.asarray(labels)
    random = np.random.RandomState(seed)
    people = random.permutation(np.unique(labels))
    wanted, pairs = count // (2 * folds), []
    order = np.argsort(labels, kind='stable')
    bounds = {label: (np.searchsorted(labels[order], label), np.searchsorted(labels[order], label, side='right'))
              for label in people}
    for k in range(folds):
        groups = [order[slice(*bounds[label])] for label in people[k::folds]]
        genuine = [(a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1:]]
        sizes = np.array([len(group) for group in groups])
        impostors = (sizes.sum() ** 2 - (sizes ** 2).sum()) // 2
        if min(len(genuine), impostors) < wanted:
            raise ValueError('draw_pairs: the {} people of a fold have {} genuine and {} impostor pairs, {} of each '
                             'were asked for. Give fewer pairs or folds, or more images.'.format(
                                 len(groups), len(genuine), impostors, wanted))
        chosen = [genuine[i] for i in random.choice(len(genuine), wanted, replace=False)]
        pairs += [pair for both in zip(chosen, _impostors(groups, wanted, random)) for pair in both]
    first, second = np.array(pairs, 'int64').T
    return first, second, labels[first] == labels[second]


def _impostors(groups, wanted, random):
    images = np.concatenate(groups)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    found = {}
    while len(found) < wanted:
        a, b = sorted(random.randint(len(images), size=2))
        if owner[a] != owner[b]:
            found[int(images[a]), int(images[b])] = None
    return list(found)
