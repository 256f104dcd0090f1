"""Whether all images of a set have one size, by a look at their headers alone."""
import sys
from collections import namedtuple
from multiprocessing.pool import ThreadPool

import numpy as np
from tqdm import tqdm

from ..compat import usable_cores

__all__ = ['OtherSizes', 'other_sizes']

MOST = 100000  # images that are looked at, evenly spread over the set

OtherSizes = namedtuple('OtherSizes', 'count looked index size')
OtherSizes.__doc__ = """Images that have not the size they should: how many, of how many that were looked at; the index
of the first and its (height, width)."""


def other_sizes(size_of, indices, size, progress=True):
    """Look for images of another size: at all, or at 100,000 of more.

    Parameters
    ----------
    size_of : callable
        index -> (height, width); called from several threads.
    indices : int array (N,)
    size : (int, int)
        What all should have.
    progress : bool
        Show a bar on stderr, if it takes longer than two seconds.

    Returns
    -------
    OtherSizes or None

    Raises
    ------
    ImageError, OSError
        An image cannot be read, as far as its header shows.
    """
    chosen = np.unique(np.linspace(0, len(indices) - 1, min(len(indices), MOST)).astype(np.int64))
    looked = np.asarray(indices)[chosen].tolist()
    size, wrong = tuple(size), []
    with ThreadPool(usable_cores()) as pool, tqdm(total=len(looked), desc='sizes', unit=' images', delay=2,
                                                  disable=not progress or None, file=sys.stderr) as bar:
        for index, found in zip(looked, pool.imap(size_of, looked, 64)):
            if tuple(found) != size:
                wrong.append((index, tuple(found)))
            bar.update()
    return OtherSizes(len(wrong), len(looked), *wrong[0]) if wrong else None
