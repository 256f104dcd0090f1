"""The nearest embeddings of a gallery: exact, in blocks of bounded memory."""
from typing import Optional, Tuple

import numpy as np

from ..compat import install_command
from ..utils.check import check_choice, check_int, check_number
from ..utils.types import ArrayLike

__all__ = ['ENGINES', 'search']

ENGINES = ('numpy', 'faiss')

BLOCK_SCORES = 1 << 23  # scores at once, float32
BLOCK_VALUES = 1 << 24  # of the gallery at once, float32
EXACT_VALUES = 1 << 22  # of those that are computed again, at once, float64
SPARE = 16  # candidates from faiss beside those that are asked for


def search(gallery: ArrayLike, queries: ArrayLike, top: int = 10, threshold: Optional[float] = None,
           engine: str = 'numpy') -> Tuple[np.ndarray, np.ndarray]:
    """Find the gallery's embeddings with the highest cosine to each query.

    Candidates come from a product in float32; their cosines, and all that its rounding could have confused with them,
    are computed again in float64 and rounded to float32. So the result is that of sorting all cosines, it does not
    depend on the blocks, and equal scores stand in the order of the gallery.

    Parameters
    ----------
    gallery : array, float32, (G, D)
        Of any length but 0; may be a `numpy.memmap`, of which a block at a time is read.
    queries : array, float32, (Q, D) or (D,)
    top : int, >= 1
        How many for each query; at most G are found.
    threshold : float or None
        Cosines below it do not count.
    engine : {'numpy', 'faiss'}
        What finds the candidates. 'faiss', if it is installed, may be faster; of more than 16 scores that equal the
        last one that counts, it may leave out the wrong ones.

    Returns
    -------
    (numpy.ndarray int64 (Q, k), numpy.ndarray float32 (Q, k)), k = min(top, G)
        Places in the gallery and cosines, highest first; -1 and NaN where there are fewer at the threshold or above.

    Raises
    ------
    ValueError
        For shapes that do not fit, or embeddings of length 0 or that are not finite.
    ImportError
        faiss is missing.

    Examples
    --------
    >>> from gluonfr.deploy.search import search
    >>> indices, cosines = search([[1, 0], [0, 1], [0.6, 0.8]], [0, 2], top=2)
    >>> indices.tolist(), ['{:.1f}'.format(cosine) for cosine in cosines[0]]
    ([[1, 2]], ['1.0', '0.8'])
    """
    top = check_int('search', 'top', top, 1)
    check_choice('search', 'engine', engine, ENGINES)
    if threshold is not None:
        check_number('search', 'threshold', threshold)
    gallery, queries = np.asanyarray(gallery), np.atleast_2d(np.asarray(queries, np.float32))
    if gallery.ndim != 2 or queries.ndim != 2 or gallery.shape[1] != queries.shape[1]:
        raise ValueError('search: gallery and queries must be (G, D) and (Q, D), got {} and {}: is it one network?'
                         .format(gallery.shape, queries.shape))
    top = min(top, len(gallery))
    indices = np.full((len(queries), top), -1, np.int64)
    scores = np.full((len(queries), top), np.nan, np.float32)
    candidates = _faiss_candidates if engine == 'faiss' else _candidates
    rows = max(1, BLOCK_SCORES // max(top, 4096))
    for begin in range(0, len(queries), rows) if top else ():
        query, index, score = _best(gallery, queries[begin:begin + rows], begin, top, candidates)
        if threshold is not None:
            query, index, score = (values[score >= threshold] for values in (query, index, score))
        column = np.arange(len(query)) - np.searchsorted(query, query)
        indices[begin + query, column], scores[begin + query, column] = index, score
    return indices, scores


def _best(gallery, queries, first, top, candidates):
    """The best of the gallery for some queries, as (query, index, score), (n,) each, in the order of `_sorted`."""
    directions = _unit(queries, 'queries', first)
    best = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    least = np.full(len(queries), -np.inf, np.float32)  # the last score of each query that counts so far
    step = max(top, min(BLOCK_SCORES // len(queries), BLOCK_VALUES // queries.shape[1]))
    for begin in range(0, len(gallery), step):
        units = _unit(gallery[begin:begin + step], 'gallery', begin)
        query, column = candidates(directions, units, top, least)
        exact = _cosines(queries, query, gallery, begin + column)
        best = _sorted(*(np.concatenate(pair) for pair in zip(best, (query, begin + column, exact))), top)
        least = best[2][np.searchsorted(best[0], np.arange(len(queries)), 'right') - 1]
    return best


def _candidates(queries, units, top, least):
    """(query, column) of all scores that may be among the best when they are computed without rounding."""
    scores = queries @ units.T
    if len(units) > top:
        least = np.maximum(least, np.partition(scores, len(units) - top, axis=1)[:, len(units) - top])
    # a product of unit vectors in float32 is off by D eps at most; twice that for both, and a little for their lengths
    return np.nonzero(scores >= (least - 4 * queries.shape[1] * np.finfo(np.float32).eps)[:, None])


def _faiss_candidates(queries, units, top, least):
    """As `_candidates`, from faiss, which gives a fixed number of them."""
    try:
        import faiss
    except ImportError as error:
        raise ImportError("search: engine 'faiss' needs faiss ({}): {}".format(
            error, install_command('faiss'))) from error
    count = min(len(units), top + SPARE)
    columns = faiss.knn(queries, units, count, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return np.repeat(np.arange(len(queries)), count), columns.ravel()


def _unit(vectors, name, begin):
    """Vectors scaled to length 1, float32."""
    vectors = np.asarray(vectors, np.float32)
    lengths = np.sqrt(np.einsum('ij,ij->i', vectors, vectors))
    bad = ~np.isfinite(lengths) | (lengths == 0)
    if bad.any():
        raise ValueError('search: {} must be finite and not all 0, got another at {}.'.format(
            name, begin + int(np.argmax(bad))))
    return vectors / lengths[:, None]


def _cosines(queries, query, gallery, index):
    """Cosines of pairs, computed in float64 and rounded to float32, some at a time."""
    step = max(1, EXACT_VALUES // queries.shape[1])
    parts = [np.zeros(0)]
    for i in range(0, len(query), step):
        q, g = queries[query[i:i + step]].astype(np.float64), gallery[index[i:i + step]].astype(np.float64)
        parts.append(np.einsum('ij,ij->i', q, g) / np.sqrt(np.einsum('ij,ij->i', q, q) * np.einsum('ij,ij->i', g, g)))
    return np.concatenate(parts).astype(np.float32)


def _sorted(query, index, score, top):
    """Sorted by query, then falling score, then place in the gallery; the first `top` of each query."""
    order = np.lexsort((index, -score, query))
    query, index, score = query[order], index[order], score[order]
    kept = np.arange(len(query)) - np.searchsorted(query, query) < top
    return query[kept], index[kept], score[kept]
