"""Verification of a set of pairs: from embeddings to accuracy over folds, TAR@FAR, ROC and their row of a table."""
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ..utils.check import check_choice, check_int, check_number
from ..utils.messages import counted
from ..utils.types import ArrayLike
from .curves import fold_curve, histogram_curve, roc_curves
from .far_cells import cannot_show, check_kinds, far_cells, far_lines, shown
from .intervals import bootstrap_accuracy
from .kfold import (CLASSIC_GRIDS, CLASSIC_VAL_GRIDS, above, kfold_accuracy, kfold_tar_at_far, most_folds,
                    own_threshold)
from .protocol import PROTOCOLS, Measured
from .roc import auc, equal_error_rate, roc_curve, score_histogram, tar_at_far
from .scores import as_numpy, centred_scores, pair_scores, pca_scores
from .truth import PairTruth, check_rows, checked_pairs

__all__ = ['KFoldPairs']

FOLDS = 10  # of the published sets
VAL_FAR = 1e-3  # of the TAR over folds
DISTANCES = ('l2', 'arccos')
PairJudgement = namedtuple('PairJudgement', 'accuracy val roc')


def judge_pairs(scores, issame, nfolds, far=VAL_FAR, thresholds=None, folded=None, val_thresholds=None,
                interpolate=False):
    """What the scores of pairs give: `FoldAccuracy`, `FoldTar` at ``far``, and the `Roc` of all pairs.

    Parameters
    ----------
    scores : array, (P,)
    issame, nfolds, far, thresholds
        As for `kfold_tar_at_far`.
    folded : array, (nfolds, P) or None
        What is judged over folds in place of the scores.
    val_thresholds : array, (T,) or None
        Thresholds of the TAR over folds, where they are others.
    interpolate : bool
        As for `kfold_tar_at_far`.

    Returns
    -------
    PairJudgement : namedtuple (accuracy, val, roc)
    """
    folded = scores if folded is None else folded
    val_thresholds = thresholds if val_thresholds is None else val_thresholds
    return PairJudgement(kfold_accuracy(folded, issame, nfolds, thresholds),
                         kfold_tar_at_far(folded, issame, far, nfolds, val_thresholds, interpolate=interpolate),
                         roc_curve(scores, issame))


@PROTOCOLS.register('kfold')
class KFoldPairs:
    """Verification of pairs over k folds (LFW, CFP, AgeDB, CALFW, CPLFW): the threshold is chosen on the other folds.

    Huang et al., "Labeled Faces in the Wild", UMass Amherst 07-49; `kfold_accuracy` and `kfold_tar_at_far` say how.
    Scores are cosines. The truth is issame, a bool array (P,): pair p is the embeddings 2 p and 2 p + 1; or a
    `PairTruth`, whose order is that of the folds.

    Parameters
    ----------
    nfolds : int >= 1, or None
        None for 10, or fewer where the pairs do not give as many (`most_folds`).
    fars : sequence of float in [0, 1]
        FARs of the TAR on all pairs, each with its exact 95 % interval and its threshold.
    compat : bool
        Thresholds of the folds from the classic grid, arange(0, 4, 0.01) on squared L2, for val@1e-3 by 0.001 and on
        straight lines between, instead of all distinct scores. The TAR at each far, EER and AUC are of all scores in
        both ways.
    pca : int or None
        Scores of this many principal components found on the other folds, for what is measured over folds.
    distance : {'l2', 'arccos'}
        What facenet's script calls distance_metric 0 and 1: squared L2, or the angle over pi. With ``compat`` the grid
        is one of this distance; exact thresholds are told apart by it only with ``subtract_mean``.
    subtract_mean : bool
        Take the mean of the embeddings on the other folds away first, as facenet's option of this name does, for what
        is measured over folds.
    """

    version = 1

    def __init__(self, nfolds: Optional[int] = None, fars: Sequence[float] = (1e-3,), compat: bool = False,
                 pca: Optional[int] = None, *, distance: str = 'l2', subtract_mean: bool = False):
        self.nfolds = None if nfolds is None else check_int('KFoldPairs', 'nfolds', nfolds, 1)
        self.fars = [check_number('KFoldPairs', 'fars', far, 0, 1) for far in fars]
        self.compat = compat
        self.pca = None if pca is None else check_int('KFoldPairs', 'pca', pca, 1)
        self.distance = check_choice('KFoldPairs', 'distance', distance, DISTANCES)
        self.subtract_mean = subtract_mean
        if pca is not None and (subtract_mean or distance != 'l2'):
            raise ValueError('KFoldPairs: pca must be None with subtract_mean or distance {!r}, got {}: it takes the '
                             'mean away itself, and compares by cosines.'.format(distance, pca))
        if distance != 'l2' and not (compat or subtract_mean):
            raise ValueError("KFoldPairs: distance must be 'l2' without compat and subtract_mean, got {!r}: pairs are "
                             'in the same order by both distances, so that nothing would change.'.format(distance))

    def notes(self, truth: ArrayLike, name: str) -> List[str]:
        """Sentences on what a set of pairs cannot show: ten folds, or a FAR below 1 / impostor pairs.

        Parameters
        ----------
        truth : bool array, (P,), or PairTruth
        name : str
            What the set is called in the sentences.

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            Pairs of one kind only, or more folds than pairs.
        """
        issame = _issame(truth)
        nfolds, impostors = self._folds(issame, name), _impostors(issame)
        notes = []
        if self.nfolds is None and nfolds < FOLDS:
            why = ', as its {} pairs give no more'.format(len(issame)) if nfolds > 1 else own_threshold(len(issame))
            notes.append('{}: {} instead of {}{}'.format(name, counted(nfolds, 'fold'), FOLDS, why))
        elif nfolds == 1:
            notes.append('{}: 1 fold{}'.format(name, own_threshold(len(issame))))
        return notes + cannot_show(name, self.fars, impostors)

    def measure(self, embeddings: ArrayLike, truth: ArrayLike, name: str) -> Measured:
        """One row of numbers, and the cosines of all pairs.

        Parameters
        ----------
        embeddings : array (2 P, D), with a PairTruth (N, D)
            Of any length but 0.
        truth : bool array (P,), or PairTruth
        name : str
            What the set is called in the row.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            The row has set, pairs, impostors (how many of them are of two people), folds, acc, std, with a PairTruth
            that has people acc_low and acc_high (bootstrap over people), threshold (cosine, the mean over folds),
            val@1e-3 and val_std (TAR over the folds at that FAR), eer, auc, for each far tar@far, tar@far_low,
            tar@far_high, far_at_far (the FAR reached) and threshold@far (cosine), thresholds and pca. What so few
            impostor pairs cannot show is None. Curves are roc, det, histogram and folds.

        Raises
        ------
        ValueError
            Embeddings that are not finite or not 2 P, or pairs that `notes` refuses.
        """
        issame = _issame(truth)
        nfolds = self._folds(issame, name)
        if isinstance(truth, PairTruth):
            pairs = checked_pairs(truth, name)[:2]
            check_rows('KFoldPairs', *pairs, embeddings)
            first, second = (as_numpy(embeddings)[rows] for rows in pairs)
        else:
            first, second = embeddings[0::2], embeddings[1::2]
        scores = pair_scores(first, second, 'cosine', normalize=True)
        grids = [above(self._cosine(grid[2])) if self.compat else None for grid in (CLASSIC_GRIDS, CLASSIC_VAL_GRIDS)]
        accuracy, val, roc = judge_pairs(scores, issame, nfolds, thresholds=grids[0], val_thresholds=grids[1],
                                         folded=self._folded(first, second, nfolds), interpolate=self.compat)
        known = shown(VAL_FAR, val.impostors)
        row = {'set': name, 'pairs': len(issame), 'impostors': _impostors(issame), 'folds': nfolds,
               'acc': round(accuracy.mean, 5), 'std': round(accuracy.std, 5)}
        if isinstance(truth, PairTruth) and truth.people is not None:
            people = as_numpy(truth.people)
            interval = bootstrap_accuracy(accuracy.correct, issame, *(people[rows] for rows in pairs))
            row.update(acc_low=round(interval.low, 5), acc_high=round(interval.high, 5))
        row.update({'threshold': round(float(np.mean(accuracy.thresholds)), 5),
                    'val@1e-3': round(val.mean, 5) if known else None, 'val_std': round(val.std, 5) if known else None,
                    'eer': round(equal_error_rate(roc)[0], 5), 'auc': round(auc(roc), 6)})
        row.update(far_cells(tar_at_far(scores, issame, self.fars)))
        row.update(thresholds=', '.join(['classic grid' if self.compat else 'exact', *self._changes()]),
                   pca=self.pca or 0)
        curves = dict(roc_curves(roc), **histogram_curve(score_histogram(scores, issame)), **fold_curve(accuracy))
        return Measured([row], scores, issame, curves)

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: accuracy and its threshold, then the TAR at each FAR that the set can show."""
        how = ', '.join(['thresholds of the classic grid (compat)' if self.compat else 'exact thresholds',
                         *self._changes()])
        if 'flip' in row:
            how += ', flip {}'.format(row['flip'])
        interval = ' [{acc_low:.4f}, {acc_high:.4f}]'.format(**row) if 'acc_low' in row else ''
        said = ['{set}: accuracy {acc:.4f}+-{std:.4f}{interval} ({pairs} pairs in {in_folds}, {how}), threshold '
                '{threshold:.4f}, AUC {auc:.5f}, EER {eer:.4f}'.format(
                    how=how, interval=interval, in_folds=counted(row['folds'], 'fold'), **row)]
        return said + list(far_lines(row, self.fars))

    def _changes(self):
        """What is done to scores before they are judged over folds."""
        return ['arccos'] * (self.distance == 'arccos') + ['mean subtracted'] * self.subtract_mean

    def _folded(self, first, second, nfolds):
        """What is judged over folds in place of the cosines, (nfolds, P); None where nothing is."""
        if self.pca is not None:
            return pca_scores(first, second, self.pca, nfolds, 'cosine')
        if not self.subtract_mean:
            return None
        if self.distance == 'arccos':
            return centred_scores(first, second, nfolds, 'cosine')
        return 1 + centred_scores(first, second, nfolds) / 2

    def _cosine(self, distances):
        """The cosines of distances."""
        if self.distance == 'l2':  # 2 - 2 cos is the squared distance of embeddings of length 1
            return 1 - distances / 2
        return np.where(distances > 1, -2, np.cos(np.pi * np.minimum(distances, 1)))  # beyond 1 all are accepted

    def _folds(self, truth, name):
        """How many folds there are."""
        impostors = _impostors(truth)
        check_kinds(name, len(truth) - impostors, impostors)
        if self.nfolds is None:
            return most_folds(truth, FOLDS)
        if self.nfolds > len(truth):
            raise ValueError('KFoldPairs: nfolds must be at most the number of pairs, {} in {}, got {}.'.format(
                len(truth), name, self.nfolds))
        return self.nfolds


def _issame(truth):
    return np.asarray(truth.same if isinstance(truth, PairTruth) else truth, bool)


def _impostors(issame):
    return int(np.count_nonzero(~issame))
