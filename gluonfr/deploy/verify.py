"""A net on a verification set: from a .bin to one row of numbers."""
import logging
import math
from collections import namedtuple

import numpy as np

from ..data.pairs import BinError, BinFile
from ..metrics import (auc, clopper_pearson, equal_error_rate, kfold_accuracy, kfold_tar_at_far, most_folds,
                       pair_scores, pca_scores, roc_curve, tar_at_far)
from ..metrics.roc import allowed
from ..metrics.verification import CLASSIC_GRIDS

__all__ = ['PairImages', 'Verification', 'fit_protocol', 'readable_pairs', 'score_pairs', 'verify_pairs']

FOLDS = 10  # of the published sets

Verification = namedtuple('Verification', 'row scores issame')


class PairImages:
    """The images of a verification set as a dataset that an `Embedder` takes.

    Parameters
    ----------
    pairs : BinFile
        2 P images: pair p is images 2 p and 2 p + 1.
    """

    def __init__(self, pairs):
        self._pairs = pairs

    def __len__(self):
        return len(self._pairs.images)

    def read(self, i):
        """Image `i` as uint8 (H, W, 3) RGB, and a label that means nothing."""
        return self._pairs.image(i), 0


def fit_protocol(name, issame, nfolds=None, fars=(1e-3,), option='verify_pairs: nfolds'):
    """The folds that a set of pairs gives, and sentences on what it cannot show.

    Parameters
    ----------
    name : str
        What the set is called in the sentences.
    issame : bool array, (P,)
    nfolds : int or None
        None for 10, or fewer where the pairs do not give as many (`most_folds`), which a sentence says.
    fars : sequence of float
        One below 1 / impostor pairs cannot be told from 0, which a sentence says.
    option : str
        What nfolds is called in an error.

    Returns
    -------
    (int, list of str)

    Raises
    ------
    ValueError
        Pairs of one kind only, or more folds than pairs.
    """
    impostors = int(np.count_nonzero(~np.asarray(issame, bool)))
    genuine = len(issame) - impostors
    if not genuine or not impostors:
        raise ValueError('{}: pairs must be of both kinds, got {} of one person and {} of two people: there is no '
                         'accuracy to measure.'.format(name, genuine, impostors))
    notes = []
    if nfolds is None:
        nfolds = most_folds(issame, FOLDS)
        if nfolds < FOLDS:
            form = ('{}: {} folds instead of {}, as its {} pairs give no more' if nfolds > 1 else
                    '{}: {} fold instead of {}: its {} pairs are judged by the threshold that is chosen on them')
            notes.append(form.format(name, nfolds, FOLDS, len(issame)))
    elif nfolds > len(issame):
        raise ValueError('{} must be at most the number of pairs, {} in {}, got {}.'.format(
            option, len(issame), name, nfolds))
    small = [far for far in fars if not shown(far, impostors)]
    if small:
        digits = 10 ** (2 - math.floor(math.log10(1 / impostors)))  # three, rounded up
        least = math.ceil(digits / impostors) / digits
        notes.append('{}: {} impostor pairs cannot show FAR {}; the smallest is {:.3g}'.format(
            name, impostors, ' and '.join('{:g}'.format(far) for far in small), least))
    return nfolds, notes


def shown(far, impostors):
    """Whether so many impostor pairs can show a FAR: one of them accepted must not be more already."""
    return far == 0 or int(allowed(far, impostors)) > 0


def readable_pairs(name, pairs):
    """The pairs of a `BinFile` whose images can be decoded; those left out are logged, each by its number.

    Raises
    ------
    BinError
        None is left.
    """
    kept, logger = [], logging.getLogger('gluonfr')
    for p in range(len(pairs)):
        try:
            pairs.image(2 * p), pairs.image(2 * p + 1)
        except BinError as error:
            logger.warning('%s: left out pair %d: %s', name, p, error)
        else:
            kept.append(p)
    if len(kept) == len(pairs):
        return pairs
    logger.warning('%s: %d of %d pairs left out; folds are cut from the others', name, len(pairs) - len(kept),
                   len(pairs))
    if not kept:
        raise BinError('{}: no pair has two images that can be decoded.'.format(pairs.path))
    return BinFile(pairs.path, pairs.sha256, [pairs.images[i] for p in kept for i in (2 * p, 2 * p + 1)],
                   pairs.issame[kept], len(pairs) - len(kept))


def verify_pairs(embedder, pairs, name, *, nfolds=None, fars=(1e-3,), compat=False, pca=None, progress=False):
    """Embed the images of a verification set and run the k-fold protocol.

    Parameters
    ----------
    embedder : Embedder
        With its flip and, as it should be here, normalize=True.
    pairs : BinFile
        2 P images: pair p is images 2 p and 2 p + 1; from `read_bin` or ``FRValDataset(...).bin``.
    name : str
        What the set is called in the row.
    nfolds : int or None
        As for `kfold_accuracy`; None for 10, or as many as the pairs give (`fit_protocol`).
    fars : sequence of float
        FARs of the TAR on all pairs, each with its exact 95 % interval and its threshold.
    compat : bool
        Thresholds of the folds from the classic grid, arange(0, 4, 0.01) on squared L2, instead of all distinct scores.
        The TAR at each far, EER and AUC are of all scores in both ways.
    pca : int or None
        Scores of this many principal components found on the other folds, for what is measured over folds.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Verification : namedtuple
        ``row``: a dict of set, pairs, impostors (how many of them are of two people), folds, acc, std, threshold
        (cosine, the mean over folds), val@1e-3 and val_std (TAR over the folds at that FAR), eer, auc, for each far
        tar@far, tar@far_low, tar@far_high, far_at_far (the FAR reached) and threshold@far (cosine), thresholds, pca,
        flip, sha256 of the file, skipped (pairs left out by `readable_pairs`). What so few impostor pairs cannot show
        is None. ``scores`` (P,) cosines and ``issame`` (P,).

    Raises
    ------
    BinError
        An image cannot be decoded.
    ValueError
        Images of the wrong size, embeddings that are not finite, or pairs that the protocol has no use for (of one
        kind only, fewer than folds).
    """
    embeddings = embedder(PairImages(pairs), progress=name if progress else False)
    return score_pairs(embeddings, pairs.issame, name, nfolds=nfolds, fars=fars, compat=compat, pca=pca,
                       flip=embedder.flip, sha256=pairs.sha256, skipped=pairs.skipped)


def score_pairs(embeddings, issame, name, *, nfolds=None, fars=(1e-3,), compat=False, pca=None, **facts):
    """`verify_pairs` for embeddings (2 P, D) that are there already; further facts go to the end of the row."""
    nfolds, _ = fit_protocol(name, issame, nfolds, fars)
    first, second = embeddings[0::2], embeddings[1::2]
    scores = pair_scores(first, second, 'cosine', normalize=True)
    folded = scores if pca is None else pca_scores(first, second, pca, nfolds, 'cosine')
    # 2 - 2 cos is the squared distance of embeddings of length 1; a pair is accepted below the threshold
    grid = np.nextafter(1 - CLASSIC_GRIDS[2] / 2, np.inf) if compat else None
    accuracy = kfold_accuracy(folded, issame, nfolds, thresholds=grid)
    val = kfold_tar_at_far(folded, issame, 1e-3, nfolds, thresholds=grid)
    roc = roc_curve(scores, issame)
    points = tar_at_far(scores, issame, fars)
    known = shown(1e-3, val.impostors)
    row = {'set': name, 'pairs': len(issame), 'impostors': points.impostors, 'folds': nfolds,
           'acc': round(accuracy.mean, 5), 'std': round(accuracy.std, 5),
           'threshold': round(float(np.mean(accuracy.thresholds)), 5),
           'val@1e-3': round(val.mean, 5) if known else None, 'val_std': round(val.std, 5) if known else None,
           'eer': round(equal_error_rate(roc)[0], 5), 'auc': round(auc(roc), 6)}
    for far, tar, reached, hits, threshold in zip(fars, points.tar, points.far, points.true_accepts, points.thresholds):
        low, high = clopper_pearson(int(hits), int(points.genuine))
        found = [round(float(value), 5) for value in (tar, low, high)] + [float(reached), float(threshold)]
        names = [form.format(far) for form in ('tar@{:g}', 'tar@{:g}_low', 'tar@{:g}_high', 'far_at_{:g}',
                                               'threshold@{:g}')]
        row.update(zip(names, found if shown(far, points.impostors) else [None] * len(names)))
    row.update(thresholds='classic grid' if compat else 'exact', pca=pca or 0, **facts)
    return Verification(row, scores, np.asarray(issame, bool))
