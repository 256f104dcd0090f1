"""Copies of images: of the same bytes, or encoded again."""
from typing import Optional, Tuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..utils.vectors import unit_rows

__all__ = ['ALL_PAIRS', 'find_copies', 'near_pairs', 'nearest_of']

BLOCK = 1 << 24  # cosines computed at a time
PIECE = 1 << 16  # pairs of pictures
ALIKE = 0.99  # correlation of the small pictures of two copies
MANY = 4  # pairs for each image, of which fewer are kept
ALL_PAIRS = 50000  # of so many images each is compared with each, of more only those that resemble the same people


def near_pairs(units: np.ndarray, least: float, thumbs: Optional[np.ndarray] = None,
               cells: Optional[np.ndarray] = None) -> Tuple[np.ndarray, np.ndarray]:
    """Pairs of images whose cosine is `least` or more, and whose small grey pictures are alike.

    Of images that have many others near only so many pairs as join them are given.

    Parameters
    ----------
    units : float array (N, D)
        Of length 1.
    least : float
    thumbs : uint8 array (N, P) or None
        Small grey pictures, whose correlation must be 0.99; None: the cosine decides alone.
    cells : int array (N, K) or None
        Only images that have one of these in common are compared; None: all.

    Returns
    -------
    pairs : int array (P, 2)
        Each once, the lower image first.
    cosines : float array (P,)
    """
    found = []
    if cells is None:
        groups = [np.arange(len(units))]
    else:
        flat = cells.ravel()
        order = np.argsort(flat, kind='stable')
        groups = np.split(order // cells.shape[1], np.flatnonzero(np.diff(flat[order])) + 1)
    for images in groups:
        images = np.unique(images)
        step = max(1, BLOCK // len(images))
        for start in range(0, len(images) - 1, step):
            rows, others = images[start:start + step], images[start:]
            cosines = units[rows] @ units[others].T
            first, second = np.nonzero(cosines >= least)
            after = second > first  # images of a block stand first among the others
            first, second = first[after], second[after]
            if thumbs is not None:
                alike = _correlation(thumbs, others[first], others[second]) >= ALIKE
                first, second = first[alike], second[alike]
            if len(first) > MANY * len(others):
                first, second = _star(first, second, len(others))
            found.append(np.column_stack([others[first], others[second]]))
    pairs = np.unique(np.concatenate(found or [np.zeros((0, 2), np.int64)]), axis=0)
    return pairs, np.einsum('ij,ij->i', units[pairs[:, 0]], units[pairs[:, 1]])


def find_copies(digests: np.ndarray, pairs: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Groups of images that are copies of one another, by equal bytes or in pairs.

    Parameters
    ----------
    digests : uint8 array (N, 32)
        SHA-256 of each image.
    pairs : int array (P, 2)
        Images that are near.

    Returns
    -------
    group : int array (N,)
        Copies, and copies of copies, have one number.
    content : int array (N,)
        Images of equal bytes have one number.
    """
    words = np.ascontiguousarray(digests).view(np.uint64)
    order = np.lexsort(words.T)
    equal = (words[order[1:]] == words[order[:-1]]).all(axis=1)
    content = np.empty(len(words), np.int64)
    content[order] = np.cumsum(np.concatenate([[False], ~equal]))
    edges = np.concatenate([np.column_stack([order[:-1][equal], order[1:][equal]]), pairs.reshape(-1, 2)])
    return _components(edges, len(words)), content


def nearest_of(units: np.ndarray, others: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Of each image the nearest among others.

    Parameters
    ----------
    units, others : float arrays (N, D), (M, D)

    Returns
    -------
    where : int array (N,)
    cosines : float array (N,)
    """
    where, best = np.zeros(len(units), np.int64), np.zeros(len(units))
    step = max(1, BLOCK // len(others))
    for start in range(0, len(units), step):
        cosines = units[start:start + step] @ others.T
        found = cosines.argmax(axis=1)
        where[start:start + step], best[start:start + step] = found, cosines[np.arange(len(found)), found]
    return where, best


def _correlation(thumbs, first, second):
    found = np.empty(len(first))
    for start in range(0, len(first), PIECE):
        rows = slice(start, start + PIECE)
        x, y = (thumbs[images[rows]].astype('float32') for images in (first, second))
        x, y = (unit_rows(picture - picture.mean(axis=1, keepdims=True)) for picture in (x, y))
        found[rows] = np.einsum('ij,ij->i', x, y)
    return found


def _components(edges, count):
    graph = coo_matrix((np.ones(len(edges), bool), edges.T), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _star(first, second, count):
    """The pairs (first of a group, another of it) in place of all pairs of it."""
    group = _components(np.column_stack([first, second]), count)
    _, leader, where = np.unique(group, return_index=True, return_inverse=True)
    others = np.flatnonzero(leader[where] != np.arange(count))
    return leader[where[others]], others
