"""From pairs of embeddings to scores: one number a pair, higher for more alike, in float64."""
from typing import Optional

import numpy as np

from ..utils.check import check_choice, check_int
from ..utils.types import ArrayLike

__all__ = ['centred_scores', 'combine_flip', 'pair_scores', 'pca_scores']

ROWS = 8192  # pairs scored at a time, bounds the memory of their float64 copies
KINDS = ('cosine', 'l2', 'squared_l2')
FLIPS = ('none', 'sum', 'concat')


def pair_scores(embeddings0: ArrayLike, embeddings1: ArrayLike, kind: str = 'cosine', *,
                normalize: bool = False) -> np.ndarray:
    """Scores of pairs of embeddings: the cosine, or minus a distance, so that higher is always more alike.

    Parameters
    ----------
    embeddings0, embeddings1 : array or NDArray, (N, D)
        Row i of both is pair i. Any float type; computed in float64.
    kind : {'cosine', 'l2', 'squared_l2'}
        ``x.y / (|x| |y|)``, ``-|x - y|`` or ``-|x - y|^2``.
    normalize : bool
        Bring every embedding to length 1 first: distances are then in [0, 2] and squares in [0, 4], whatever the
        network.

    Returns
    -------
    numpy.ndarray, float64, (N,)

    Raises
    ------
    ValueError
        Shapes that differ, NaN or infinity, or an embedding of length 0 where a direction is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.metrics import pair_scores
    >>> first, second = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[4.0, 3.0], [0.0, 2.0]])
    >>> print(pair_scores(first, second).tolist(), pair_scores(first, second, 'squared_l2').tolist())
    [0.96, 0.0] [-2.0, -5.0]
    """
    check_choice('pair_scores', 'kind', kind, KINDS)
    x, y = check_embeddings('pair_scores', embeddings0, embeddings1)
    return _scores('pair_scores', x, y, kind, normalize)


def combine_flip(embeddings: ArrayLike, flipped: Optional[ArrayLike], mode: str = 'sum') -> np.ndarray:
    """One embedding for an image and its mirror image.

    Parameters
    ----------
    embeddings, flipped : array or NDArray, (N, D)
        Embeddings of the images and, row by row, of the mirrored images (None with mode 'none').
    mode : {'none', 'sum', 'concat'}
        'none' gives the embeddings back as they are; 'sum' adds both, 'concat' puts one after the other, and both
        bring the result to length 1, in float64.

    Returns
    -------
    numpy.ndarray, (N, D), with 'concat' (N, 2 D)

    Raises
    ------
    ValueError
        ``flipped`` absent where the mode needs it or given where it does not; faults as in `pair_scores`.
    """
    check_choice('combine_flip', 'mode', mode, FLIPS)
    if (flipped is None) != (mode == 'none'):
        raise ValueError('combine_flip: flipped must be {} with mode {!r}, got {}.'.format(
            'None' if mode == 'none' else 'the embeddings of the mirrored images', mode,
            'None' if flipped is None else 'an array'))
    if mode == 'none':
        return check_embeddings('combine_flip', embeddings, embeddings)[0]
    x, y = (part.astype('float64') for part in check_embeddings('combine_flip', embeddings, flipped))
    return directions('combine_flip', x + y if mode == 'sum' else np.concatenate([x, y], axis=1))


def pca_scores(embeddings0: ArrayLike, embeddings1: ArrayLike, components: int, nfolds: int = 10, kind: str = 'l2', *,
               normalize: bool = True) -> np.ndarray:
    """Scores after a PCA that never sees the fold it is used on: one row of scores for each fold.

    Parameters
    ----------
    embeddings0, embeddings1 : array or NDArray, (N, D)
    components : int in [1, D]
        Principal components to keep, of the embeddings of both images of all pairs outside the fold.
    nfolds : int >= 1
        As for `kfold_accuracy`.
    kind, normalize
        As for `pair_scores`, applied to the projected embeddings.

    Returns
    -------
    numpy.ndarray, float64, (nfolds, N)
        Row k: all pairs by the PCA of the folds other than k. The k-fold functions take it as it is.
    """
    from sklearn.decomposition import PCA
    check_choice('pca_scores', 'kind', kind, KINDS)
    x, y = (part.astype('float64') for part in check_embeddings('pca_scores', embeddings0, embeddings1))
    bounds = fold_bounds('pca_scores', len(x), nfolds)
    nfolds = len(bounds) - 1
    most = min(x.shape[1], 2 * min(len(outside(x, bounds, k)) for k in range(nfolds)))
    components = check_int('pca_scores', 'components', components, 1, most)
    rows = []
    for k in range(nfolds):
        pca = PCA(n_components=components, svd_solver='full')
        pca.fit(np.concatenate([outside(x, bounds, k), outside(y, bounds, k)]))
        rows.append(_scores('pca_scores', pca.transform(x), pca.transform(y), kind, normalize))
    return np.stack(rows)


def centred_scores(embeddings0: ArrayLike, embeddings1: ArrayLike, nfolds: int = 10,
                   kind: str = 'squared_l2') -> np.ndarray:
    """Scores of embeddings of length 1 less the mean of the other folds: what facenet calls ``subtract_mean``.

    Parameters
    ----------
    embeddings0, embeddings1 : array or NDArray, (N, D)
        Brought to length 1 first; not again when the mean is gone.
    nfolds : int >= 1
        As for `kfold_accuracy`.
    kind : {'cosine', 'l2', 'squared_l2'}

    Returns
    -------
    numpy.ndarray, float64, (nfolds, N)
        Row k: all pairs less the mean of the folds other than k. The k-fold functions take it as it is.
    """
    check_choice('centred_scores', 'kind', kind, KINDS)
    x, y = check_embeddings('centred_scores', embeddings0, embeddings1)
    x, y = (directions('centred_scores', part.astype('float64')) for part in (x, y))
    bounds = fold_bounds('centred_scores', len(x), nfolds)
    means = [np.concatenate([outside(x, bounds, k), outside(y, bounds, k)]).mean(axis=0)
             for k in range(len(bounds) - 1)]
    return np.stack([_scores('centred_scores', x - mean, y - mean, kind, False) for mean in means])


def fold_bounds(owner, n, nfolds):
    """Fold k is pairs [bounds[k], bounds[k + 1]); where nfolds does not divide n, the first folds have one more."""
    nfolds = check_int(owner, 'nfolds', nfolds, 1)
    if n < nfolds:
        raise ValueError('{}: nfolds must be at most the number of pairs, {}, got {}.'.format(owner, n, nfolds))
    sizes = np.full(nfolds, n // nfolds)
    sizes[:n % nfolds] += 1
    return np.concatenate([[0], np.cumsum(sizes)])


def outside(values, bounds, k):
    """The values of the folds other than k; all of them where there is one fold only."""
    if len(bounds) == 2:
        return values
    return np.concatenate([values[:bounds[k]], values[bounds[k + 1]:]])


def as_numpy(values):
    """An NDArray or anything array-like as a NumPy array."""
    return np.asarray(values.asnumpy() if hasattr(values, 'asnumpy') else values)


def check_embeddings(owner, embeddings0, embeddings1):
    """Both as finite NumPy arrays of one shape (N, D), N >= 1, D >= 1, in their own float type."""
    x, y = as_numpy(embeddings0), as_numpy(embeddings1)
    if x.ndim != 2 or x.shape != y.shape or x.size == 0:
        raise ValueError('{}: both embeddings must be of one shape (N, D), N >= 1 and D >= 1, got {} and {}.'.format(
            owner, x.shape, y.shape))
    for values in (x, y):
        if values.dtype.kind not in 'fiu':
            raise ValueError('{}: embeddings must be real numbers, got {}.'.format(owner, values.dtype))
        bad = ~(np.isfinite(values.max(axis=1)) & np.isfinite(values.min(axis=1)))  # both pass a NaN on
        if bad.any():
            raise ValueError('{}: embeddings must be finite, got NaN or infinity in {} of {} rows, first in row {}: '
                             'the net has diverged, or its input is broken.'.format(
                                 owner, bad.sum(), len(bad), bad.argmax()))
    return x, y


def check_pairs(owner, scores, issame, folds=None):
    """Scores as finite float64, (N,) or (folds, N), and issame as bool (N,) with both kinds of pairs."""
    scores, issame = as_numpy(scores).astype('float64', copy=False), check_issame(owner, issame)
    n = len(issame)
    if n == 0:
        raise ValueError('{}: there are no pairs.'.format(owner))
    if scores.shape not in ((n,), (folds, n)):
        raise ValueError('{}: scores must be {} for {} pairs, got {}.'.format(
            owner, '({},)'.format(n) if folds is None else '({},) or ({}, {})'.format(n, folds, n), n, scores.shape))
    bad = ~np.isfinite(scores)
    if bad.any():
        raise ValueError('{}: scores must be finite, got {} that are NaN or infinite, first in row {}.'.format(
            owner, np.count_nonzero(bad), np.argmax(bad.reshape(-1, n).any(axis=0))))
    same = np.count_nonzero(issame)
    if same in (0, n):
        raise ValueError('{}: pairs must be of both kinds, got {} genuine and {} impostor pairs.'.format(
            owner, same, n - same))
    return scores, issame


def check_issame(owner, issame):
    """``issame`` as a bool array (N,): True or 1 for two images of one person, False or 0 else."""
    issame = as_numpy(issame)
    if issame.ndim != 1:
        raise ValueError('{}: labels must be (N,), got {}.'.format(owner, issame.shape))
    if issame.dtype == bool or not issame.size:
        return issame.astype(bool, copy=False)
    wrong = ~((issame == 0) | (issame == 1))
    if wrong.any():
        raise ValueError('{}: labels must be True or False (1 or 0), got {!r}.'.format(
            owner, issame[wrong.argmax()].item()))
    return issame == 1


def _scores(owner, x, y, kind, normalize):
    out = np.empty(len(x))
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        a, b = x[rows].astype('float64'), y[rows].astype('float64')
        if normalize or kind == 'cosine':
            a, b = directions(owner, a, start), directions(owner, b, start)
        if kind == 'cosine':
            out[rows] = np.einsum('ij,ij->i', a, b).clip(-1, 1)  # rounding may pass 1
        else:
            squares = np.einsum('ij,ij->i', a - b, a - b)
            out[rows] = -squares if kind == 'squared_l2' else -np.sqrt(squares)
    return out


def directions(owner, x, start=0):
    """Embeddings (N, D), float64, of length 1; the first is called row ``start`` if one has no direction."""
    # scaled by the largest value first, so that no square vanishes or overflows
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True), np.finfo(float).tiny)
    lengths = np.sqrt(np.einsum('ij,ij->i', x, x))
    if not lengths.all():
        raise ValueError('{}: embeddings must have a direction, got one of length 0 in row {}: the network gives '
                         'zeros, or its input is broken.'.format(owner, start + int(lengths.argmin())))
    return x / lengths[:, None]
