"""k-fold verification: the threshold is chosen on the other folds and judged on the held-out one.

Folds are taken in the order of the pairs, without shuffling, as the LFW protocol has it (Huang et al., "Labeled Faces
in the Wild", UMass Amherst 07-49): its folds have disjoint people. A pair is accepted if its score is at least the
threshold.
"""
from collections import namedtuple
from typing import Optional, Tuple

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.types import ArrayLike
from .roc import between, loosest, steps
from .scores import check_issame, check_pairs, fold_bounds, outside

__all__ = ['CLASSIC_GRIDS', 'CLASSIC_VAL_GRIDS', 'FoldAccuracy', 'FoldTar', 'kfold_accuracy', 'kfold_curve',
           'kfold_tar_at_far', 'most_folds']

# dist_type of FaceVerification -> the distances below one of which a classic loop accepts a pair: gluonfr 1.0 on L2 and
# on 1 - cosine, InsightFace on squared L2
CLASSIC_GRIDS = {0: np.arange(0, 2, 0.01), 1: np.arange(0, 1, 0.01), 2: np.arange(0, 4, 0.01)}
# The same for VAL: the scripts of InsightFace and facenet look for the threshold at a FAR ten times as finely.
CLASSIC_VAL_GRIDS = {**CLASSIC_GRIDS, 2: np.arange(0, 4, 0.001)}
FoldAccuracy = namedtuple('FoldAccuracy', 'mean std folds thresholds correct')
FoldTar = namedtuple('FoldTar', 'mean std far folds fars thresholds impostors')


def kfold_accuracy(scores: ArrayLike, issame: ArrayLike, nfolds: int = 10,
                   thresholds: Optional[ArrayLike] = None) -> FoldAccuracy:
    """Accuracy on each fold with the threshold that is best on the others, and mean and deviation over folds.

    Candidates are all distinct scores of the other folds (and the rejection of every pair). A threshold lies in the
    middle between the lowest score it accepts there and the highest it rejects; the one that accepts none lies just
    above the highest score, the one that accepts all at the lowest. Of several that are equally good the strictest is
    taken. Time O(N log N + nfolds N).

    Parameters
    ----------
    scores : array, (N,) or (nfolds, N)
        Higher is more alike; row k of the second form, which `pca_scores` gives, serves fold k.
    issame : bool array, (N,)
    nfolds : int in [1, N]
        Where it does not divide N, the first folds have a pair more. 1 chooses and judges on the same pairs.
    thresholds : array, (T,) or None
        Candidates instead of the distinct scores, on the scale of the scores.

    Returns
    -------
    FoldAccuracy : namedtuple
        ``mean`` and ``std`` (the population's, as published tables have it: divide by sqrt(nfolds - 1) for the
        standard error of the mean), ``folds`` and ``thresholds`` (nfolds,), ``correct`` bool (N,): the decision on
        each pair while its fold was held out.

    Raises
    ------
    ValueError
        As `roc_curve`; more folds than pairs; the folds to choose a threshold on have one kind of pairs only.

    Examples
    --------
    >>> from gluonfr.metrics import kfold_accuracy
    >>> found = kfold_accuracy([0.8, 0.2, 0.75, 0.1, 0.5, 0.6], [True, False] * 3, nfolds=3)
    >>> print('{:.2f} +- {:.2f}'.format(found.mean, found.std), found.correct.tolist())
    0.83 +- 0.24 [True, True, True, True, True, False]
    """
    owner = 'kfold_accuracy'
    scores, issame, bounds = _check(owner, scores, issame, nfolds)
    thresholds = check_grid(owner, thresholds)
    _check_others(owner, issame, bounds)
    chosen, correct = np.empty(len(bounds) - 1), np.empty(len(issame), dtype=bool)
    for k, row in enumerate(_rows(scores, bounds)):
        if k == 0 or scores.ndim == 2:
            known = _rank(row, issame, bounds) if thresholds is None else _accepted(row, issame, bounds, thresholds)
        if thresholds is None:
            s, signs, folds, ends = known
            # right = genuine accepted + impostors rejected = genuine accepted - impostors accepted + a constant
            chosen[k] = best_threshold(s, signs, folds != k if len(bounds) > 2 else np.ones(len(s), bool), ends)
        else:
            genuine, impostors = _others(known, k)
            chosen[k] = thresholds[np.argmax(genuine - impostors)]
        fold = slice(bounds[k], bounds[k + 1])
        correct[fold] = (row[fold] >= chosen[k]) == issame[fold]
    folds = np.add.reduceat(correct, bounds[:-1], dtype='int64') / np.diff(bounds)
    return FoldAccuracy(float(folds.mean()), float(folds.std()), folds, chosen, correct)


def kfold_tar_at_far(scores: ArrayLike, issame: ArrayLike, far: float = 1e-3, nfolds: int = 10,
                     thresholds: Optional[ArrayLike] = None, *, interpolate: bool = False) -> FoldTar:
    """VAL@FAR: TAR and FAR on each fold at the loosest threshold whose FAR on the other folds is at most ``far``.

    That threshold has the largest TAR there. A ``far`` below 1 / impostors of the other folds gives the TAR at FAR 0.
    Without any such threshold among ``thresholds`` every pair is rejected.

    Parameters
    ----------
    scores, issame, nfolds, thresholds
        As for `kfold_accuracy`.
    far : float in [0, 1]
    interpolate : bool
        Take the point of the straight line between the two of ``thresholds`` where the FAR reaches ``far``, as the
        scripts of facenet and InsightFace do: its FAR may be above. (With a current SciPy they stop, as FARs repeat.)

    Returns
    -------
    FoldTar : namedtuple
        ``mean`` and ``std`` of the TAR over folds, ``far``: mean of the FAR on the held-out folds, which may exceed the
        target; ``folds``, ``fars`` and ``thresholds`` (nfolds,); ``impostors``: the fewest that a threshold was chosen
        on. NaN stands for the TAR of a fold without genuine pairs, the FAR of one without impostors, and all of a fold
        without impostors in the others; means are over the other folds, and NaN where there is none.

    Raises
    ------
    ValueError
        As `roc_curve`; more folds than pairs.
    """
    owner = 'kfold_tar_at_far'
    scores, issame, bounds = _check(owner, scores, issame, nfolds)
    thresholds = check_grid(owner, thresholds)
    check_number(owner, 'far', far, 0, 1)
    # folds are contiguous, so those of the genuine and of the impostor pairs alone are, too
    starts = [np.concatenate([[0], np.cumsum(kind)])[bounds] for kind in (issame, ~issame)]
    chosen, rates = np.empty(len(bounds) - 1), np.full((2, len(bounds) - 1), np.nan)
    for k, row in enumerate(_rows(scores, bounds)):
        if k == 0 or scores.ndim == 2:
            kinds = row[issame], row[~issame]
            known = None if thresholds is None else _accepted(row, issame, bounds, thresholds)
        other = [outside(part, start, k) for part, start in zip(kinds, starts)]
        if not len(other[1]):
            chosen[k] = np.nan
            continue
        if thresholds is None:
            chosen[k] = loosest(*other, np.array([far]))[0]
        else:
            shares = _others(known, k)[1] / len(other[1])  # they rise
            chosen[k] = _on_grid(thresholds, shares, far, interpolate, np.nextafter(row.max(), np.inf))
        for rate, part, start in zip(rates, kinds, starts):
            if start[k] < start[k + 1]:
                rate[k] = np.mean(part[start[k]:start[k + 1]] >= chosen[k])
    impostors = starts[1][-1] - (np.diff(starts[1]) if len(chosen) > 1 else 0)
    known = [rate[~np.isnan(rate)] for rate in rates]
    mean, std, far = (float(of(rate)) if rate.size else np.nan
                      for of, rate in zip((np.mean, np.std, np.mean), (known[0], known[0], known[1])))
    return FoldTar(mean, std, far, *rates, chosen, int(np.min(impostors[impostors > 0])))


def _on_grid(thresholds, shares, far, interpolate, none):
    """The threshold of a falling grid for a FAR, given the rising shares of impostors; `none` rejects every pair."""
    if not interpolate:
        kept = np.searchsorted(shares, far, side='right')
        return thresholds[kept - 1] if kept else none
    reached = np.searchsorted(shares, far)
    if reached == len(shares) or (reached == 0 and shares[0] > far):
        return none
    if shares[reached] == far:
        return thresholds[reached]
    before = reached - 1
    part = (far - shares[before]) / (shares[reached] - shares[before])
    return thresholds[before] + part * (thresholds[reached] - thresholds[before])


def most_folds(issame: ArrayLike, most: int = 10) -> int:
    """The largest number of folds, up to ``most``, with which `kfold_accuracy` can choose every threshold.

    Parameters
    ----------
    issame : bool array, (N,)
        With both kinds of pairs.
    most : int, >= 1

    Returns
    -------
    int
        1 where nothing else works: thresholds are then chosen and judged on the same pairs.
    """
    issame = check_issame('most_folds', issame)
    for nfolds in range(min(check_int('most_folds', 'most', most, 1), len(issame)), 1, -1):
        if not _undecided(issame, fold_bounds('most_folds', len(issame), nfolds))[0].any():
            return nfolds
    return 1


def own_threshold(pairs):
    """What is said of one fold, whose accuracy is too good."""
    return ': its {} pairs are judged by the threshold that is chosen on them'.format(pairs)


def kfold_curve(scores: ArrayLike, issame: ArrayLike, thresholds: ArrayLike,
                nfolds: int = 10) -> Tuple[np.ndarray, np.ndarray]:
    """TAR and FAR at each threshold, the mean over folds (a fold without pairs of a kind counts as 0).

    This is what gluonfr 1.0 returns as (tpr, fpr).

    Parameters
    ----------
    scores, issame, nfolds
        As for `kfold_accuracy`.
    thresholds : array, (T,)

    Returns
    -------
    tar, far : float64, (T,)
        In falling order of the thresholds.
    """
    scores, issame, bounds = _check('kfold_curve', scores, issame, nfolds)
    thresholds = check_grid('kfold_curve', thresholds)
    starts = [np.concatenate([[0], np.cumsum(kind)])[bounds] for kind in (issame, ~issame)]
    sizes = np.maximum(np.diff(starts), 1)
    rates = [_accepted(row, issame, bounds, thresholds)[:, k] / sizes[:, k, None]
             for k, row in enumerate(_rows(scores, bounds))]
    return tuple(np.mean(rates, axis=0))


def above(bounds):
    """Thresholds that accept the scores above each bound, and not one that equals it.

    A classic loop accepts distances below its bound; as a score is minus a distance, such a pair lies above it.
    """
    return np.nextafter(bounds, np.inf)


def check_grid(owner, thresholds):
    """Thresholds from strict to loose, or None."""
    if thresholds is None:
        return None
    grid = np.asarray(thresholds, dtype='float64')
    if grid.ndim != 1 or not grid.size or not np.isfinite(grid).all():
        raise ValueError('{}: thresholds must be finite numbers, (T,) with T >= 1, got shape {}{}.'.format(
            owner, grid.shape, '' if np.isfinite(grid).all() else ' with NaN or infinity'))
    return np.sort(grid)[::-1]


def _check(owner, scores, issame, nfolds):
    scores, issame = check_pairs(owner, scores, issame, nfolds)
    return scores, issame, fold_bounds(owner, len(issame), nfolds)


def _undecided(issame, bounds):
    """For each held-out fold, whether the others lack a kind of pairs; how many genuine pairs and pairs they have."""
    genuine, sizes = np.add.reduceat(issame, bounds[:-1], dtype='int64'), np.diff(bounds)
    others, pairs = (genuine.sum() - genuine, len(issame) - sizes) if len(sizes) > 1 else (genuine, sizes)
    return (others == 0) | (others == pairs), others, pairs


def _check_others(owner, issame, bounds):
    """Raise unless the folds that a threshold is chosen on hold pairs of both kinds, for each held-out fold."""
    poor, others, pairs = _undecided(issame, bounds)
    if poor.any():
        k = int(poor.argmax())
        raise ValueError('{}: the folds other than fold {} must have pairs of both kinds, got {} genuine among {} '
                         'pairs: give another nfolds, or mix the order of the pairs.'.format(
                             owner, k, others[k], pairs[k]))


def _rows(scores, bounds):
    """The scores (N,) that serve each fold."""
    return scores if scores.ndim == 2 else [scores] * (len(bounds) - 1)


def ranked(row):
    """From the highest score down: the order, the scores, and the ends of equal ones."""
    order = np.argsort(row)[::-1]
    s = row[order]
    return order, s, steps(s)[1:]


def best_threshold(s, gains, other, ends):
    """The strictest of the thresholds that are best on some of the pairs.

    Parameters
    ----------
    s, ends
        From `ranked`.
    gains : int array, (N,)
        In that order, what it brings to accept a pair: above 0 for a genuine, below for an impostor pair.
    other : bool array, (N,)
        Which pairs count.
    """
    gain = np.cumsum(gains * other, dtype='int64')[ends - 1]
    best = int(np.argmax(gain))
    if gain[best] <= 0:
        return np.nextafter(s[np.argmax(other)], np.inf)  # nothing is better than to reject every pair
    # the gain rises only at scores that count, so the lowest one accepted is one of them; so must be the next
    lowest, rest = s[ends[best] - 1], other[ends[best]:]
    return between(s[ends[best] + np.argmax(rest)], lowest) if rest.any() else lowest


def _rank(row, issame, bounds):
    """`ranked` without the order, and in it +1 or -1 for a genuine or impostor pair, and the folds."""
    order, s, ends = ranked(row)
    folds = np.repeat(np.arange(len(bounds) - 1, dtype='int32'), np.diff(bounds))
    return s, np.where(issame, 1, -1).astype('int8')[order], folds[order], ends


def _accepted(row, issame, bounds, thresholds):
    """How many genuine and impostor pairs of each fold each of the falling thresholds accepts, (2, nfolds, T)."""
    count, nfolds = len(thresholds), len(bounds) - 1
    first = count - np.searchsorted(thresholds[::-1], row, side='right')  # the strictest that accepts; count: none
    cell = first + (count + 1) * np.repeat(np.arange(nfolds), np.diff(bounds))
    counts = [np.bincount(cell[kind], minlength=nfolds * (count + 1)) for kind in (issame, ~issame)]
    return np.reshape(counts, (2, nfolds, count + 1)).cumsum(axis=2)[:, :, :count]


def _others(accepted, k):
    """The counts of the folds other than k, (2, T); all where there is one fold only."""
    return accepted.sum(axis=1) - (accepted[:, k] if accepted.shape[1] > 1 else 0)
