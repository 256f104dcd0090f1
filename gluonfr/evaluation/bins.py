"""A .bin of pairs (or .xz, as the Goldilocks sets come), by its path or by the name of a set."""
import os
from typing import Optional

import numpy as np

from ..data import open_pairs
from ..data.pairs import BinError
from ..deploy.verify import PairImages
from .given import GivenPairs

__all__ = ['given_bin']


def given_bin(path: str, root: Optional[str] = None) -> GivenPairs:
    """The pairs of a file, without those that have an image which cannot be decoded.

    Parameters
    ----------
    path, root
        As for `gluonfr.data.open_pairs`.

    Raises
    ------
    BinError
        It is damaged, or no pair is left.
    """
    name, pairs = open_pairs(path, root)
    numbers, unreadable = {}, {}
    # equal bytes are one image
    ends = np.array([numbers.setdefault(bytes(image), len(numbers)) for image in pairs.images]).reshape(-1, 2)
    where = np.unique(ends, return_index=True)[1]
    for i, p in enumerate(where):
        try:
            pairs.image(p)
        except BinError as error:
            unreadable[i] = str(error)
    bad = np.isin(ends, list(unreadable)).any(axis=1)
    if bad.all():
        raise BinError('{}: no pair has two images that can be decoded.'.format(pairs.path))
    kept, place = np.unique(ends[~bad], return_inverse=True)
    first, second = place.reshape(-1, 2).T
    given = GivenPairs(name, os.path.abspath(pairs.path), first, second, pairs.issame[~bad], sha256=pairs.sha256,
                       images=BinImages(pairs, where[kept]))
    given.kind = 'a set of pairs (.bin)'
    for p in np.flatnonzero(bad):
        given.leave_out('pair {}'.format(p), next(unreadable[i] for i in ends[p] if i in unreadable))
    return given


class BinImages(PairImages):
    """The different images of a set of pairs, named by their first places in the file."""

    def __init__(self, pairs, where):
        super().__init__(pairs)
        self._where = where
        self.names = ['image {} (pair {})'.format(i, i // 2) for i in where]

    def __len__(self):
        return len(self._where)

    def read(self, i):
        """Image `i` as uint8 (H, W, 3) RGB, and a label that means nothing."""
        return super().read(self._where[i])

    def read_bytes(self, i):
        """The encoded image, and a label that means nothing."""
        return bytes(self._pairs.images[self._where[i]]), 0

    def decode(self, data, i):
        """The image of the bytes of `read_bytes`."""
        return self.read(i)[0]

    def size_of(self, i):
        """Height and width by its header."""
        return self._pairs.size_of(self._where[i])
