"""Curves for pictures: a few hundred of their points, and each of them exact."""
import numpy as np

from .intervals import clopper_pearson
from .roc import loosest_allowing

__all__ = ['cmc_curve', 'dir_curve', 'fold_curve', 'histogram_curve', 'roc_curves']

POINTS = 160  # by FAR, by TAR and by FRR each: fewer than 500 together


def roc_curves(roc):
    """``{'roc': ..., 'det': ...}`` of a `Roc`, thinned.

    Kept are both ends and, for FARs and FRRs in equal steps of their logarithm and for TARs in equal steps, the point
    with the largest TAR whose FAR is at most x, and the point with the smallest FAR whose TAR is at least y: corners of
    the staircase. The DET curve leaves out what has no probit, rates of 0 and 1.
    """
    far, tar, threshold = (values[_kept(roc)] for values in roc)
    inside = (far > 0) & (tar < 1) & (far < 1) & (tar > 0)
    return {'roc': {'far': far.tolist(), 'tar': tar.tolist(), 'threshold': threshold.tolist()},
            'det': {'fmr': far[inside].tolist(), 'fnmr': (1 - tar[inside]).tolist()}}


def histogram_curve(histogram):
    """``{'histogram': ...}`` of a `Histogram`."""
    return {'histogram': {name: values.tolist() for name, values in histogram._asdict().items()}}


def fold_curve(accuracy):
    """``{'folds': ...}`` of a `FoldAccuracy`."""
    return {'folds': {'accuracy': accuracy.folds.tolist(), 'threshold': accuracy.thresholds.tolist()}}


def cmc_curve(ranks, people):
    """``{'cmc': ...}`` of the ranks of mated probes among so many people: to rank 20, then in equal steps of a log."""
    kept = np.unique(np.concatenate([np.arange(1, min(20, people) + 1), np.geomspace(1, people, 60).astype('int64')]))
    hits = np.searchsorted(np.sort(ranks), kept, side='right')
    return {'cmc': dict(rank=kept.tolist(), **_rates('rate', hits, len(ranks)))}


def dir_curve(right, nonmated, mated):
    """``{'dir': ...}``: scores of the mated probes at rank 1, best scores of the others, and how many are mated."""
    total = len(nonmated)
    counts = np.unique(np.concatenate([np.linspace(0, total, POINTS), np.geomspace(1, total, POINTS)]).astype('int64'))
    thresholds = loosest_allowing(right, nonmated, counts)
    hits = len(right) - np.searchsorted(np.sort(right), thresholds)
    reached = total - np.searchsorted(np.sort(nonmated), thresholds)
    return {'dir': dict(fpir=(reached / total).tolist(), **_rates('dir', hits, mated))}


def _rates(name, hits, trials):
    """Columns of a rate and the ends of its interval."""
    low, high = clopper_pearson(hits, np.full(len(hits), trials))
    return {name: (hits / trials).tolist(), 'low': low.tolist(), 'high': high.tolist()}


def _kept(roc):
    """Places of the points that stay."""
    far, tar, last = roc.fpr, roc.tpr, len(roc.fpr) - 1
    steps = np.linspace(0, 1, POINTS)
    least = [rates[rates > 0][0] for rates in (far, (1 - tar)[::-1])]
    fars, frrs = (low ** (1 - steps) for low in least)
    return np.unique(np.concatenate([
        [0, last], np.searchsorted(far, fars * (1 + 1e-12), side='right') - 1,
        np.searchsorted(tar, np.concatenate([steps, 1 - frrs]) - 1e-12, side='left').clip(0, last)]))
