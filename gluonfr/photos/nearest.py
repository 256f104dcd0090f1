"""The rows of a large float16 matrix that are most like a query: candidates by a fast product, then exact cosines."""
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..compat import install_command, usable_cores
from ..deploy.search import search

__all__ = ['BlockSearch', 'FaissSearch', 'nearest']

BLOCK = 2048  # rows at once; what they become stays near a core
MOST_SCORES = 1 << 25  # at once, float32
ADDED = 1 << 16  # rows that faiss takes at a time
SPARE = 16  # candidates from faiss beside those that are asked for
SLACK = 2.0 ** -9  # rows of length 1 have it but for 2^-11 in float16; twice that, and what the product is rounded
SCALE = 2.0 ** 112  # between a number and what the bits of its float16, moved to their places, are as float32
MOVED = np.int32(-0x70002000)  # sign, and the lower bits of exponent and mantissa that a float16 fills


def nearest(finder, rows, queries, top, threshold, dead):
    """The rows with the highest cosine to each query.

    Parameters
    ----------
    finder : BlockSearch or FaissSearch
    rows : array, little-endian float16, (N, D), D even
        Of length 1; may be a `numpy.memmap`. A row of zeros is never found.
    queries : array (Q, D)
        Of length 1.
    top : int, >= 1
    threshold : float or None
        Cosines below it do not count.
    dead : int array
        Rows that do not count.

    Yields
    ------
    (int64 array (k,), float32 array (k,)), k <= top
        For each query rows and cosines, highest first, as `gluonfr.deploy.search.search` has them.
    """
    step = max(1, MOST_SCORES // max(1, len(rows)))
    for begin in range(0, len(queries), step):
        some = queries[begin:begin + step]
        for query, found in zip(some, finder.candidates(rows, some, top, threshold, dead)):
            found = found[rows[found].any(axis=1)]  # a row that was erased a moment ago is zero
            places, cosines = (values[0] for values in search(rows[found], query, top, threshold))
            yield found[places[places >= 0]], cosines[places >= 0]


class BlockSearch:
    """Candidates from the file itself, a block of rows at a time on each core; nothing stays in memory."""

    def candidates(self, rows, queries, top, threshold, dead):
        """For each query all rows that may be among the best, (n,) rising."""
        scores = products(rows, queries)
        scores[:, dead] = -np.inf
        for row in scores:
            found = np.flatnonzero(row >= (np.finfo(np.float32).min if threshold is None else threshold - SLACK))
            if len(found) > top:
                values = row[found]
                found = found[values >= np.partition(values, -top)[-top] - SLACK]
            yield found


class FaissSearch:
    """Candidates from faiss, which keeps a copy of the rows in memory and is faster for a single query."""

    def __init__(self):
        try:
            import faiss
        except ImportError as error:
            raise ImportError("Enrolled: engine 'faiss' needs faiss ({}): {}".format(
                error, install_command('faiss'))) from error
        self._faiss, self._index = faiss, None

    def candidates(self, rows, queries, top, threshold, dead):
        """As those of `BlockSearch`; of more than 16 rows that equal the last one that counts, some may be missing."""
        if self._index is None:
            self._index = self._faiss.IndexScalarQuantizer(
                rows.shape[1], self._faiss.ScalarQuantizer.QT_fp16, self._faiss.METRIC_INNER_PRODUCT)
        if self._index.ntotal < len(rows):
            for start in range(self._index.ntotal, len(rows), ADDED):  # float32 of a float16 and back is exact
                self._index.add(rows[start:start + ADDED].astype(np.float32))
        alive = np.ones(self._index.ntotal, bool)
        alive[dead] = False
        alive[len(rows):] = False
        bits = np.packbits(alive, bitorder='little')
        selected = self._faiss.SearchParameters(sel=self._faiss.IDSelectorBitmap(bits))
        places = self._index.search(np.ascontiguousarray(queries, np.float32),
                                    max(1, min(len(rows), top + SPARE)), params=selected)[1]
        return [np.sort(found[found >= 0]) for found in places]


def products(rows, queries):
    """Products (Q, N) in float32 of queries with float16 rows.

    NumPy makes a float32 of one float16 at a time. Here two that lie side by side are taken as an integer of 32 bits,
    whose halves are moved to where a float32 has sign, exponent and mantissa: many times as fast.
    """
    scaled = np.asarray(queries * SCALE, np.float32).T
    low, high = np.ascontiguousarray(scaled[::2]), np.ascontiguousarray(scaled[1::2])
    pairs = rows.view('<i4')
    scores = np.empty((len(queries), len(rows)), np.float32)

    def work(begin, end):
        moved = np.empty((BLOCK, pairs.shape[1]), np.int32)
        for start in range(begin, end, BLOCK):
            block = pairs[start:min(start + BLOCK, end)]
            halves = moved[:len(block)]
            np.right_shift(block, 3, out=halves)
            np.bitwise_and(halves, MOVED, out=halves)
            total = halves.view(np.float32) @ high
            np.left_shift(block, 16, out=halves)
            np.right_shift(halves, 3, out=halves)
            np.bitwise_and(halves, MOVED, out=halves)
            total += halves.view(np.float32) @ low
            scores[:, start:start + len(block)] = total.T

    edges = np.linspace(0, len(rows), usable_cores() + 1).astype(int)
    with ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
    return scores
