"""Search in a gallery: rank-1 to rank-10 and CMC of a closed set, DIR at FPIR of an open set."""
import math
from collections import namedtuple
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from ..utils.check import check_int, check_number
from ..utils.types import ArrayLike
from .cosines import unit_embeddings
from .curves import cmc_curve, dir_curve
from .far_cells import cannot_show, shown
from .highest import Highest
from .intervals import clopper_pearson
from .protocol import PROTOCOLS, Measured
from .roc import loosest
from .scores import as_numpy
from .templates import detector_weights, pool_templates, template_places
from .truth import SearchTruth, TemplateSearchTruth

__all__ = ['Identification']

BLOCK = 1 << 22  # cosines computed at a time
Gallery = namedtuple('Gallery', 'name people probe_people')
# of each probe: highest cosine, that of its own person (-inf if non-mated), rank of that person (0); others' highest
Searched = namedtuple('Searched', 'best mate rank others')


@PROTOCOLS.register('identification')
class Identification:
    """1:N search of probes in a gallery (`SearchTruth`), or of templates in galleries (`TemplateSearchTruth`).

    A person of several images in the gallery scores by the best of them. The rank of a probe is that of its own person
    among people; a stranger with an equal score comes first. Closed set: the share of mated probes at rank 1, 5 and 10.
    Open set (Grother and Ngan, NISTIR 8009): DIR, the share of mated probes at rank 1 and at the threshold or above,
    where FPIR, the share of non-mated *probes* whose highest score reaches it, is at most x. Each rate has its exact
    binomial interval of 95 %.

    Parameters
    ----------
    ranks : sequence of int >= 1
    fpirs : sequence of float in [0, 1]
    norm, detector, flip
        Of templates, as `TemplatePairs` has them.

    Examples
    --------
    >>> from gluonfr.metrics import Identification, SearchTruth
    >>> gallery, probes = [[1, 0], [0, 1]], [[3, 1], [1, 2], [2, 1], [-1, 0.1]]
    >>> truth = SearchTruth(['ann', 'bob'], ['ann', 'bob', 'bob', 'eve'])
    >>> row = Identification(ranks=[1], fpirs=[0]).measure((gallery, probes), truth, 'mine').rows[0]
    >>> print('rank-1 {:.2f}, DIR {:.2f} at FPIR 0'.format(row['rank1'], row['dir@0']))
    rank-1 0.67, DIR 0.67 at FPIR 0
    """

    version = 1

    def __init__(self, ranks: Sequence[int] = (1, 5, 10), fpirs: Sequence[float] = (0.01, 0.1), norm: bool = True,
                 detector: Optional[bool] = None, flip: bool = False):
        self.ranks = [check_int('Identification', 'ranks', rank, 1) for rank in ranks]
        self.fpirs = [check_number('Identification', 'fpirs', fpir, 0, 1) for fpir in fpirs]
        self.norm, self.detector, self.flip = norm, detector, flip

    def notes(self, truth: Union[SearchTruth, TemplateSearchTruth], name: str) -> List[str]:
        """Sentences on what each gallery cannot show: a rank beyond its people, or a FPIR of so few non-mated probes.

        Raises
        ------
        ValueError
            No probe's person is in a gallery, a template has no image, or lengths differ.
        """
        notes = []
        for gallery in self._galleries(truth, name):
            people, mated = _mated(gallery)
            nonmated = int(np.count_nonzero(~mated))
            beyond = [rank for rank in self.ranks if rank > people]
            if beyond:
                notes.append('{}: a gallery of {} people cannot show rank {}'.format(
                    gallery.name, people, ' and '.join(map(str, beyond))))
            if nonmated:
                notes += cannot_show(gallery.name, self.fpirs, nonmated, 'non-mated probes', 'FPIR')
            elif self.fpirs:
                notes.append('{}: every probe is of a person in the gallery: there is no FPIR, nor DIR'.format(
                    gallery.name))
        return notes

    def measure(self, embeddings: Union[ArrayLike, Tuple[ArrayLike, ArrayLike]],
                truth: Union[SearchTruth, TemplateSearchTruth], name: str) -> Measured:
        """A row for each gallery, of several also their mean, and the best score of each probe.

        Parameters
        ----------
        embeddings : (array (G, D), array (Q, D)); with a TemplateSearchTruth array (N, D), of the images
            Of the gallery and of the probes.
        truth : SearchTruth or TemplateSearchTruth
        name : str
            What the set is called in the rows.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            Rows have set, gallery (its images or templates), people, probes, mated, for each rank rank1, rank1_low and
            rank1_high, and for each fpir dir@fpir, dir@fpir_low, dir@fpir_high, fpir_at_fpir (the FPIR reached),
            dir_threshold@fpir and compat_dir@fpir: what a public script prints, which takes that share of the mated
            probes as a number of *pairs* of two people, and does not look at ranks. None is what the set cannot show.
            Scores are the best ones of the probes, gallery after gallery, and genuine says whether they are of the
            probe's person. Curves are cmc (rank, rate, low, high) and dir (fpir, dir, low, high), of all galleries.

        Raises
        ------
        ValueError
            Embeddings that are not finite or that the truth does not fit, or what `notes` refuses.
        """
        galleries = self._galleries(truth, name)
        if isinstance(truth, SearchTruth):
            units = [unit_embeddings('Identification', part, len(people))
                     for part, people in zip(embeddings, (truth.gallery_people, truth.probe_people))]
            parts = [units]
        else:
            weights = detector_weights('Identification', self.detector, truth, name)
            ids, vectors = pool_templates(embeddings, truth.templates, truth.media, norm=self.norm,
                                          detector_scores=weights, flip=self.flip)
            probes = vectors[template_places(np.unique(as_numpy(truth.probes[0])), ids, name)]
            parts = [[vectors[template_places(np.unique(as_numpy(listed)), ids, name)], probes]
                     for listed, _ in truth.galleries.values()]
        found = [_search(*units, gallery, self._pairs(gallery)) for units, gallery in zip(parts, galleries)]
        rows = [self._row(gallery, each) for gallery, each in zip(galleries, found)]
        if len(rows) > 1:
            rows.append(_mean(rows, name + ' mean'))
        best, mate, rank = (np.concatenate(column) for column in list(zip(*found))[:3])
        people = max(len(np.unique(gallery.people)) for gallery in galleries)
        curves = cmc_curve(rank[rank > 0], people)
        if (rank == 0).any():
            curves.update(dir_curve(mate[rank == 1], best[rank == 0], np.count_nonzero(rank)))
        return Measured(rows, best, rank == 1, curves)

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: rates at each rank, then DIR at each FPIR that the set can show."""
        sizes = '' if row['probes'] is None else ', {mated:,} of {probes:,} probes in a gallery of {people:,}'.format(
            **row)
        said = [_rate(row, 'rank{}'.format(rank), 'rank-{}'.format(rank)) for rank in self.ranks]
        lines = ['{}: {}{}'.format(row['set'], ', '.join(filter(None, said)) or 'no rank', sizes)]
        for fpir in self.fpirs:
            said = _rate(row, 'dir@{:g}'.format(fpir), 'DIR')
            if said:
                lines.append('{}: {} at FPIR <= {:g}'.format(row['set'], said, fpir))
        return lines

    def _galleries(self, truth, name):
        """`Gallery` of each, with people as checked arrays."""
        if isinstance(truth, SearchTruth):
            galleries = [Gallery(name, as_numpy(truth.gallery_people), as_numpy(truth.probe_people))]
        else:
            detector_weights('Identification', self.detector, truth, name)
            ids = np.unique(as_numpy(truth.templates))
            probes = _people_of(truth.probes, ids, name)
            galleries = [Gallery('{} {}'.format(name, key), _people_of(listed, ids, '{} {}'.format(name, key)), probes)
                         for key, listed in truth.galleries.items()]
        for gallery in galleries:
            people, mated = _mated(gallery)
            if not mated.any():
                raise ValueError('{}: probes of people in the gallery are needed, got {} probes and none of its {} '
                                 'people.'.format(gallery.name, len(mated), people))
        return galleries

    def _pairs(self, gallery):
        """How many pairs of two people a public script accepts at each fpir."""
        mated = np.count_nonzero(_mated(gallery)[1])
        return [math.ceil(mated * fpir) for fpir in self.fpirs]

    def _row(self, gallery, found):
        mated = found.rank > 0
        nonmated = found.best[~mated]
        people = len(np.unique(gallery.people))
        row = {'set': gallery.name, 'gallery': len(gallery.people), 'people': people, 'probes': len(mated),
               'mated': int(mated.sum())}
        for rank in self.ranks:
            hits = np.count_nonzero((found.rank > 0) & (found.rank <= rank))
            row.update(_cells('rank{}'.format(rank), hits, row['mated'], rank <= people))
        right = found.mate[found.rank == 1]
        thresholds = loosest(right, nonmated, np.array(self.fpirs)) if nonmated.size else [np.inf] * len(self.fpirs)
        for fpir, threshold, pairs in zip(self.fpirs, thresholds, self._pairs(gallery)):
            known = nonmated.size > 0 and shown(fpir, nonmated.size)
            column = 'dir@{:g}'.format(fpir)
            row.update(_cells(column, np.count_nonzero(right >= threshold), row['mated'], known))
            row['fpir_at_{:g}'.format(fpir)] = float(np.mean(nonmated >= threshold)) if known else None
            row['dir_threshold@{:g}'.format(fpir)] = float(threshold) if known else None
            row['compat_' + column] = (round(float(np.mean(found.mate[mated] > found.others[pairs - 1])), 5)
                                       if 0 < pairs <= len(found.others) else None)
        return row


def _search(gallery, probes, truth, pairs):
    """`Searched`: each probe's place among the people of a gallery; vectors of length 1."""
    order = np.argsort(truth.people, kind='stable')
    people, starts = np.unique(truth.people[order], return_index=True)
    codes = np.searchsorted(people, truth.probe_people).clip(0, len(people) - 1)
    mated = people[codes] == truth.probe_people
    gallery = gallery[order]
    best, mate = np.empty(len(probes)), np.full(len(probes), -np.inf)
    rank, others = np.zeros(len(probes), 'int64'), Highest(max([1, *pairs]))
    step = max(1, BLOCK // len(gallery))
    for low in range(0, len(probes), step):
        rows = slice(low, low + step)
        scores = (probes[rows] @ gallery.T).clip(-1, 1)
        if len(people) < len(gallery):
            scores = np.maximum.reduceat(scores, starts, axis=1)
        best[rows] = scores.max(axis=1)
        known = np.flatnonzero(mated[rows])
        own = scores[known, codes[rows][known]]
        mate[low + known] = own
        rank[low + known] = (scores[known] >= own[:, None]).sum(axis=1)
        scores[known, codes[rows][known]] = -np.inf
        others.add(scores[known][scores[known] > -np.inf])
    return Searched(best, mate, rank, others.found()[0])


def _people_of(listed, ids, name):
    """Who is on the templates of a list, in their rising order; each must have images."""
    templates, people = (as_numpy(column) for column in listed)
    if templates.shape != people.shape:
        raise ValueError('{}: templates and people must have one length, got shapes {} and {}.'.format(
            name, templates.shape, people.shape))
    wanted, first = np.unique(templates, return_index=True)
    template_places(wanted, ids, name)
    return people[first]


def _mated(gallery):
    """How many people a gallery has, and which probes are of one of them."""
    people = np.unique(gallery.people)
    return len(people), np.isin(gallery.probe_people, people)


def _cells(column, hits, trials, known):
    """A rate and the ends of its interval."""
    low, high = clopper_pearson(int(hits), int(trials))
    found = [round(float(rate), 5) for rate in (hits / trials, low, high)] if known else [None] * 3
    return dict(zip([column, column + '_low', column + '_high'], found))


def _mean(rows, name):
    """The mean of the rates of several rows; None for what has no mean."""
    row = dict.fromkeys(rows[0])
    for column in row:
        values = [each[column] for each in rows]
        if column.startswith(('rank', 'dir@', 'compat_dir@')) and not column.endswith(('_low', '_high')):
            row[column] = None if None in values else round(float(np.mean(values)), 5)
    row['set'] = name
    return row


def _rate(row, column, title):
    """'rank-1 0.9800 [0.9700, 0.9900]', '' for what is not known."""
    if row[column] is None:
        return ''
    ends = (row[column + '_low'], row[column + '_high'])
    return '{} {:.4f}'.format(title, row[column]) + ('' if None in ends else ' [{:.4f}, {:.4f}]'.format(*ends))
