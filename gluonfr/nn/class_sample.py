"""Which classes a step scores: all of its own, and others drawn by (seed, step)."""
from typing import Tuple

import numpy as np

__all__ = ['draw_classes']


def draw_classes(labels: np.ndarray, classes: int, count: int, seed: Tuple[int, ...]) -> np.ndarray:
    """The classes of a batch and others, `count` in all, or as many as the batch has if those are more.

    The others are drawn without replacement, each set of them as likely as any other. Time and memory grow with
    `count`, not with `classes`.

    Parameters
    ----------
    labels : numpy.ndarray of int64, (B,)
        In [0, classes); one may occur many times.
    classes, count : int
        1 <= count <= classes.
    seed : tuple of int
        Decides what is drawn, with the labels.

    Returns
    -------
    numpy.ndarray of int64
        In rising order, each once.

    Examples
    --------
    >>> import numpy as np
    >>> from gluonfr.nn.class_sample import draw_classes
    >>> sample = draw_classes(np.array([7, 3, 7]), classes=1000, count=5, seed=(0, 12))
    >>> len(sample), set(sample.tolist()) >= {3, 7}
    (5, True)
    """
    own = np.unique(labels).astype('int64')
    others, wanted = classes - len(own), count - len(own)
    if wanted <= 0:
        return own
    if wanted == others:
        return np.arange(classes)
    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
    drawn = _distinct(random, others, wanted)
    # The k-th class that is not in the batch: k, and one more for each class of the batch that lies before it.
    drawn += np.searchsorted(own - np.arange(len(own)), drawn, side='right')
    return np.sort(np.concatenate([own, drawn]))


def _distinct(random, high, count):
    """`count` different numbers below `high`, in no order."""
    if 4 * count > high:
        return random.permutation(high)[:count].astype('int64')
    drawn = np.empty(0, 'int64')
    while True:  # the first `count` different ones of an endless row of draws
        drawn = np.concatenate([drawn, random.randint(0, high, count + count // 4 + 8, dtype='int64')])
        first = np.sort(np.unique(drawn, return_index=True)[1])
        if len(first) >= count:
            return drawn[first[:count]]
