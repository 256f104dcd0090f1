"""ROC, TAR@FAR, EER, AUC and histograms of verification scores.

Everywhere a pair is accepted if its score is at least the threshold. FAR (FPR) is the share of the impostor pairs that
are accepted, TAR (TPR) that of the genuine ones. Every distinct score is a candidate; no threshold is infinite.
"""
from collections import namedtuple
from typing import Tuple, Union

import numpy as np

from ..utils.check import check_int
from ..utils.types import ArrayLike
from .scores import check_pairs

__all__ = ['FARS', 'Histogram', 'OperatingPoints', 'Roc', 'accuracy_curve', 'auc', 'equal_error_rate', 'roc_curve',
           'score_histogram', 'tar_at_far']

FARS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
Roc = namedtuple('Roc', 'fpr tpr thresholds')
OperatingPoints = namedtuple('OperatingPoints',
                             'target tar far thresholds true_accepts false_accepts genuine impostors')
Histogram = namedtuple('Histogram', 'edges genuine impostor')


def roc_curve(scores: ArrayLike, issame: ArrayLike) -> Roc:
    """The whole ROC: one point for each distinct score, and (0, 0).

    The points are those of scikit-learn's ``roc_curve(drop_intermediate=False)``, but the threshold of (0, 0) is the
    number just above the highest score: it is finite.

    Parameters
    ----------
    scores : array, (N,)
        Higher is more alike.
    issame : bool array, (N,)

    Returns
    -------
    Roc : namedtuple of float64 arrays, (M,)
        ``fpr`` and ``tpr``, rising from 0 to 1, and ``thresholds``, falling.

    Raises
    ------
    ValueError
        Scores that are not finite, labels other than 0 and 1, other shapes, or pairs of one kind only.

    Examples
    --------
    >>> from gluonfr.metrics import auc, roc_curve
    >>> roc = roc_curve([0.9, 0.6, 0.4, 0.1], [True, False, True, False])
    >>> print(roc.fpr.tolist(), roc.tpr.tolist(), auc(roc))
    [0.0, 0.0, 0.5, 0.5, 1.0] [0.0, 0.5, 0.5, 1.0, 1.0] 0.75
    """
    scores, issame = check_pairs('roc_curve', scores, issame)
    order = np.argsort(scores)[::-1]
    s = scores[order]
    accepted = steps(s)
    tp = np.concatenate([[0], np.cumsum(issame[order])])[accepted]
    fp = accepted - tp
    return Roc(fp / fp[-1], tp / tp[-1], np.concatenate([[np.nextafter(s[0], np.inf)], s[accepted[1:] - 1]]))


def auc(roc: Roc) -> float:
    """Area under a `Roc`: the probability that a genuine pair scores above an impostor pair, a tie counting half."""
    return float(np.sum(np.diff(roc.fpr) * (roc.tpr[1:] + roc.tpr[:-1])) / 2)


def equal_error_rate(roc: Roc) -> Tuple[float, float]:
    """Where FAR and FRR = 1 - TAR meet, linear between the two neighbouring points of a `Roc`.

    Returns
    -------
    (float, float)
        The rate, and the highest threshold with FAR >= FRR.
    """
    excess = roc.fpr + roc.tpr - 1  # FAR - FRR, rises from -1 to 1
    j = int(np.argmax(excess >= 0))
    share = -excess[j - 1] / (excess[j] - excess[j - 1])
    return float(roc.fpr[j - 1] + share * (roc.fpr[j] - roc.fpr[j - 1])), float(roc.thresholds[j])


def accuracy_curve(scores: ArrayLike, issame: ArrayLike) -> Tuple[np.ndarray, np.ndarray]:
    """Accuracy on all pairs at every distinct score: (accuracies, thresholds), both (M,), thresholds falling."""
    roc = roc_curve(scores, issame)
    share = np.mean(check_pairs('accuracy_curve', scores, issame)[1])
    return share * roc.tpr + (1 - share) * (1 - roc.fpr), roc.thresholds


def tar_at_far(scores: ArrayLike, issame: ArrayLike, fars: Union[float, ArrayLike] = FARS) -> OperatingPoints:
    """The largest TAR whose FAR is at most x, for each x of ``fars``.

    Not the point whose FAR is nearest to x: that may lie above x and overstates. An x below 1 / impostors allows no
    impostor at all: what comes is the TAR at FAR 0, and ``far`` says so. O(N), without sorting.

    Parameters
    ----------
    scores : array, (N,)
        Higher is more alike.
    issame : bool array, (N,)
    fars : float or sequence of float in [0, 1]

    Returns
    -------
    OperatingPoints : namedtuple
        ``target`` (F,), the fars asked for; ``tar`` and ``far`` (F,), the rates; ``thresholds`` (F,), the loosest that
        keep to the target, each in the middle between the lowest accepted and the highest rejected score;
        ``true_accepts`` and ``false_accepts`` (F,) of ``genuine`` and ``impostors`` pairs, for `clopper_pearson`.

    Raises
    ------
    ValueError
        As `roc_curve`, or a far outside [0, 1].

    Examples
    --------
    >>> from gluonfr.metrics import tar_at_far
    >>> found = tar_at_far([0.9, 0.6, 0.4, 0.1], [True, False, True, False], [0.1, 0.5])
    >>> print(found.tar.tolist(), found.far.tolist(), found.thresholds.tolist())
    [0.5, 1.0] [0.0, 0.5] [0.75, 0.25]
    """
    scores, issame = check_pairs('tar_at_far', scores, issame)
    fars = np.atleast_1d(np.asarray(fars, dtype='float64'))
    if fars.ndim != 1 or not ((fars >= 0) & (fars <= 1)).all():
        raise ValueError('tar_at_far: fars must be in [0, 1], got {}.'.format(fars.tolist()))
    genuine, impostors = scores[issame], scores[~issame]
    thresholds = loosest(genuine, impostors, fars)
    true = np.array([np.count_nonzero(genuine >= t) for t in thresholds], dtype='int64')
    false = np.array([np.count_nonzero(impostors >= t) for t in thresholds], dtype='int64')
    return OperatingPoints(fars, true / len(genuine), false / len(impostors), thresholds, true, false, len(genuine),
                           len(impostors))


def score_histogram(scores: ArrayLike, issame: ArrayLike, bins: int = 100) -> Histogram:
    """How many genuine and impostor pairs score in each of ``bins`` equal bins over the range of all scores.

    Returns
    -------
    Histogram : namedtuple
        ``edges`` float64 (bins + 1,), ``genuine`` and ``impostor`` int64 (bins,).
    """
    scores, issame = check_pairs('score_histogram', scores, issame)
    check_int('score_histogram', 'bins', bins, 1)
    low, high = scores.min(), scores.max()
    # np.histogram_bin_edges refuses scores that lie too near for so many bins, since NumPy 2
    edges = np.linspace(low, high, bins + 1) if low < high else np.linspace(low - 0.5, low + 0.5, bins + 1)
    return Histogram(edges, np.histogram(scores[issame], edges)[0], np.histogram(scores[~issame], edges)[0])


def steps(s):
    """How many pairs each distinct threshold accepts, from none to all, given falling scores."""
    return np.concatenate([[0], np.flatnonzero(s[1:] != s[:-1]) + 1, [len(s)]])


def loosest(genuine, impostors, fars):
    """For each far the threshold that accepts most without passing it, float64 (F,)."""
    return loosest_allowing(genuine, impostors, allowed(fars, len(impostors)))


def loosest_allowing(genuine, impostors, counts):
    """For each count the threshold that accepts most with no more impostors than that, float64 (F,)."""
    barred = len(impostors) - 1 - counts  # rank from below of the highest impostor to reject
    ranked = np.partition(impostors, np.unique(barred[barred >= 0])) if (barred >= 0).any() else impostors
    thresholds = np.empty(len(counts))
    for i, rank in enumerate(barred):
        if rank < 0:
            thresholds[i] = min(part.min() for part in (genuine, impostors) if part.size)
            continue
        limit, higher = ranked[rank], ranked[rank:]
        above = [part.min() for part in (genuine[genuine > limit], higher[higher > limit]) if part.size]
        thresholds[i] = between(limit, min(above)) if above else np.nextafter(limit, np.inf)
    return thresholds


def allowed(far, impostors):
    """The most impostors with allowed / impostors <= far; the product far * impostors may round to either side."""
    count = np.floor(np.asarray(far) * impostors).astype('int64')
    count = np.where((count + 1) / impostors <= far, count + 1, count)
    return np.where(count / impostors > far, count - 1, count)


def between(low, high):
    """The threshold in the middle that rejects ``low`` and accepts ``high``."""
    middle = low / 2 + high / 2
    return middle if low < middle <= high else high  # neighbouring floats have no middle
