"""Curves for pictures: a few hundred of their points, and each of them exact."""
import numpy as np

__all__ = ['fold_curve', 'histogram_curve', 'roc_curves']

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


def _kept(roc):
    """Places of the points that stay."""
    far, tar, last = roc.fpr, roc.tpr, len(roc.fpr) - 1
    steps = np.linspace(0, 1, POINTS)
    least = [rates[rates > 0][0] for rates in (far, (1 - tar)[::-1])]
    fars, frrs = (low ** (1 - steps) for low in least)
    return np.unique(np.concatenate([
        [0, last], np.searchsorted(far, fars * (1 + 1e-12), side='right') - 1,
        np.searchsorted(tar, np.concatenate([steps, 1 - frrs]) - 1e-12, side='left').clip(0, last)]))
