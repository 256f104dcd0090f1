"""What can be packed: a folder of people, a list, a rec or any data set, in one form."""
import os
from collections import namedtuple
from functools import partial

import numpy as np

from ...utils.files import is_path
from ..file_dataset import check_formats
from ..image import ImageError, decode
from ..open_images import names_of_people, open_people
from ..record import RecordDataset
from ..sizes import size_of

__all__ = ['Source', 'of_dataset', 'of_place']

Source = namedtuple('Source', 'origin classes labels load size name state skipped ignored')
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
"""


def of_place(owner, place, root, on_error, relabel):
    """The source of a folder of people, a list or a .rec, or of the data set of one.

    Raises
    ------
    ValueError
        Its labels leave numbers out, and `relabel` is False.
    """
    dataset = open_people(os.path.expanduser(os.fspath(place)), on_error, root) if is_path(place) else place
    classes, labels = _without_holes(dataset)
    if len(classes) != dataset.num_classes and not relabel:
        raise ValueError('{}: the labels of {} must be 0, 1, 2, ... without holes, got {:,} people with labels in [{}, '
                         '{}]: relabel=True numbers them anew.'.format(
                             owner, place, len(classes), dataset.labels.min(), dataset.labels.max()))
    if isinstance(dataset, RecordDataset):
        origin, name, read, state = _records(dataset)
    else:
        origin, name, read, state = _files(dataset)
        if on_error == 'raise':
            check_formats(dataset.paths)

    def load(index):
        data = read(index)
        try:
            return decode(data), data
        except ImageError as error:
            raise ImageError('{}: {}'.format(name(index), error)) from error

    return Source(os.path.abspath(origin), classes, labels, load, partial(size_of, dataset), name, state,
                  [(str(where), reason) for where, reason in dataset.skipped], getattr(dataset, 'ignored_files', []))


def of_dataset(dataset):
    """The source of a data set with `labels` and `read(index)`, and perhaps `classes`."""
    classes, labels = _without_holes(dataset)

    def load(index):
        return dataset.read(index)[0], b''

    return Source(repr(dataset), classes, labels, load, None, 'sample {}'.format, int, [], [])


def _files(dataset):
    """Origin, name, read and state of image files."""
    def read(index):
        with open(dataset.paths[index], 'rb') as file:
            return file.read()

    def state(index):
        status = os.stat(dataset.paths[index])
        return dataset.paths[index][len(dataset.root):], status.st_size, status.st_mtime_ns

    return dataset.root, dataset.paths.__getitem__, read, state


def _records(dataset):
    """Origin, name, read and state of the records of a .rec."""
    path = dataset.file.path
    status = os.stat(path)

    def state(index):
        return int(dataset.keys[index]), status.st_size, status.st_mtime_ns

    return path, lambda i: 'record {} of {}'.format(dataset.keys[i], path), lambda i: dataset.read_bytes(i)[0], state


def _without_holes(dataset):
    """Names (C,) and labels (N,) of the people who have images, numbered from 0 on in the order of their labels."""
    values, labels = np.unique(np.asarray(dataset.labels), return_inverse=True)
    names = names_of_people(dataset)
    return [names[value] if names else str(value) for value in values.tolist()], labels.astype(np.int64)
