"""Verification of a set of pairs: from embeddings to accuracy over folds, TAR@FAR, ROC and their row of a table."""
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.messages import counted
from ..utils.types import ArrayLike
from .curves import fold_curve, histogram_curve, roc_curves
from .far_cells import cannot_show, check_kinds, far_cells, far_lines, shown
from .intervals import bootstrap_accuracy
from .kfold import CLASSIC_GRIDS, above, kfold_accuracy, kfold_tar_at_far, most_folds, own_threshold
from .protocol import PROTOCOLS, Measured
from .roc import auc, equal_error_rate, roc_curve, score_histogram, tar_at_far
from .scores import as_numpy, pair_scores, pca_scores
from .truth import PairTruth, check_rows, checked_pairs

__all__ = ['KFoldPairs']

FOLDS = 10  # of the published sets
VAL_FAR = 1e-3  # of the TAR over folds
PairJudgement = namedtuple('PairJudgement', 'accuracy val roc')


def judge_pairs(scores, issame, nfolds, far=VAL_FAR, thresholds=None, folded=None):
    """What the scores of pairs give: `FoldAccuracy`, `FoldTar` at ``far``, and the `Roc` of all pairs.

    Parameters
    ----------
    scores : array, (P,)
    issame, nfolds, far, thresholds
        As for `kfold_tar_at_far`.
    folded : array, (nfolds, P) or None
        What is judged over folds in place of the scores.

    Returns
    -------
    PairJudgement : namedtuple (accuracy, val, roc)
    """
    folded = scores if folded is None else folded
    return PairJudgement(kfold_accuracy(folded, issame, nfolds, thresholds),
                         kfold_tar_at_far(folded, issame, far, nfolds, thresholds), roc_curve(scores, issame))


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
        Thresholds of the folds from the classic grid, arange(0, 4, 0.01) on squared L2, instead of all distinct scores.
        The TAR at each far, EER and AUC are of all scores in both ways.
    pca : int or None
        Scores of this many principal components found on the other folds, for what is measured over folds.
    """

    version = 1

    def __init__(self, nfolds: Optional[int] = None, fars: Sequence[float] = (1e-3,), compat: bool = False,
                 pca: Optional[int] = None):
        self.nfolds = None if nfolds is None else check_int('KFoldPairs', 'nfolds', nfolds, 1)
        self.fars = [check_number('KFoldPairs', 'fars', far, 0, 1) for far in fars]
        self.compat = compat
        self.pca = None if pca is None else check_int('KFoldPairs', 'pca', pca, 1)

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
        folded = None if self.pca is None else pca_scores(first, second, self.pca, nfolds, 'cosine')
        # 2 - 2 cos is the squared distance of embeddings of length 1
        grid = above(1 - CLASSIC_GRIDS[2] / 2) if self.compat else None
        accuracy, val, roc = judge_pairs(scores, issame, nfolds, thresholds=grid, folded=folded)
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
        row.update(thresholds='classic grid' if self.compat else 'exact', pca=self.pca or 0)
        curves = dict(roc_curves(roc), **histogram_curve(score_histogram(scores, issame)), **fold_curve(accuracy))
        return Measured([row], scores, issame, curves)

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: accuracy and its threshold, then the TAR at each FAR that the set can show."""
        how = 'thresholds of the classic grid (compat)' if self.compat else 'exact thresholds'
        if 'flip' in row:
            how += ', flip {}'.format(row['flip'])
        interval = ' [{acc_low:.4f}, {acc_high:.4f}]'.format(**row) if 'acc_low' in row else ''
        said = ['{set}: accuracy {acc:.4f}+-{std:.4f}{interval} ({pairs} pairs in {in_folds}, {how}), threshold '
                '{threshold:.4f}, AUC {auc:.5f}, EER {eer:.4f}'.format(
                    how=how, interval=interval, in_folds=counted(row['folds'], 'fold'), **row)]
        return said + list(far_lines(row, self.fars))

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
