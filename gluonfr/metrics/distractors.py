"""Identification among many distractors, as MegaFace has it: rank-1 at each size, and TAR at very low FARs."""
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ..compat import usable_cores
from ..utils.check import check_int, check_number
from ..utils.messages import counted
from ..utils.types import ArrayLike
from .cosines import unit_embeddings
from .far_cells import cannot_show, far_cells, far_lines
from .highest import Highest
from .intervals import clopper_pearson
from .people import PairsOfPeople
from .protocol import PROTOCOLS, Measured
from .roc import OperatingPoints, allowed, loosest_allowing
from .scores import as_numpy, directions
from .truth import DistractorTruth

__all__ = ['Distractors']

SIZES = (10, 100, 1000, 10 ** 4, 10 ** 5, 10 ** 6)
COLUMNS = 2048  # distractors at a time
CELLS = 1 << 23  # cosines at a time
DRAWS = 1000  # of people, for the interval of rank-1


@PROTOCOLS.register('distractors')
class Distractors:
    """Probes of some people among distractors (Kemelmacher-Shlizerman et al., "The MegaFace Benchmark", CVPR 2016).

    For every two probes of a person, one is searched for in a gallery of the other one and the first so many
    distractors: rank-1 is the share of these trials in which the other one scores above all distractors. Its interval
    is that of a bootstrap over people or, where all trials or none succeed and no draw would differ, the exact binomial
    one of as many trials as there are people. TAR is over pairs of probes of a person, FAR over pairs of a probe and a
    distractor.

    The embeddings are multiplied in float32, in blocks; what its rounding leaves open is computed again in float64, so
    that all rates are those of float64 throughout.

    Parameters
    ----------
    sizes : sequence of int >= 1
        Numbers of distractors. Those that there are not are left out; all that there are is one of them.
    fars : sequence of float in [0, 0.1]
        The highest scores of this share of all pairs are kept in memory.

    Examples
    --------
    >>> from gluonfr.metrics import Distractors, DistractorTruth
    >>> probes, others = [[1, 0], [1, 0.5], [0, 1], [-1, 1]], [[-1, -1], [0.1, 1]]
    >>> protocol = Distractors(sizes=[1], fars=[])
    >>> for row in protocol.measure((probes, others), DistractorTruth(['ann', 'ann', 'bob', 'bob'], 2), 'mine').rows:
    ...     print(row['distractors'], row['rank1'])
    1 1.0
    2 0.75
    """

    version = 1

    def __init__(self, sizes: Sequence[int] = SIZES, fars: Sequence[float] = (1e-6,)):
        self.sizes = sorted({check_int('Distractors', 'sizes', size, 1) for size in sizes})
        self.fars = [check_number('Distractors', 'fars', far, 0, 0.1) for far in fars]

    def notes(self, truth: DistractorTruth, name: str) -> List[str]:
        """Sentences on sizes that there are not, FARs that so few pairs cannot show, and people of one probe.

        Raises
        ------
        ValueError
            No distractors, or nobody has two probes.
        """
        people, _, distractors = self._truth(truth, name)
        notes = []
        beyond = [size for size in self.sizes if size > distractors]
        if beyond:
            notes.append('{}: {} cannot show {}'.format(name, counted(distractors, 'distractor'),
                                                        ' and '.join('{:,}'.format(size) for size in beyond)))
        alone = int(np.count_nonzero(np.unique(people, return_counts=True)[1] == 1))
        if alone:
            notes.append('{}: {} one probe, which {} searched for by no other'.format(
                name, counted(alone, 'person has', 'people have'), 'is' if alone == 1 else 'are'))
        return notes + cannot_show(name, self.fars, len(people) * distractors,
                                   'pairs of a probe and a distractor')

    def measure(self, embeddings: Tuple[ArrayLike, ArrayLike], truth: DistractorTruth, name: str) -> Measured:
        """A row for each number of distractors, and the best score of each probe.

        Parameters
        ----------
        embeddings : (array (N, D), array (M, D))
            Of the probes and of the distractors, which may be a `numpy.memmap`: a block of them is read at a time.
        truth : DistractorTruth
        name : str
            What the set is called in the rows.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            Rows have set, distractors (how many), probes, people, trials, rank1, rank1_low, rank1_high, and for each
            far tar@far, tar@far_low, tar@far_high, far_at_far and threshold@far. Scores are the best ones of the probes
            among mates and all distractors (float32 where that decides); genuine says whether they are of a mate. The
            curve is distractors (size, rank1, low, high).

        Raises
        ------
        ValueError
            Embeddings that are not finite, of another number or width, or what `notes` refuses.
        """
        people, kept, count = self._truth(truth, name)
        probes, distractors = as_numpy(embeddings[0]), np.asanyarray(embeddings[1])
        if len(probes) != len(as_numpy(truth.people)) or distractors.shape != (truth.distractors, *probes.shape[1:]):
            raise ValueError('Distractors: embeddings must be ({}, D) and ({}, D), got {} and {}.'.format(
                len(as_numpy(truth.people)), truth.distractors, probes.shape, distractors.shape))
        units = unit_embeddings('Distractors', probes[kept[0]])
        codes = np.unique(people, return_inverse=True)[1]
        sizes = [size for size in self.sizes if size < count] + [count]
        searched = _Search(units, distractors, kept[1], sizes)
        trial, mates, pairs = _trials(units, codes)
        best, tops = searched.exact(trial, mates, [int(allowed(far, len(units) * count)) for far in self.fars])
        right = mates > best[:, trial]
        draws = PairsOfPeople(np.ones(len(trial), bool), codes[trial], codes[trial], int(codes.max()) + 1)
        low, high = np.quantile(draws.bootstrap_means('Distractors', right.astype('float64'), 1, DRAWS, 0),
                                [0.025, 0.975], axis=0)
        rank1 = right.mean(axis=1)
        alike = (rank1 == 0) | (rank1 == 1)
        mated = len(np.unique(codes[trial]))
        low[alike], high[alike] = clopper_pearson((rank1[alike] * mated).astype(int), mated)
        rows = []
        for i, size in enumerate(sizes):
            row = {'set': name, 'distractors': size, 'probes': len(units), 'people': int(codes.max()) + 1,
                   'trials': len(trial)}
            row.update(zip(('rank1', 'rank1_low', 'rank1_high'),
                           (round(float(rate), 5) for rate in (rank1[i], low[i], high[i]))))
            rows.append(dict(row, **far_cells(_points(pairs, tops[i], self.fars, len(units) * size))))
        nearest = np.full(len(units), -np.inf)
        np.maximum.at(nearest, trial, mates)
        curve = {'size': sizes, 'rank1': rank1.tolist(), 'low': low.tolist(), 'high': high.tolist()}
        return Measured(rows, np.maximum(nearest, best[-1]), nearest > best[-1], {'distractors': curve})

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: rank-1 among so many distractors, then the TAR at each FAR that they can show."""
        return ['{set}: rank-1 {rank1:.4f} [{rank1_low:.4f}, {rank1_high:.4f}] among {distractors:,} distractors '
                '({trials:,} trials, {probes:,} probes of {people:,} people)'.format(**row), *far_lines(row, self.fars)]

    def _truth(self, truth, name):
        """People of the probes that count, which probes and distractors count (bool), how many of the latter."""
        people, kept = as_numpy(truth.people), []
        for what, count, noisy in (('noisy_probes', len(people), truth.noisy_probes),
                                   ('noisy_distractors', truth.distractors, truth.noisy_distractors)):
            noisy = np.asarray(noisy, 'int64')
            if noisy.size and not (0 <= noisy.min() and noisy.max() < count):
                raise ValueError('{}: {} must be rows in [0, {}], got {} to {}.'.format(
                    name, what, count - 1, noisy.min(), noisy.max()))
            kept.append(np.ones(count, bool))
            kept[-1][noisy] = False
        people, distractors = people[kept[0]], int(np.count_nonzero(kept[1]))
        if not distractors or not (np.unique(people, return_counts=True)[1] > 1).any():
            raise ValueError('{}: distractors and a person with two probes are needed, got {} and {} of {}.'.format(
                name, counted(distractors, 'distractor'), counted(len(people), 'probe'),
                counted(len(np.unique(people)), 'person', 'people')))
        return people, kept, distractors


class _Search:
    """Probes, vectors of length 1, in float64, among the distractors that count."""

    def __init__(self, units, distractors, kept, sizes):
        self.units, self.distractors, self.sizes = units, distractors, sizes
        self.rows = None if kept.all() else np.flatnonzero(kept)
        # a product of vectors of length 1 in float32 is off by this much at most
        self.margin = (units.shape[1] + 8) * np.finfo('float32').eps / 2

    def exact(self, trial, mates, budgets):
        """Highest score (sizes, probes) among so many distractors, and the highest of all pairs at each size.

        The first are exact where a mate of a trial comes so near that it matters, the second always.
        """
        tail = Highest(max([0, *budgets]) + 1, 2 * self.margin)
        blocks, tops = self._block_bests(tail)
        ends = [i + 1 for i, (_, high) in enumerate(self._blocks()) if high in self.sizes]
        best = np.stack([blocks[:end].max(axis=0) for end in ends]).astype('float64')
        near = np.unique(trial[(np.abs(mates - best[:, trial]) <= self.margin).any(axis=0)])
        if near.size:
            best[:, near] = self._exact_bests(near, blocks[:, near], ends)
        return best, [self._again(*top[1:]) for top in tops]

    def _block_bests(self, tail):
        """Highest score (blocks, probes) of each probe in each block, in float32; what the tail holds at each size."""
        from threadpoolctl import threadpool_limits
        probes = self.units.astype('float32')
        best, tops = [], []
        threads = min(usable_cores(), len(probes))
        step = max(1, min(CELLS // COLUMNS, -(-len(probes) // threads)))
        buffers = Queue()
        for _ in range(threads):
            buffers.put(np.empty(step * COLUMNS, 'float32'))

        def look(start):
            """Highest score of some probes in a block; row, column and score of those in reach of the tail."""
            some, buffer = probes[start:start + step], buffers.get()
            scores = np.matmul(some, units.T, out=buffer[:len(some) * len(units)].reshape(len(some), len(units)))
            highest = scores.max(axis=1)
            hot = np.flatnonzero(highest >= least)
            row, column = np.nonzero(scores[hot] >= least)
            found = scores[hot[row], column], start + hot[row], low + column
            buffers.put(buffer)
            return highest, found

        # each thread multiplies and looks for itself: within a product of all threads, the looking would be done by one
        with threadpool_limits(1, 'blas'), ThreadPoolExecutor(threads) as pool:
            for low, high in self._blocks():
                units, least, parts = self._directions(low, high, 'float32'), tail.least, []
                for highest, found in pool.map(look, range(0, len(probes), step)):
                    parts.append(highest)
                    tail.add(*found)
                best.append(np.concatenate(parts))
                if high in self.sizes:
                    tops.append(tail.found())
        return np.stack(best), tops

    def _exact_bests(self, near, blocks, ends):
        """Highest score (sizes, near probes) in float64, from the only blocks in which it can lie."""
        reach = np.zeros(blocks.shape, bool)
        for end in ends:
            reach[:end] |= blocks[:end] >= blocks[:end].max(axis=0) - 2 * self.margin
        exact = np.full(blocks.shape, -np.inf)
        for i, (low, high) in enumerate(self._blocks()):
            if reach[i].any():
                scores = self.units[near[reach[i]]] @ self._directions(low, high, 'float64').T
                exact[i, reach[i]] = scores.max(axis=1)
        return np.stack([exact[:end].max(axis=0) for end in ends])

    def _blocks(self):
        """Ranges of distractors that end at each size."""
        low = 0
        for size in self.sizes:
            while low < size:
                high = min(size, low + COLUMNS)
                yield low, high
                low = high

    def _directions(self, low, high, dtype):
        """Distractors from low to high, of length 1; a ValueError names the first that has no direction."""
        x = np.asarray(self.distractors[low:high] if self.rows is None else self.distractors[self.rows[low:high]])
        with np.errstate(over='ignore', invalid='ignore'):
            lengths = np.sqrt(np.einsum('ij,ij->i', x, x, dtype=np.result_type(x, dtype)))
            bad = ~np.isfinite(lengths) | (lengths < 1e-15)
        if not bad.any():
            return np.asarray(x / lengths[:, None], dtype)
        if not np.isfinite(x).all():
            raise ValueError('Distractors: embeddings must be finite, got NaN or infinity in distractor {}.'.format(
                self._row(low + int(np.argmin(np.isfinite(x).all(axis=1))))))
        return directions('Distractors', x.astype('float64'), self._row(low)).astype(dtype)

    def _row(self, place):
        return place if self.rows is None else self.rows[place]

    def _again(self, probe, distractor):
        """Cosines of pairs, in float64, falling."""
        scores = np.empty(len(probe))
        for start in range(0, len(probe), COLUMNS):
            some = slice(start, start + COLUMNS)
            rows = distractor[some] if self.rows is None else self.rows[distractor[some]]
            units = directions('Distractors', np.asarray(self.distractors[rows], 'float64'))
            scores[some] = np.einsum('ij,ij->i', self.units[probe[some]], units)
        return np.sort(scores)[::-1]


def _trials(units, codes):
    """Probe and score of every trial, and the scores of all pairs of a person."""
    trial, mates, pairs = [], [], []
    order = np.argsort(codes, kind='stable')
    for members in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        scores = units[members] @ units[members].T
        first, second = np.nonzero(~np.eye(len(members), dtype=bool))
        trial.append(members[first])
        mates.append(scores[first, second])
        pairs.append(scores[np.triu_indices(len(members), 1)])
    return np.concatenate(trial), np.concatenate(mates), np.concatenate(pairs)


def _points(genuine, top, fars, impostors):
    """`OperatingPoints` of genuine scores and the highest of so many impostor scores."""
    fars = np.asarray(fars, 'float64')
    thresholds = loosest_allowing(genuine, top, allowed(fars, impostors))  # the top holds more than are allowed
    true, false = (np.array([np.count_nonzero(part >= t) for t in thresholds], 'int64') for part in (genuine, top))
    return OperatingPoints(fars, true / len(genuine), false / impostors, thresholds, true, false, len(genuine),
                           impostors)
