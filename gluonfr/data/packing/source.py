"""What can be packed: a folder of people, a list, a rec or any data set, in one form."""
import os
from collections import namedtuple

import numpy as np

from ...utils.files import is_path
from ..image import ImageError, decode
from ..opening import open_dataset
from .changes import image_keys, skipped_keys

__all__ = ['Source', 'of_dataset', 'of_path']

Source = namedtuple('Source', 'origin classes labels load size name state skipped ignored keys skipped_keys',
                    defaults=((), ()))
Source.__doc__ = """Images of people who are numbered 0, 1, ..., C - 1.

origin : str
    Where they come from.
classes : list of str, (C,)
    The people's names.
labels : int64 array, (N,)
load : callable
    index -> (image, its encoded bytes, b'' if there are none)
size : callable or None
    index -> (height, width), from the header; None where the image would have to be decoded.
name : callable
    index -> what an image is called in messages.
state : callable
    index -> JSON value that tells if an image has changed.
skipped, ignored : list of (str, str)
    Place and reason of what cannot be read, and of files that are no image of a person.
keys, skipped_keys : list of str
    What lists of images call them, and those that cannot be read.
"""


def of_path(owner, path, root, on_error, relabel):
    """The source of a folder of people, a list or a .rec, or of the data set of one.

    Raises
    ------
    ValueError
        Its labels leave numbers out, and `relabel` is False.
    """
    dataset = open_dataset(path, on_error, people=True, root=root) if is_path(path) else path
    classes, labels = _without_holes(dataset)
    if len(classes) != dataset.num_classes and not relabel:
        raise ValueError('{}: the labels of {} must be 0, 1, 2, ... without holes, got {:,} people with labels in [{}, '
                         '{}]: relabel=True numbers them anew.'.format(
                             owner, path, len(classes), dataset.labels.min(), dataset.labels.max()))
    if on_error == 'raise':
        dataset.check_formats()

    def load(index):
        data, _ = dataset.read_bytes(index)
        try:
            return decode(data), data
        except ImageError as error:
            raise ImageError('{}: {}'.format(dataset.describe(index), error)) from error

    return Source(os.path.abspath(dataset.origin), classes, labels, load, dataset.size_of, dataset.describe,
                  dataset.stamp, [(str(where), reason) for where, reason in dataset.skipped],
                  list(dataset.ignored_files), image_keys(dataset), skipped_keys(dataset))


def of_dataset(dataset):
    """The source of a data set with `labels` and `read(index)`, and perhaps `classes`."""
    classes, labels = _without_holes(dataset)

    def load(index):
        return dataset.read(index)[0], b''

    return Source(repr(dataset), classes, labels, load, None, 'sample {}'.format, int, [], [])


def _without_holes(dataset):
    """Names (C,) and labels (N,) of the people who have images, numbered from 0 on in the order of their labels."""
    values, labels = np.unique(np.asarray(dataset.labels), return_inverse=True)
    names = getattr(dataset, 'classes', None)
    return [names[value] if names else str(value) for value in values.tolist()], labels.astype(np.int64)
