"""Verification at low false accept rates, over given pairs or over all pairs of people."""
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np

from ..utils.check import check_number
from ..utils.types import ArrayLike
from .cosines import all_cosines, listed_cosines, unit_embeddings
from .counting import count_scores
from .curves import histogram_curve, roc_curves
from .far_cells import cannot_show, check_kinds, far_cells, far_lines, nearest_tar
from .people import PairsOfPeople, pairs_of_people
from .protocol import PROTOCOLS, Measured
from .roc import FARS, auc, equal_error_rate, roc_curve, score_histogram, tar_at_far
from .scores import as_numpy, check_issame, check_pairs
from .truth import PairTruth, PeopleTruth, check_rows, checked_pairs

__all__ = ['PairsAtFars']

HELD = 1 << 25  # pairs whose scores are kept; more are counted
DRAWS = 1000  # of people, for the interval of the accuracy


@PROTOCOLS.register('pairs')
class PairsAtFars:
    """Verification at FARs of 1e-6 to 0.1, over given pairs (`PairTruth`) or all pairs of images (`PeopleTruth`).

    Scores are cosines. Each TAR is the largest whose FAR is at most x, exact, with its exact binomial interval of 95 %.
    More than 2^25 pairs are counted in blocks and not kept: thresholds and rates are exact then, too, EER and AUC are
    those of 65,536 bins.

    Parameters
    ----------
    fars : sequence of float in [0, 1]
    """

    version = 1

    def __init__(self, fars: Sequence[float] = FARS):
        self.fars = [check_number('PairsAtFars', 'fars', far, 0, 1) for far in fars]

    def notes(self, truth: Union[PairTruth, PeopleTruth], name: str) -> List[str]:
        """A sentence on the FARs that so few impostor pairs cannot show.

        Parameters
        ----------
        truth : PairTruth or PeopleTruth
        name : str
            What the set is called in the sentence.

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            Pairs of one kind only, or arrays of different lengths.
        """
        genuine, impostors = _count(truth, name)
        check_kinds(name, genuine, impostors)
        return cannot_show(name, self.fars, impostors)

    def measure(self, embeddings: ArrayLike, truth: Union[PairTruth, PeopleTruth], name: str) -> Measured:
        """One row of numbers, and the cosines of all pairs.

        Parameters
        ----------
        embeddings : array (N, D)
            Of any length but 0.
        truth : PairTruth or PeopleTruth
        name : str
            What the set is called in the row.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            The row has set, pairs, impostors, people, acc (mean of the genuine pairs accepted and the impostor pairs
            rejected, with thresholds that were chosen on other people), acc_low and acc_high (bootstrap over people),
            threshold (the mean of these), eer, auc, and for each far tar@far, tar@far_low, tar@far_high, far_at_far
            (the FAR reached), threshold@far and compat_tar@far (the TAR at the nearest FAR, which public scripts print,
            where it is another). None is what the set cannot show, or what needs people that are not known. Scores and
            genuine are empty for more than 2^25 pairs of a `PeopleTruth`. Curves are roc, det and histogram.

        Raises
        ------
        ValueError
            Embeddings that are not finite or that the truth does not fit, or pairs that `notes` refuses.
        """
        check_kinds(name, *_count(truth, name))
        if isinstance(truth, PairTruth):
            first, second, same = checked_pairs(truth, name)
            units = unit_embeddings('PairsAtFars', embeddings)
            check_rows('PairsAtFars', first, second, units)
            scores = listed_cosines(units, first, second)
            people = None
            if truth.people is not None:
                who = as_numpy(truth.people)
                if who.shape != (len(units),):
                    raise ValueError('{}: people must be ({},), as many as embeddings, got {}.'.format(
                        name, len(units), who.shape))
                people = pairs_of_people('PairsAtFars', same, who[first], who[second])
            return self._measured(scores, same, people, name)
        codes = np.unique(as_numpy(truth.people), return_inverse=True)[1]
        units = unit_embeddings('PairsAtFars', embeddings, len(codes))
        if len(codes) * (len(codes) - 1) // 2 > HELD:
            return self._counted(lambda: all_cosines(units, codes), codes, name)
        scores, same = (np.concatenate(part) for part in zip(*all_cosines(units, codes)))
        first, second = np.triu_indices(len(codes), 1)
        people = PairsOfPeople(same, codes[first], codes[second], int(codes.max()) + 1)
        return self._measured(scores, same, people, name)

    def measure_scores(self, scores: ArrayLike, same: ArrayLike, name: str, people0: Optional[ArrayLike] = None,
                       people1: Optional[ArrayLike] = None) -> Measured:
        """As `measure`, for scores (P,) from anywhere, higher for more alike, and what is known of each pair.

        Parameters
        ----------
        scores : array (P,)
        same : bool array (P,)
        name : str
        people0, people1 : array (P,) of int or str, or None
            Who is on the first and on the second image of each pair.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)

        Raises
        ------
        ValueError
            Scores that are not finite, by their row; pairs of one kind only; lengths that differ.

        Examples
        --------
        >>> from gluonfr.metrics import get_protocol
        >>> row = get_protocol('pairs', fars=[0.5]).measure_scores([0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0], 'mine').rows[0]
        >>> print('{:.2f} [{:.2f}, {:.2f}]'.format(row['tar@0.5'], row['tar@0.5_low'], row['tar@0.5_high']))
        1.00 [0.16, 1.00]
        """
        scores, same = check_pairs(name, scores, same)
        people = None if people0 is None else pairs_of_people('PairsAtFars', same, people0, people1)
        return self._measured(scores, same, people, name)

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: how many pairs, EER, accuracy, then the TAR at each FAR that the set can show."""
        said = '{set}: {pairs:,} pairs, {impostors:,} of them of two people, AUC {auc:.5f}, EER {eer:.4f}'.format(**row)
        if row.get('acc') is not None:
            said += ', accuracy {acc:.4f} [{acc_low:.4f}, {acc_high:.4f}] with thresholds of other people'.format(**row)
        return [said, *far_lines(row, self.fars)]

    def _measured(self, scores, same, people, name):
        roc = roc_curve(scores, same)
        genuine = int(np.count_nonzero(same))
        points = tar_at_far(scores, same, self.fars)
        compat = nearest_tar(roc, genuine, len(same) - genuine, self.fars)
        row = self._row(name, roc, points, people.count if people else None, _accuracy(people, scores), compat)
        curves = dict(roc_curves(roc), **histogram_curve(score_histogram(scores, same)))
        return Measured([row], scores, same, curves)

    def _counted(self, blocks, codes, name):
        points, roc, histogram = count_scores(blocks, np.array(self.fars, 'float64'))
        row = self._row(name, roc, points, int(codes.max()) + 1, {}, None)
        return Measured([row], np.zeros(0), np.zeros(0, bool), dict(roc_curves(roc), **histogram_curve(histogram)))

    def _row(self, name, roc, points, people, accuracy, compat):
        row = {'set': name, 'pairs': points.genuine + points.impostors, 'impostors': points.impostors,
               'people': people}
        row.update({column: accuracy.get(column) for column in ('acc', 'acc_low', 'acc_high', 'threshold')})
        row.update(eer=round(equal_error_rate(roc)[0], 5), auc=round(auc(roc), 6))
        row.update(far_cells(points, points.tar if compat is None else compat))
        return row


def _accuracy(people, scores):
    """Cells of the accuracy with thresholds of other people; none where that cannot be said."""
    held_out = people.held_out(scores) if people else None
    if held_out is None:
        return {}
    draws = people.subset(held_out.judged).bootstrap_means('PairsAtFars', held_out.correct[None].astype('float64'),
                                                           0.5, DRAWS, 0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {'acc': round(held_out.accuracy, 5), 'acc_low': round(float(low), 5), 'acc_high': round(float(high), 5),
            'threshold': round(float(held_out.thresholds.mean()), 5)}


def _count(truth, name):
    """How many genuine and impostor pairs there are."""
    if isinstance(truth, PairTruth):
        same = check_issame(name, truth.same)
        return int(np.count_nonzero(same)), int(np.count_nonzero(~same))
    sizes = np.unique(as_numpy(truth.people), return_counts=True)[1].astype('int64')
    genuine = int((sizes * (sizes - 1) // 2).sum())
    return genuine, int(sizes.sum() * (sizes.sum() - 1) // 2) - genuine
