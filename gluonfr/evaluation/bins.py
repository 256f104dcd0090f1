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
    place = np.array([numbers.setdefault(bytes(image), len(numbers)) for image in pairs.images])
    where = np.unique(place, return_index=True)[1]
    for i, p in enumerate(where):
        try:
            pairs.image(p)
        except BinError as error:
            unreadable[i] = str(error)
    bad = np.isin(place, list(unreadable)).reshape(-1, 2).any(axis=1)
    if bad.all():
        raise BinError('{}: no pair has two images that can be decoded.'.format(pairs.path))
    given = GivenPairs(name, os.path.abspath(pairs.path), place[0::2][~bad], place[1::2][~bad], pairs.issame[~bad],
                       sha256=pairs.sha256, images=BinImages(pairs, where))
    given.kind = 'a set of pairs (.bin)'
    for p in np.flatnonzero(bad):
        given.leave_out('pair {}'.format(p), next(unreadable[i] for i in place[2 * p:2 * p + 2] if i in unreadable))
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
