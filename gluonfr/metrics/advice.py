"""Which threshold to use: that of a chosen false match rate, and how far other people would move it."""
from collections import namedtuple

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.types import ArrayLike
from .far_cells import cannot_show, shown
from .people import pairs_of_people
from .roc import tar_at_far
from .scores import check_pairs

__all__ = ['Advice', 'advise_threshold']

Advice = namedtuple('Advice', 'fmr threshold low high people tar held_out_fmr')


def advise_threshold(scores: ArrayLike, issame: ArrayLike, people0: ArrayLike, people1: ArrayLike, fmr: float = 1e-3, *,
                     confidence: float = 0.95, draws: int = 1000, seed: int = 0) -> Advice:
    """The threshold at a chosen false match rate (FMR), from people whom the network was not trained on.

    Parameters
    ----------
    scores : array, (N,)
        Of pairs of people who were held out from training; higher is more alike.
    issame : bool array, (N,)
    people0, people1 : sequence of int or of str, (N,)
        Who is on the first and on the second image of each pair.
    fmr : float in (0, 1]
        The share of pairs of two people that may be accepted.
    confidence : float in (0, 1)
    draws : int >= 1
        Of people, with replacement (see `bootstrap_accuracy`).
    seed : int

    Returns
    -------
    Advice : namedtuple
        ``fmr``, ``threshold`` (the loosest whose FMR on all pairs is at most that), ``low`` and ``high`` (its interval
        over people), ``people`` (how many), ``tar`` (the share of genuine pairs that it accepts) and ``held_out_fmr``:
        the FMR found on people who were left out when the threshold was chosen, over up to ten folds of people; None
        where these are too few to show the FMR.

    Raises
    ------
    ValueError
        An FMR that so few impostor pairs cannot show, and as `bootstrap_accuracy`.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.metrics import advise_threshold
    >>> people = np.repeat(np.arange(30), 2)
    >>> first, second = np.triu_indices(60, 1)
    >>> same = people[first] == people[second]
    >>> scores = 0.7 * same + 0.1 * np.random.RandomState(0).randn(1770)
    >>> advice = advise_threshold(scores, same, people[first], people[second], fmr=0.01)
    >>> print('{:.2f} [{:.2f}, {:.2f}]'.format(advice.threshold, advice.low, advice.high))
    0.23 [0.20, 0.25]
    """
    owner = 'advise_threshold'
    check_number(owner, 'fmr', fmr, 0, 1, low_open=True)
    check_number(owner, 'confidence', confidence, 0, 1, True, True)
    check_int(owner, 'draws', draws, 1)
    scores, issame = check_pairs(owner, scores, issame)
    silent = cannot_show(owner, [fmr], int(np.count_nonzero(~issame)), rate='FMR')
    if silent:
        raise ValueError(silent[0] + '.')
    people = pairs_of_people(owner, issame, people0, people1)
    point = tar_at_far(scores, issame, fmr)
    drawn = np.concatenate([people.drawn_thresholds(scores, fmr, times) for times in people.draws(draws, seed)])
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - confidence) / 2, (1 + confidence) / 2])
    return Advice(float(fmr), float(point.thresholds[0]), float(low), float(high), people.count, float(point.tar[0]),
                  _held_out(scores, people, fmr))


def _held_out(scores, people, fmr):
    """The FMR of pairs of two people of a fold at the threshold of the pairs without them."""
    folds = people.folds()
    if folds is None:
        return None
    fold0, fold1 = folds[people.first], folds[people.second]
    accepted = pairs = 0
    for k in range(folds.max() + 1):
        other, inside = (fold0 != k) & (fold1 != k), (fold0 == k) & (fold1 == k) & ~people.issame
        impostors = np.count_nonzero(other & ~people.issame)
        if not people.issame[other].any() or not impostors or not shown(fmr, impostors):
            continue
        limit = tar_at_far(scores[other], people.issame[other], fmr).thresholds[0]
        accepted += np.count_nonzero(scores[inside] >= limit)
        pairs += np.count_nonzero(inside)
    return accepted / pairs if pairs and shown(fmr, pairs) else None
