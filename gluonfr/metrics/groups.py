"""How far groups of people differ: accuracy and error rates of each group, and their spread."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.messages import counted
from ..utils.types import ArrayLike
from .cosines import listed_cosines, unit_embeddings
from .curves import histogram_curve, roc_curves
from .far_cells import cannot_show, check_kinds, far_cells, far_lines, shown
from .intervals import clopper_pearson
from .kfold import kfold_accuracy, most_folds, own_threshold
from .protocol import PROTOCOLS, Measured
from .roc import roc_curve, score_histogram, tar_at_far
from .scores import as_numpy, check_issame, check_pairs
from .truth import PairTruth, check_rows, checked_pairs

__all__ = ['Groups']

FOLDS = 10


@PROTOCOLS.register('groups')
class Groups:
    """Pairs by group, as RFW has them (Wang et al., arXiv:1812.00194), and the spread of the groups.

    The truth is a `PairTruth` with groups. Accuracy is that of `kfold_accuracy` in each group; TAR at FAR is of a
    threshold of its own. What counts in use is one threshold for all: ``common_far`` and ``common_tar`` are the rates
    of a group at the threshold that keeps to the FAR over the pairs of all groups together.

    Parameters
    ----------
    nfolds : int >= 1, or None
        None for 10, or fewer where the pairs of a group do not give as many.
    fars : sequence of float in [0, 1]

    Examples
    --------
    >>> from gluonfr.metrics import Groups
    >>> scores, same = [0.9, 0.2, 0.8, 0.1, 0.7, 0.6, 0.3, 0.4], [True, False] * 4
    >>> rows = Groups(nfolds=1, fars=[]).measure_scores(scores, same, 'mine', ['east'] * 4 + ['west'] * 4).rows
    >>> [(row['set'], row['acc'], row['acc_gap']) for row in rows]
    [('mine east', 1.0, None), ('mine west', 0.75, None), ('mine spread', 0.875, 0.25)]
    """

    version = 1

    def __init__(self, nfolds: Optional[int] = None, fars: Sequence[float] = (1e-3,)):
        self.nfolds = None if nfolds is None else check_int('Groups', 'nfolds', nfolds, 1)
        self.fars = [check_number('Groups', 'fars', far, 0, 1) for far in fars]

    def notes(self, truth: PairTruth, name: str) -> List[str]:
        """Sentences on groups that are left out, and on FARs that a group cannot show.

        Raises
        ------
        ValueError
            No groups, lengths that differ, or no group with pairs of both kinds.
        """
        same = check_issame(name, truth.same)
        groups, left_out = _groups(truth.group, same, name)
        notes = ['{}: group {} has {} genuine and {} impostor pairs: it is left out'.format(
            name, group, np.count_nonzero(same[chosen]), np.count_nonzero(~same[chosen])) for group, chosen in left_out]
        for group, chosen in groups:
            if self._folds(same[chosen]) == 1:
                notes.append('{} {}: 1 fold{}'.format(name, group, own_threshold(int(np.count_nonzero(chosen)))))
            notes += cannot_show('{} {}'.format(name, group), self.fars, int(np.count_nonzero(~same[chosen])))
        if len(groups) == 1:
            notes.append('{}: one group has no spread'.format(name))
        return notes

    def measure(self, embeddings: ArrayLike, truth: PairTruth, name: str) -> Measured:
        """A row for each group, the last one of their spread, and the cosines of all pairs.

        Parameters
        ----------
        embeddings : array (N, D)
        truth : PairTruth
        name : str
            What the set is called in the rows.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            Rows have set, group, pairs, impostors, folds, acc, std, acc_low and acc_high (exact binomial), threshold
            (cosine, the mean over folds), for each far the cells of `KFoldPairs.measure`, common_threshold@far,
            common_far@far and common_tar@far. The last row has of all groups acc (their mean), acc_deviation (of a
            sample of groups), acc_gap (highest less lowest), error_ratio (the highest error over the lowest, the skewed
            error ratio) and, for each far, common_far_ratio@far and common_tar_gap@far. What cannot be said is None.
            Curves are groups (name, accuracy, low, high) and, of all pairs, roc, det and histogram.

        Raises
        ------
        ValueError
            Embeddings that are not finite or that the truth does not fit, or groups that `notes` refuses.
        """
        first, second, same = checked_pairs(truth, name)
        _groups(truth.group, same, name)
        units = unit_embeddings('Groups', embeddings)
        check_rows('Groups', first, second, units)
        return self.measure_scores(listed_cosines(units, first, second), same, name, truth.group)

    def measure_scores(self, scores: ArrayLike, same: ArrayLike, name: str, group: ArrayLike) -> Measured:
        """As `measure`, for scores (P,) from anywhere, higher for more alike, and the group of each pair."""
        scores, same = check_pairs(name, scores, same)
        groups, _ = _groups(group, same, name)
        common = tar_at_far(scores, same, self.fars)
        rows = [self._row(name, key, scores[chosen], same[chosen], common) for key, chosen in groups]
        curve = {'name': [key for key, _ in groups], 'accuracy': [row['acc'] for row in rows],
                 'low': [row['acc_low'] for row in rows], 'high': [row['acc_high'] for row in rows]}
        rows.append(self._spread(name, rows))
        columns = dict.fromkeys(column for row in rows for column in row)
        rows = [dict(columns, **row) for row in rows]
        curves = dict(roc_curves(roc_curve(scores, same)), **histogram_curve(score_histogram(scores, same)))
        return Measured(rows, scores, same, dict(curves, groups=curve))

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: accuracy of a group and its rates at the common threshold, or the spread."""
        if row['group'] is None:
            said = ['{set}: mean accuracy {acc:.4f}'.format(**row)]
            said += ['{} {:.4f}'.format(title, row[column]) for title, column in
                     (('deviation', 'acc_deviation'), ('gap', 'acc_gap'), ('error ratio', 'error_ratio'))
                     if row[column] is not None]
            return [', '.join(said)]
        said = ['{set}: accuracy {acc:.4f}+-{std:.4f} [{acc_low:.4f}, {acc_high:.4f}] ({pairs} pairs in {in_folds}), '
                'threshold {threshold:.4f}'.format(in_folds=counted(row['folds'], 'fold'), **row)]
        said += far_lines(row, self.fars)
        for far in self.fars:
            values = [row[column.format(far)] for column in
                      ('common_threshold@{:g}', 'common_far@{:g}', 'common_tar@{:g}')]
            if None not in values:
                said.append('{}: at the threshold {:.4f} of all groups, FAR {:.2g} and TAR {:.4f}'.format(
                    row['set'], *values))
        return said

    def _folds(self, same):
        return self.nfolds or most_folds(same, FOLDS)

    def _row(self, name, group, scores, same, common):
        nfolds = self._folds(same)
        accuracy = kfold_accuracy(scores, same, nfolds)
        low, high = clopper_pearson(int(accuracy.correct.sum()), len(same))
        row = {'set': '{} {}'.format(name, group), 'group': group, 'pairs': len(same),
               'impostors': int(np.count_nonzero(~same)), 'folds': nfolds, 'acc': round(accuracy.mean, 5),
               'std': round(accuracy.std, 5), 'acc_low': round(float(low), 5), 'acc_high': round(float(high), 5),
               'threshold': round(float(accuracy.thresholds.mean()), 5)}
        row.update(far_cells(tar_at_far(scores, same, self.fars)))
        for far, threshold in zip(self.fars, common.thresholds):
            known = shown(far, row['impostors'])
            row['common_threshold@{:g}'.format(far)] = float(threshold) if shown(far, common.impostors) else None
            for column, kind in (('common_far@{:g}', ~same), ('common_tar@{:g}', same)):
                row[column.format(far)] = round(float(np.mean(scores[kind] >= threshold)), 7) if known else None
        return row

    def _spread(self, name, rows):
        accuracies = np.array([row['acc'] for row in rows])
        several, errors = len(rows) > 1, 1 - accuracies
        row = {'set': name + ' spread', 'pairs': sum(row['pairs'] for row in rows),
               'impostors': sum(row['impostors'] for row in rows), 'acc': round(float(accuracies.mean()), 5),
               'acc_deviation': round(float(accuracies.std(ddof=1)), 5) if several else None,
               'acc_gap': round(float(np.ptp(accuracies)), 5) if several else None,
               'error_ratio': round(float(errors.max() / errors.min()), 5) if several and errors.min() > 0 else None}
        for far in self.fars:
            fars, tars = ([row[column.format(far)] for row in rows]
                          for column in ('common_far@{:g}', 'common_tar@{:g}'))
            known = several and None not in fars
            row['common_far_ratio@{:g}'.format(far)] = (
                round(max(fars) / min(fars), 5) if known and min(fars) > 0 else None)
            row['common_tar_gap@{:g}'.format(far)] = round(max(tars) - min(tars), 5) if known else None
        return row


def _groups(group, same, name):
    """[(name, bool (P,))] of groups with pairs of both kinds, and of the others."""
    if group is None:
        raise ValueError('{}: groups are needed, the group of each pair, got None.'.format(name))
    group = as_numpy(group)
    if group.shape != same.shape:
        raise ValueError('{}: group and same must have one length, got shapes {} and {}.'.format(
            name, group.shape, same.shape))
    check_kinds(name, np.count_nonzero(same), np.count_nonzero(~same))
    found = [(str(key), group == key) for key in np.unique(group)]
    whole = [(key, chosen) for key, chosen in found if 0 < np.count_nonzero(same[chosen]) < np.count_nonzero(chosen)]
    if not whole:
        raise ValueError('{}: a group with pairs of both kinds is needed, got {} of one kind each: {}.'.format(
            name, counted(len(found), 'group'), ', '.join(key for key, _ in found[:12])))
    kept = {key for key, _ in whole}
    return whole, [each for each in found if each[0] not in kept]
