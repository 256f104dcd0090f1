"""Error versus reject: what is gained by rejecting faces of low quality."""
from typing import Any, Dict, List, Sequence

import numpy as np

from ..utils.check import check_number
from ..utils.types import ArrayLike
from .cosines import listed_cosines, unit_embeddings
from .curves import POINTS
from .far_cells import cannot_show, check_kinds, shown
from .intervals import clopper_pearson
from .protocol import PROTOCOLS, Measured
from .roc import tar_at_far
from .scores import as_numpy, check_pairs
from .truth import QualityTruth, check_rows, checked_pairs

__all__ = ['RejectByQuality']


@PROTOCOLS.register('quality')
class RejectByQuality:
    """FNMR against the share of pairs that are rejected for their quality, at a fixed threshold.

    The error-versus-reject curve of Grother and Tabassi, "Performance of Biometric Quality Measures", TPAMI 29 (2007).
    The threshold is the loosest whose FMR over all pairs is at most ``fmr``. A pair has the lower quality of its two
    images; genuine pairs of the lowest quality are rejected first, and those of equal quality together. A quality that
    says something makes the curve fall.

    Parameters
    ----------
    fmr : float in (0, 1]
    rejects : sequence of float in [0, 1)
        Shares of the genuine pairs, of each the most that can be rejected without passing it.

    Examples
    --------
    >>> from gluonfr.metrics import RejectByQuality
    >>> scores, same, quality = [0.9, 0.8, 0.2, 0.7, 0.5, 0.3], [1, 1, 1, 1, 0, 0], [9, 8, 1, 6, 5, 4]
    >>> row = RejectByQuality(0.5, rejects=[0, 0.25]).measure_scores(scores, same, 'mine', quality).rows[0]
    >>> row['fnmr@0'], row['fnmr@0.25']
    (0.25, 0.0)
    """

    version = 1

    def __init__(self, fmr: float = 1e-3, rejects: Sequence[float] = (0, 0.05, 0.1, 0.2, 0.3)):
        self.fmr = check_number('RejectByQuality', 'fmr', fmr, 0, 1, low_open=True)
        self.rejects = [check_number('RejectByQuality', 'rejects', share, 0, 1, high_open=True) for share in rejects]

    def notes(self, truth: QualityTruth, name: str) -> List[str]:
        """A sentence where so few impostor pairs cannot show the FMR.

        Raises
        ------
        ValueError
            Pairs of one kind only, arrays of different lengths, or a quality that is not finite.
        """
        same = checked_pairs(truth, name)[2]
        impostors = int(np.count_nonzero(~same))
        check_kinds(name, len(same) - impostors, impostors)
        if truth.quality is not None:
            _finite(truth.quality, name)
        return cannot_show(name, [self.fmr], impostors, rate='FMR')

    def measure(self, embeddings: ArrayLike, truth: QualityTruth, name: str) -> Measured:
        """One row of numbers, and the cosines of all pairs.

        Parameters
        ----------
        embeddings : array (N, D)
            Where their length is the quality, as the network gives them.
        truth : QualityTruth
        name : str
            What the set is called in the row.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            The row has set, pairs, impostors, quality ('given' or 'length of the embedding'), fmr, threshold, for each
            share of rejects fnmr@share, fnmr@share_low, fnmr@share_high and rejected_at_share, and area: the mean FNMR
            up to the largest share. They are None where the set cannot show the FMR. The curve is reject (rejected,
            fnmr).

        Raises
        ------
        ValueError
            Embeddings that are not finite, or of one length where that is the quality, or pairs that `notes` refuses.
        """
        first, second, same = checked_pairs(truth, name)
        check_kinds(name, np.count_nonzero(same), np.count_nonzero(~same))
        units = unit_embeddings('RejectByQuality', embeddings)
        check_rows('RejectByQuality', first, second, units)
        if truth.quality is None:
            quality = np.linalg.norm(as_numpy(embeddings).astype('float64'), axis=1)
            if np.ptp(quality) <= 1e-5 * quality.max():
                raise ValueError('{}: embeddings must differ in length where that is the quality, got all of length '
                                 '{:.6g}: give quality, or embeddings as the network gives them.'.format(
                                     name, quality.max()))
        else:
            quality = _finite(truth.quality, name)
            if quality.shape != (len(units),):
                raise ValueError('{}: quality must be ({},), as many as embeddings, got {}.'.format(
                    name, len(units), quality.shape))
        return self._measured(listed_cosines(units, first, second), same, name,
                              np.minimum(quality[first], quality[second]),
                              'length of the embedding' if truth.quality is None else 'given')

    def measure_scores(self, scores: ArrayLike, same: ArrayLike, name: str, quality: ArrayLike) -> Measured:
        """As `measure`, for scores (P,) from anywhere, higher for more alike, and the quality (P,) of each pair."""
        scores, same = check_pairs(name, scores, same)
        quality = _finite(quality, name)
        if quality.shape != same.shape:
            raise ValueError('{}: quality must be ({},), as many as scores, got {}.'.format(
                name, len(same), quality.shape))
        return self._measured(scores, same, name, quality, 'given')

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: the FNMR at each share of rejected pairs."""
        said = ['{:.4f} [{:.4f}, {:.4f}] with {:.1%} rejected'.format(
            *(row[form.format(share)] for form in ('fnmr@{:g}', 'fnmr@{:g}_low', 'fnmr@{:g}_high', 'rejected_at_{:g}')))
            for share in self.rejects if row['fnmr@{:g}'.format(share)] is not None]
        return ['{}: FNMR at FMR <= {:g} by quality ({}): {}'.format(
            row['set'], row['fmr'], row['quality'], ', '.join(said) or 'too few impostor pairs')]

    def _measured(self, scores, same, name, quality, kind):
        point = tar_at_far(scores, same, [self.fmr])
        known = shown(self.fmr, point.impostors)
        row = {'set': name, 'pairs': len(same), 'impostors': point.impostors, 'quality': kind, 'fmr': float(self.fmr),
               'threshold': float(point.thresholds[0]) if known else None}
        order = np.argsort(quality[same], kind='stable')
        ranked, wrong = quality[same][order], scores[same][order] < point.thresholds[0]
        ends = np.concatenate([[0], np.flatnonzero(np.diff(ranked)) + 1])  # how many pairs can be rejected
        errors = np.cumsum(wrong[::-1])[::-1][ends]  # of those that are left
        left, total = len(ranked) - ends, len(ranked)
        for share in self.rejects:
            i = int(np.searchsorted(ends / total, share, side='right')) - 1
            low, high = clopper_pearson(int(errors[i]), int(left[i]))
            cells = [errors[i] / left[i], low, high, ends[i] / total]
            row.update(zip((form.format(share) for form in ('fnmr@{:g}', 'fnmr@{:g}_low', 'fnmr@{:g}_high',
                                                            'rejected_at_{:g}')),
                           [round(float(cell), 5) if known else None for cell in cells]))
        most = max(self.rejects, default=0)
        row['area'] = round(_area(ends / total, errors / left, most), 6) if known and most else None
        kept = np.unique(np.linspace(0, len(ends) - 1, 3 * POINTS).round().astype('int64'))[:None if known else 0]
        curve = {'rejected': (ends[kept] / total).tolist(), 'fnmr': (errors[kept] / left[kept]).tolist()}
        return Measured([row], scores, same, {'reject': curve})


def _area(rejected, fnmr, most):
    """The mean height of a curve of steps over [0, most]."""
    inside = rejected < most
    widths = np.diff(np.append(rejected[inside], most))
    return float(np.sum(widths * fnmr[inside]) / most)


def _finite(quality, name):
    quality = as_numpy(quality).astype('float64')
    if not np.isfinite(quality).all():
        bad = ~np.isfinite(quality.ravel())
        raise ValueError('{}: quality must be finite, got {} that are not, first in row {}.'.format(
            name, bad.sum(), bad.argmax()))
    return quality
