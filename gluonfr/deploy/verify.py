"""A net on a verification set: from a .bin to one row of numbers."""
from collections import namedtuple

import numpy as np

from ..metrics import (auc, clopper_pearson, equal_error_rate, kfold_accuracy, kfold_tar_at_far, pair_scores,
                       pca_scores, roc_curve, tar_at_far)
from ..metrics.verification import CLASSIC_GRIDS

__all__ = ['PairImages', 'Verification', 'score_pairs', 'verify_pairs']

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


def verify_pairs(embedder, pairs, name, *, nfolds=10, fars=(1e-3,), compat=False, pca=None, progress=False):
    """Embed the images of a verification set and run the k-fold protocol.

    Parameters
    ----------
    embedder : Embedder
        With its flip and, as it should be here, normalize=True.
    pairs : BinFile
        2 P images: pair p is images 2 p and 2 p + 1; from `read_bin` or ``FRValDataset(...).bin``.
    name : str
        What the set is called in the row.
    nfolds : int
        As for `kfold_accuracy`.
    fars : sequence of float
        FARs of the TAR on all pairs, each with its exact 95 % interval.
    compat : bool
        Thresholds from the classic grid, arange(0, 4, 0.01) on squared L2, instead of all distinct scores.
    pca : int or None
        Scores of this many principal components found on the other folds.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Verification : namedtuple
        ``row``: a dict of set, pairs, acc, std, threshold (cosine, the mean over folds), val@1e-3 and val_std (TAR over
        the folds at that FAR), eer, auc, for each far tar@far, tar@far_low, tar@far_high and far_at_far (the FAR
        reached), thresholds, pca, flip, sha256 of the file. ``scores`` (P,) cosines and ``issame`` (P,).

    Raises
    ------
    BinError
        An image cannot be decoded.
    ValueError
        Images of the wrong size, embeddings that are not finite, or pairs that the protocol has no use for (a fold of
        one kind only, fewer pairs than folds).
    """
    embeddings = embedder(PairImages(pairs), progress=name if progress else False)
    return score_pairs(embeddings, pairs.issame, name, nfolds=nfolds, fars=fars, compat=compat, pca=pca,
                       flip=embedder.flip, sha256=pairs.sha256)


def score_pairs(embeddings, issame, name, *, nfolds=10, fars=(1e-3,), compat=False, pca=None, **facts):
    """`verify_pairs` for embeddings (2 P, D) that are there already; further facts go to the end of the row."""
    first, second = embeddings[0::2], embeddings[1::2]
    scores = pair_scores(first, second, 'cosine', normalize=True)
    folded = scores if pca is None else pca_scores(first, second, pca, nfolds, 'cosine')
    # 2 - 2 cos is the squared distance of embeddings of length 1; a pair is accepted below the threshold
    grid = np.nextafter(1 - CLASSIC_GRIDS[2] / 2, np.inf) if compat else None
    accuracy = kfold_accuracy(folded, issame, nfolds, thresholds=grid)
    val = kfold_tar_at_far(folded, issame, 1e-3, nfolds, thresholds=grid)
    roc = roc_curve(scores, issame)
    row = {'set': name, 'pairs': len(issame), 'acc': round(accuracy.mean, 5), 'std': round(accuracy.std, 5),
           'threshold': round(float(np.mean(accuracy.thresholds)), 5), 'val@1e-3': round(val.mean, 5),
           'val_std': round(val.std, 5), 'eer': round(equal_error_rate(roc)[0], 5), 'auc': round(auc(roc), 6)}
    points = tar_at_far(scores, issame, fars)
    for far, tar, reached, hits in zip(fars, points.tar, points.far, points.true_accepts):
        low, high = clopper_pearson(int(hits), int(points.genuine))
        row.update({'tar@{:g}'.format(far): round(float(tar), 5), 'tar@{:g}_low'.format(far): round(float(low), 5),
                    'tar@{:g}_high'.format(far): round(float(high), 5), 'far_at_{:g}'.format(far): float(reached)})
    row.update(thresholds='classic grid' if compat else 'exact', pca=pca or 0, **facts)
    return Verification(row, scores, np.asarray(issame, bool))
