"""Exact points of so many scores that they are never all in memory."""
from collections import namedtuple

import numpy as np

from .roc import Histogram, OperatingPoints, Roc, allowed, loosest_allowing

__all__ = ['Counted', 'count_scores']

BINS = 1 << 16  # over [-1, 1]
Counted = namedtuple('Counted', 'points roc histogram')


def count_scores(blocks, fars):
    """Count scores by fine bins, then look again at the few bins in which the thresholds lie.

    Parameters
    ----------
    blocks : function without arguments
        Gives an iterator of (scores, issame), scores in [-1, 1]; it is called twice.
    fars : float array, (F,)

    Returns
    -------
    Counted : namedtuple
        ``points``: exact `OperatingPoints`, as `tar_at_far` gives them; ``roc``: the points at the edges of 65,536
        bins, each exact; ``histogram``: 100 bins over [-1, 1].
    """
    counts = np.zeros((2, BINS), 'int64')
    for scores, issame in blocks():
        bins = _bins(scores)
        for row, kind in zip(counts, (issame, ~issame)):
            row += np.bincount(bins[kind], minlength=BINS)
    genuine, impostors = counts.sum(axis=1)
    above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]  # in this bin or higher
    above = np.concatenate([above, np.zeros((2, 1), 'int64')], axis=1)
    budget = allowed(fars, impostors)
    filled = np.flatnonzero(counts.any(axis=0))
    # the bin of the highest impostor to reject; the lowest filled one where none is
    barred = np.array([np.flatnonzero(above[1] > most)[-1] if most < impostors else filled[0] for most in budget],
                      dtype='int64')
    place = np.searchsorted(filled, barred)
    higher = filled[np.minimum(place + 1, len(filled) - 1)]  # the next filled bin, which may hold the lowest accepted
    wanted = np.zeros(BINS, bool)
    wanted[barred], wanted[higher] = True, True
    kept = _scores_of(blocks, wanted)
    thresholds, accepted = np.empty(len(fars)), np.empty((2, len(fars)), 'int64')
    for i, (low, high) in enumerate(zip(barred, higher)):
        beyond = above[:, high + 1]
        near = [scores[np.isin(bins, (low, high))] for scores, bins in kept]
        thresholds[i] = loosest_allowing(*near, np.array([budget[i] - beyond[1]]))[0]
        accepted[:, i] = [np.count_nonzero(scores >= thresholds[i]) + more for scores, more in zip(near, beyond)]
    points = OperatingPoints(fars, accepted[0] / genuine, accepted[1] / impostors, thresholds, *accepted, int(genuine),
                             int(impostors))
    edges = np.append(filled, filled[-1] + 1)[::-1]
    roc = Roc(above[1, edges] / impostors, above[0, edges] / genuine, edges * (2 / BINS) - 1)
    return Counted(points, roc, _coarse(counts))


def _bins(scores):
    return np.minimum(((scores + 1) * (BINS / 2)).astype('int32'), BINS - 1)


def _scores_of(blocks, wanted):
    """For genuine and impostor pairs, the scores in the wanted bins, and these bins."""
    found = [[], []]
    for scores, issame in blocks():
        bins = _bins(scores)
        inside = wanted[bins]
        for parts, kind in zip(found, (issame, ~issame)):
            parts.append((scores[inside & kind], bins[inside & kind]))
    return [tuple(np.concatenate(column) for column in zip(*parts)) for parts in found]


def _coarse(counts):
    """Histogram of 100 bins, whose edges are the nearest ones of the fine bins."""
    edges = np.linspace(0, BINS, 101).round().astype('int64')
    return Histogram(edges * (2 / BINS) - 1, *np.add.reduceat(counts, edges[:-1], axis=1))
