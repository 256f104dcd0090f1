"""Whether the images of a set have the size that a network takes, by a look at their headers alone."""
import sys
from collections import namedtuple

import numpy as np

from ..utils.progress import Bar
from ..utils.threads import each

__all__ = ['OtherSizes', 'check_images', 'check_pairs_size', 'other_sizes']

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
    for index, found in zip(looked, Bar(each(size_of, looked), total=len(looked), desc='sizes', unit=' images', delay=2,
                                        disable=not progress or None, file=sys.stderr)):
        if tuple(found) != size:
            wrong.append((index, tuple(found)))
    return OtherSizes(len(wrong), len(looked), *wrong[0]) if wrong else None


def check_images(dataset, path, net, size, progress=True, *, resizable=False):
    """Raise a ValueError if images of a set of people have not the size that a network takes, by their headers.

    Parameters
    ----------
    dataset, path : FaceDataset, str
        The set and where it is.
    net, size : str, (int, int)
        What the network is called, and the height and width that it takes.
    progress : bool
        Show a bar on stderr, if it takes longer than two seconds.
    resizable : bool
        Whether the network can be made for another size, by the argument input_size.
    """
    try:
        _check_first(dataset, path, net, size, resizable)
        if dataset.one_size:
            return
        other = other_sizes(dataset.size_of, np.arange(len(dataset)), size, progress)
    except FileNotFoundError as error:
        raise FileNotFoundError('dataset={!r}: there is no {}. Paths in a list are relative to its folder; `gluonfr '
                                'pack folder {} --root DIR` takes others.'.format(
                                    path, error.filename, path)) from error
    if other:
        raise ValueError('dataset={!r}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first {} x {}: {}. `gluonfr pack folder {} --resize {} --out DIR` stretches them, `gluonfr '
                         'align` cuts the faces out of photographs.'.format(
                             path, net, *size, other.count, other.looked, *other.size, dataset.describe(other.index),
                             path, size[0]))


def _check_first(dataset, path, net, size, resizable):
    """The first image tells the usual mistake, a whole set of another size, and what helps."""
    first = dataset.size_of(0)
    if tuple(first) == size:
        return
    other_net = resizable and len(set(first)) == 1 and not first[0] % 16  # sides that the networks can halve four times
    raise ValueError('dataset={0!r}: {1} takes images of {2} x {3} pixels, got {4} x {5}. `gluonfr pack folder {0} '
                     '--resize {2} --out DIR` brings them to that size{6}.'.format(
                         path, net, *size, *first,
                         ', network_args input_size={} the network to theirs'.format(first[0]) * other_net))


def check_pairs_size(pairs, net, size, progress=True):
    """Raise a ValueError if images of a set of pairs have not the size that a network takes, by their headers."""
    other = other_sizes(pairs.size_of, np.arange(len(pairs.images)), size, progress)
    if other:
        raise ValueError('pairs={!r}: {} takes images of {} x {} pixels, and {:,} of {:,} have another size, the '
                         'first, image {}, {} x {}. `gluonfr pack pairs ... --resize {}` stretches them.'.format(
                             str(pairs.path), net, *size, other.count, other.looked, other.index, *other.size,
                             size[0]))
