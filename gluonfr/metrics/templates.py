"""Templates of several images, as IJB-B and IJB-C have them: a vector for each, and the verification of pairs."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..utils.types import ArrayLike
from .cosines import listed_cosines
from .far_cells import cannot_show, check_kinds
from .pairs_at_fars import PairsAtFars
from .protocol import PROTOCOLS, Measured
from .roc import FARS
from .scores import as_numpy
from .truth import TemplateTruth, checked_pairs

__all__ = ['TemplatePairs', 'pool_templates']

ROWS = 8192  # images pooled at a time, bounds the memory of their float64 copies


def pool_templates(embeddings: ArrayLike, templates: ArrayLike, media: ArrayLike, *, norm: bool = True,
                   detector_scores: Optional[ArrayLike] = None, flip: bool = False) -> Tuple[np.ndarray, np.ndarray]:
    """One vector of length 1 for each template: the mean over each medium, and the sum of its media.

    This is what InsightFace's IJB scripts do (media: Whitelam et al., "IARPA Janus Benchmark-B", CVPRW 2017). Frames of
    a video count as one medium, so that a long one does not outweigh the photographs.

    Parameters
    ----------
    embeddings : array (N, D), with ``flip`` (N, 2 D)
        A block of rows is copied at a time, so that it may be a `numpy.memmap`.
    templates, media : int array (N,)
        Of each image its template and its medium.
    norm : bool
        N: an image counts by the length of its embedding. False scales each to length 1 first.
    detector_scores : float array (N,), or None
        D: weights of the images.
    flip : bool
        F: each row is the embedding of an image and after it that of its mirror image, which are added.

    Returns
    -------
    (numpy.ndarray int64 (T,), numpy.ndarray float64 (T, D))
        Templates, rising, and their vectors.

    Raises
    ------
    ValueError
        Shapes that differ, and by their row or template: what is not finite, or has no direction.

    Examples
    --------
    >>> from gluonfr.metrics import pool_templates
    >>> ids, vectors = pool_templates([[3, 0], [1, 0], [0, 2], [0, 5]], [7, 7, 7, 9], [1, 1, 2, 3])
    >>> ids.tolist(), [['{:.3f}'.format(x) for x in vector] for vector in vectors]
    ([7, 9], [['0.707', '0.707'], ['0.000', '1.000']])
    """
    embeddings = embeddings if isinstance(embeddings, np.ndarray) else as_numpy(embeddings)
    columns = [as_numpy(column) for column in (templates, media)]
    columns += [] if detector_scores is None else [as_numpy(detector_scores)]
    if embeddings.ndim != 2 or not embeddings.size or any(column.shape != (len(embeddings),) for column in columns):
        raise ValueError('pool_templates: embeddings must be (N, D), templates, media and detector_scores (N,), got '
                         '{} and {}.'.format(embeddings.shape, ', '.join(str(column.shape) for column in columns)))
    if flip and embeddings.shape[1] % 2:
        raise ValueError('pool_templates: with flip, embeddings must be (N, 2 D), those of images and mirror images, '
                         'got {}.'.format(embeddings.shape))
    order = np.lexsort((columns[1], columns[0]))
    templates, media = columns[0][order], columns[1][order]
    weights = np.asarray(columns[2], 'float64')[order] if len(columns) > 2 else None
    new = np.concatenate([[True], templates[1:] != templates[:-1]])
    starts = np.flatnonzero(new)
    ids, ends = templates[starts].astype('int64'), np.append(starts[1:], len(order))
    new_medium = np.flatnonzero(new | np.concatenate([[True], media[1:] != media[:-1]]))
    vectors = np.empty((len(ids), embeddings.shape[1] // (2 if flip else 1)))
    done = 0
    while done < len(ids):
        low = starts[done]
        until = max(done + 1, int(np.searchsorted(ends, low + ROWS, side='right')))
        high = ends[until - 1]
        x = _images(embeddings, order[low:high], norm, flip)
        if weights is not None:
            x *= weights[low:high, None]
        first, last = np.searchsorted(new_medium, (low, high))
        media_starts = new_medium[first:last]
        means = np.add.reduceat(x, media_starts - low, axis=0)
        means /= np.diff(np.append(media_starts, high))[:, None]
        vectors[done:until] = np.add.reduceat(means, np.searchsorted(media_starts, starts[done:until]), axis=0)
        done = until
    lengths = np.sqrt(np.einsum('ij,ij->i', vectors, vectors))
    bad = ~np.isfinite(lengths) | (lengths == 0)
    if bad.any():
        raise ValueError('pool_templates: templates must have a direction, got {} without, first template {}: its '
                         'embeddings cancel, or its detector scores are 0 or not finite.'.format(
                             bad.sum(), ids[bad.argmax()]))
    return ids, vectors / lengths[:, None]


def _images(embeddings, rows, norm, flip):
    """Some embeddings, float64, as the switches have them."""
    x = np.asarray(embeddings[rows], 'float64')
    if flip:
        half = x.shape[1] // 2
        x = x[:, :half] + x[:, half:]
    lengths = np.sqrt(np.einsum('ij,ij->i', x, x))
    bad = ~np.isfinite(lengths) | (lengths == 0)
    if bad.any():
        raise ValueError('pool_templates: embeddings must be finite and have a direction, got {} others, first in row '
                         '{}.'.format(bad.sum(), rows[bad.argmax()]))
    return x if norm else x / lengths[:, None]


@PROTOCOLS.register('templates')
class TemplatePairs:
    """Verification of pairs of templates (IJB-B, IJB-C 1:1): `pool_templates`, then TAR at FARs of 1e-6 to 0.1.

    The truth is a `TemplateTruth`. Scores are cosines of templates.

    Parameters
    ----------
    fars : sequence of float in [0, 1]
    norm : bool
        N: an image counts by the length of its embedding.
    detector : bool or None
        D: an image counts by its detector score; None where the truth has them.
    flip : bool
        F: embeddings are (N, 2 D), of images and of mirror images, which are added.
    """

    version = 1

    def __init__(self, fars: Sequence[float] = FARS, norm: bool = True, detector: Optional[bool] = None,
                 flip: bool = False):
        self._pairs = PairsAtFars(fars)
        self.fars, self.norm, self.detector, self.flip = self._pairs.fars, norm, detector, flip

    def notes(self, truth: TemplateTruth, name: str) -> List[str]:
        """A sentence on the FARs that so few impostor pairs cannot show.

        Raises
        ------
        ValueError
            Pairs of one kind only, of a template without images, or no detector scores where they are asked for.
        """
        impostors = self._impostors(truth, name)
        self._places(truth, name)
        detector_weights('TemplatePairs', self.detector, truth, name)
        return cannot_show(name, self.fars, impostors)

    def measure(self, embeddings: ArrayLike, truth: TemplateTruth, name: str) -> Measured:
        """One row of numbers, and the cosines of all pairs.

        Parameters
        ----------
        embeddings : array (N, D), with ``flip`` (N, 2 D)
        truth : TemplateTruth
        name : str
            What the set is called in the row.

        Returns
        -------
        Measured : namedtuple (rows, scores, genuine, curves)
            The row has set, pairs, impostors, templates, images, switches (such as N1D1F0), eer, auc and the cells of
            each far, as `PairsAtFars.measure` has them. Curves are roc, det and histogram.

        Raises
        ------
        ValueError
            As `pool_templates`, or pairs that `notes` refuses.
        """
        self._impostors(truth, name)
        weights = detector_weights('TemplatePairs', self.detector, truth, name)
        first, second = self._places(truth, name)
        ids, vectors = pool_templates(embeddings, truth.templates, truth.media, norm=self.norm,
                                      detector_scores=weights, flip=self.flip)
        (found,), *rest = self._pairs.measure_scores(listed_cosines(vectors, first, second), truth.same, name)
        row = {'set': name, 'pairs': found['pairs'], 'impostors': found['impostors'], 'templates': len(ids),
               'images': len(truth.templates), 'switches': self.switches(truth)}
        row.update({column: value for column, value in found.items()
                    if column not in row and column not in ('people', 'acc', 'acc_low', 'acc_high', 'threshold')})
        return Measured([row], *rest)

    def lines(self, row: Dict[str, Any]) -> List[str]:
        """What a row says: how many pairs, EER, then the TAR at each FAR that the set can show."""
        first, *others = self._pairs.lines(row)
        return ['{}, {:,} templates, {}'.format(first, row['templates'], row['switches']), *others]

    def switches(self, truth: Any) -> str:
        """Such as 'N1D1F0': by lengths and detector scores, without mirror images."""
        return 'N{:d}D{:d}F{:d}'.format(self.norm, self.detector is not False and truth.detector_scores is not None,
                                        self.flip)

    def _impostors(self, truth, name):
        same = checked_pairs(truth, name)[2]
        impostors = int(np.count_nonzero(~same))
        check_kinds(name, len(same) - impostors, impostors)
        return impostors

    def _places(self, truth, name):
        """Places of both templates of each pair among the templates that have images."""
        ids = np.unique(as_numpy(truth.templates))
        return [template_places(wanted, ids, name) for wanted in (truth.first, truth.second)]


def detector_weights(owner, detector, truth, name):
    """What the images of a truth are weighted by, as ``detector`` says; a ValueError where that is not known."""
    if detector and truth.detector_scores is None:
        raise ValueError('{}: {}: detector=True needs detector_scores, got None.'.format(name, owner))
    return None if detector is False else truth.detector_scores


def template_places(wanted, ids, name):
    """Places (P,) of templates among rising ``ids``; a ValueError names the first that is not there."""
    wanted = as_numpy(wanted)
    places = np.searchsorted(ids, wanted).clip(0, len(ids) - 1)
    absent = ids[places] != wanted
    if absent.any():
        raise ValueError('{}: every template must have an image, got {} without, first template {}.'.format(
            name, np.count_nonzero(absent), wanted[absent.argmax()]))
    return places
