"""Confidence intervals of verification results."""
from collections import namedtuple
from typing import Union

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.types import ArrayLike
from .people import pairs_of_people
from .scores import as_numpy, check_issame

__all__ = ['Interval', 'bootstrap_accuracy', 'clopper_pearson']

Interval = namedtuple('Interval', 'low high')


def clopper_pearson(successes: Union[int, ArrayLike], trials: Union[int, ArrayLike],
                    confidence: float = 0.95) -> Interval:
    """Exact binomial interval of a rate, for the TAR and FAR of `tar_at_far`.

    Clopper and Pearson, Biometrika 26 (1934): quantiles of Beta distributions. It covers the rate with at least this
    probability if the trials are independent. Pairs that share people are not quite: `bootstrap_accuracy` is for them.

    Parameters
    ----------
    successes, trials : int or int array
        0 <= successes <= trials, trials >= 1.
    confidence : float in (0, 1)

    Returns
    -------
    Interval : namedtuple (low, high) of float or float64 arrays

    Examples
    --------
    >>> from gluonfr.metrics import clopper_pearson
    >>> print('{:.4f} to {:.4f}'.format(*clopper_pearson(2940, 3000)))
    0.9743 to 0.9847
    """
    from scipy.special import betaincinv  # a quantile of Beta, as of scipy.stats, whose import takes half a second
    check_number('clopper_pearson', 'confidence', confidence, 0, 1, True, True)
    k, n = np.broadcast_arrays(np.asarray(successes), np.asarray(trials))
    if not ((k >= 0) & (k <= n) & (n >= 1) & (k == np.floor(k)) & (n == np.floor(n))).all():
        raise ValueError('clopper_pearson: successes must be whole numbers in [0, trials] and trials >= 1, got {} of '
                         '{}.'.format(np.asarray(successes).tolist(), np.asarray(trials).tolist()))
    tail = (1 - confidence) / 2
    low = np.where(k == 0, 0.0, betaincinv(np.maximum(k, 1), n - k + 1, tail))
    high = np.where(k == n, 1.0, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail))
    return Interval(low[()], high[()])


def bootstrap_accuracy(correct: ArrayLike, issame: ArrayLike, people0: ArrayLike, people1: ArrayLike, *,
                       confidence: float = 0.95, draws: int = 1000, seed: int = 0) -> Interval:
    """Interval of the accuracy when the people, not the pairs, are taken as the sample.

    Each draw takes as many people as there are, with replacement; a person drawn m times counts a genuine pair of his m
    times, and an impostor pair counts the product of both people's m (A. B. Owen, "The pigeonhole bootstrap", Annals of
    Applied Statistics 1 (2007), doi:10.1214/07-AOAS122; it errs on the wide side). The share of genuine pairs is kept.
    Thresholds are not chosen anew: what varies is who stands before the camera.

    Parameters
    ----------
    correct : bool array, (N,)
        The decision on each pair, from `kfold_accuracy`.
    issame : bool array, (N,)
    people0, people1 : sequence of int or of str, (N,)
        Who is on the first and on the second image of each pair.
    confidence : float in (0, 1)
    draws : int >= 1
    seed : int

    Returns
    -------
    Interval : namedtuple (low, high) of float
        Percentiles over the draws. With a handful of people a draw may hold no pair of a kind: it is left out.

    Raises
    ------
    ValueError
        Lengths that differ, pairs of one kind, people that contradict ``issame``, or no usable draw.
    """
    owner = 'bootstrap_accuracy'
    check_number(owner, 'confidence', confidence, 0, 1, True, True)
    check_int(owner, 'draws', draws, 1)
    correct, issame = check_issame(owner, correct), check_issame(owner, issame)
    people0, people1 = as_numpy(people0), as_numpy(people1)
    if not correct.shape == issame.shape == people0.shape == people1.shape:
        raise ValueError('{}: correct, issame, people0 and people1 must have one length, got shapes {}, {}, {} and '
                         '{}.'.format(owner, correct.shape, issame.shape, people0.shape, people1.shape))
    if issame.all() or not issame.any():
        raise ValueError('{}: pairs must be of both kinds, got {} genuine and {} impostor pairs.'.format(
            owner, issame.sum(), (~issame).sum()))
    people = pairs_of_people(owner, issame, people0, people1)
    found = people.bootstrap_means(owner, correct[None].astype('float64'), issame.mean(), draws, seed)[:, 0]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))
