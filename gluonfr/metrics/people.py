"""People as the sample: draws of them with replacement, and thresholds chosen on other people."""
from collections import namedtuple

import numpy as np

from ..utils.messages import counted
from .kfold import best_threshold, ranked
from .roc import allowed, between
from .scores import as_numpy

__all__ = ['PairsOfPeople', 'pairs_of_people']

CELLS = 4000000  # (draws, people) weights held at a time
HeldOut = namedtuple('HeldOut', 'accuracy thresholds judged correct')


def pairs_of_people(owner, issame, people0, people1):
    """`PairsOfPeople` with checked names: a ValueError where they contradict ``issame`` or its length."""
    people0, people1 = as_numpy(people0), as_numpy(people1)
    if not issame.shape == people0.shape == people1.shape:
        raise ValueError('{}: issame, people0 and people1 must have one length, got shapes {}, {} and {}.'.format(
            owner, issame.shape, people0.shape, people1.shape))
    contradiction = (people0 == people1) != issame
    if contradiction.any():
        i = int(contradiction.argmax())
        raise ValueError('{}: issame must be true exactly where people0 equals people1, got {} for {!r} and {!r} in '
                         'pair {}.'.format(owner, issame[i], people0[i].item(), people1[i].item(), i))
    names, codes = np.unique(np.concatenate([people0, people1]), return_inverse=True)
    codes = codes.reshape(2, -1)
    return PairsOfPeople(issame, codes[0], codes[1], len(names))


class PairsOfPeople:
    """Pairs and who is on them.

    Parameters
    ----------
    issame : bool array, (P,)
    first, second : int array, (P,)
        Places of both people, in [0, count).
    count : int
        How many people there are.
    """

    def __init__(self, issame, first, second, count):
        self.issame, self.first, self.second, self.count = issame, first, second, count

    def subset(self, chosen):
        """Some of the pairs."""
        return PairsOfPeople(self.issame[chosen], self.first[chosen], self.second[chosen], self.count)

    def draws(self, draws, seed):
        """Blocks (draws of a block, people): how often each person is drawn."""
        random, block = np.random.RandomState(seed), max(1, CELLS // self.count)
        for start in range(0, draws, block):
            yield random.multinomial(self.count, np.full(self.count, 1 / self.count),
                                     min(block, draws - start)).astype('float64')

    def bootstrap_means(self, owner, values, share, draws, seed):
        """Means of values (V, P) in each usable draw, (draws, V).

        A genuine pair counts as often as its person is drawn, an impostor pair the product of both. ``share`` is that
        of the genuine pairs in the mean; with 0 or 1 the other kind may be absent.
        """
        kinds = [(part, weight) for part, weight in ((self.issame, share), (~self.issame, 1 - share)) if weight]
        sums = [self._sums(part, np.concatenate([np.ones((1, len(part))), values])[:, part]) for part, _ in kinds]
        found = []
        for times in self.draws(draws, seed):
            totals = [[of(times) for of in kind] for kind in sums]
            usable = np.logical_and.reduce([kind[0] > 0 for kind in totals])
            found.append(sum(weight * np.stack([total[usable] / kind[0][usable] for total in kind[1:]], axis=1)
                             for kind, (_, weight) in zip(totals, kinds)))
        found = np.concatenate(found)
        if not found.size:
            raise ValueError('{}: none of {} of {} holds pairs of both kinds.'.format(
                owner, counted(draws, 'draw'), counted(self.count, 'person', 'people')))
        return found

    def _sums(self, part, values):
        """For each row of values (V, pairs of a part) a function: draws -> its weighted sum in each draw."""
        from scipy.sparse import csr_matrix
        first, second = self.first[part], self.second[part]
        if self.issame[part].all():
            columns = [np.bincount(first, row, minlength=self.count) for row in values]
            return [lambda times, column=column: times @ column for column in columns]
        matrices = [csr_matrix((row, (first, second)), shape=(self.count, self.count)) for row in values]
        return [lambda times, matrix=matrix: np.einsum('dp,pd->d', times, matrix @ times.T) for matrix in matrices]

    def drawn_thresholds(self, scores, far, times, tail=None):
        """In each draw the loosest threshold whose FAR is at most ``far``, (draws,); infinite without impostors.

        Only the highest impostor scores are looked at, more of them where a draw needs more.
        """
        barred = ~self.issame
        impostors, first, second = scores[barred], self.first[barred], self.second[barred]
        tail = min(len(impostors), tail or 3 * int(allowed(far, len(impostors))) + 100)
        order = np.argsort(impostors)[::-1][:tail]
        ranked_scores = impostors[order]
        ends = np.append(np.flatnonzero(ranked_scores[1:] != ranked_scores[:-1]), tail - 1)
        total = self._sums(barred, np.ones((1, barred.sum())))[0](times)
        thresholds = np.empty(len(times))
        step = max(1, CELLS // tail)
        for start in range(0, len(times), step):
            rows = times[start:start + step]
            accepted = np.cumsum(rows[:, first[order]] * rows[:, second[order]], axis=1)[:, ends]
            groups = (accepted <= far * total[start:start + step, None] * (1 + 1e-12)).sum(axis=1)
            if groups.max() == len(ends) and tail < len(impostors):
                return self.drawn_thresholds(scores, far, times, 4 * tail)
            limits = ranked_scores[ends[np.minimum(groups, len(ends) - 1)]]
            higher = ranked_scores[ends[np.maximum(groups - 1, 0)]]
            thresholds[start:start + step] = np.where(groups > 0, [between(*pair) for pair in zip(limits, higher)],
                                                      np.nextafter(limits, np.inf))
        return np.where(total > 0, thresholds, np.inf)

    def folds(self, most=10):
        """In which of 2 to ``most`` folds each person is, int (people,); None where they are too few."""
        nfolds = min(most, self.count // 2)
        return np.arange(self.count) % nfolds if nfolds > 1 else None

    def held_out(self, scores):
        """Accuracy with thresholds that were chosen on other people: `HeldOut`, or None where that leaves no pairs.

        People are in up to ten folds. Pairs of two people of a fold are judged by the threshold that is best on the
        pairs without them; other pairs are not judged. The accuracy is the mean of both kinds: half the share of
        genuine pairs accepted, half that of impostor pairs rejected.
        """
        folds = self.folds()
        if folds is None:
            return None
        fold0, fold1 = folds[self.first], folds[self.second]
        judged, thresholds = np.zeros(len(scores), bool), []
        correct = np.zeros(len(scores), bool)
        order, s, ends = ranked(scores)
        for k in range(folds.max() + 1):
            other, inside = (fold0 != k) & (fold1 != k), (fold0 == k) & (fold1 == k)
            genuine = np.count_nonzero(other & self.issame)
            impostors = np.count_nonzero(other) - genuine
            if not genuine or not impostors:
                continue
            thresholds.append(best_threshold(s, np.where(self.issame, impostors, -genuine)[order], other[order], ends))
            correct[inside] = (scores[inside] >= thresholds[-1]) == self.issame[inside]
            judged |= inside
        rates = [correct[judged & kind] for kind in (self.issame, ~self.issame)]
        if not all(rate.size for rate in rates):
            return None
        return HeldOut(float(sum(rate.mean() for rate in rates) / 2), np.array(thresholds), judged, correct[judged])
