"""Cosines of many pairs, in float64 and in blocks: of a list of pairs, or of all of them."""
import numpy as np

from .scores import check_embeddings, directions

__all__ = ['all_cosines', 'listed_cosines', 'unit_embeddings']

BLOCK = 1 << 22  # cosines computed at a time
DENSE = 40  # a product computes this many cosines in the time in which a pair's rows are fetched


def unit_embeddings(owner, embeddings, rows=None):
    """Embeddings (N, D) checked, of length 1, float64; ``rows`` is what N must be."""
    x = check_embeddings(owner, embeddings, embeddings)[0]
    if rows is not None and len(x) != rows:
        raise ValueError('{}: embeddings must be ({}, D), got {}.'.format(owner, rows, x.shape))
    return directions(owner, x.astype('float64'))


def listed_cosines(units, first, second):
    """Cosines (P,) of rows of unit vectors (N, D).

    The time is linear in the pairs. Where pairs are many for the rows they are of, a matrix product computes all
    cosines of these rows, and those of the pairs are picked.
    """
    scores = np.empty(len(first))
    order = np.argsort(first, kind='stable') if (np.diff(first) < 0).any() else np.arange(len(first))
    step = max(1, BLOCK // len(units))
    rows = first[order]
    start = 0
    while start < len(order):
        low = rows[start]
        end = np.searchsorted(rows, low + step)
        pairs = order[start:end]
        if (min(step, len(units) - low) * len(units)) <= DENSE * len(pairs):
            scores[pairs] = (units[low:low + step] @ units.T)[rows[start:end] - low, second[pairs]]
        else:
            end = min(end, start + BLOCK // units.shape[1] + 1)
            pairs = order[start:end]
            scores[pairs] = np.einsum('ij,ij->i', units[rows[start:end]], units[second[pairs]])
        start = end
    return scores.clip(-1, 1)  # rounding may pass 1


def all_cosines(units, codes):
    """Blocks (cosines, whether both are of one person) of all pairs (0, 1), (0, 2) ... of unit vectors (N, D)."""
    low, count = 0, len(units)
    while low < count - 1:
        high = min(count, low + max(1, BLOCK // (count - low)))
        after = np.arange(low, count) > np.arange(low, high)[:, None]
        yield ((units[low:high] @ units[low:].T)[after].clip(-1, 1),
               (codes[low:high, None] == codes[low:])[after])
        low = high
