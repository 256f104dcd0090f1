"""Faces as image files: a folder for each person, or a list of paths and labels."""
import logging
import os
from multiprocessing.pool import ThreadPool

import mxnet as mx
import numpy as np
from mxnet.gluon.data import Dataset
from tqdm import tqdm

from ..compat import usable_cores
from ..utils.check import check_choice
from .image import IMAGE_SUFFIXES, ImageError, read_image

__all__ = ['FolderDataset', 'ListDataset', 'label_ranges']

logger = logging.getLogger('gluonfr')


def label_ranges(labels, num_classes):
    """Return [start, stop) of each class's positions, int64 (num_classes, 2), or None if the labels ever fall."""
    labels = np.asarray(labels)
    if (labels[1:] < labels[:-1]).any():
        return None
    edges = np.searchsorted(labels, np.arange(num_classes + 1))
    return np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64)


class _FileDataset(Dataset):
    """Image files with the labels that a subclass gives them."""

    def __init__(self, paths, labels, num_classes, transform):
        self.paths = paths
        self.labels = np.array(labels, dtype=np.int64)
        self.num_classes = num_classes
        self.ranges = label_ranges(self.labels, num_classes)
        self._transform = transform

    def __len__(self):
        return len(self.paths)

    def read(self, index):
        """Return (uint8 array (H,W,3) RGB, int label) of a sample; several threads may.

        Raises
        ------
        ImageError, OSError
            The file is damaged or gone; with its path.
        """
        return read_image(self.paths[index]), int(self.labels[index])

    def __getitem__(self, index):
        image, label = self.read(index)
        image = mx.nd.array(image, dtype='uint8')
        return (image, label) if self._transform is None else self._transform(image, label)

    def __repr__(self):
        return '{}({:,} images of {:,} classes)'.format(type(self).__name__, len(self), self.num_classes)


class FolderDataset(_FileDataset):
    """Images in one folder for each person: root/person/image.jpg.

    Persons are sorted by name, and so are a person's images; the n-th person has the label n. Hidden files and folders
    and folders within a person's are left out.

    Parameters
    ----------
    root : str or Path
    transform : callable or None
        (NDArray uint8 (H,W,3) RGB, int) -> what indexing gives.
    on_error : {'raise', 'skip'}
        'raise': a person without images raises at once, an image that cannot be read when it is read. 'skip': every
        image is read once at the beginning; those that cannot be, and persons without any, are left out before labels
        are given.

    Attributes
    ----------
    classes : list of str
        The persons' names; a label is a place in it.
    paths : list of str, (N,)
    labels : int64 array, (N,)
    num_classes : int
    ranges : int64 array, (num_classes, 2)
        [start, stop) of each person's positions.
    ignored : int
        Files, beside the persons' folders and in them, that are no images by their suffix.
    skipped : list of (path, reason)

    Indexing gives (NDArray uint8 (H,W,3) RGB, int).

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such folder.
    ValueError
        There are no persons, or some without images; or with 'skip', no readable image.
    """

    def __init__(self, root, transform=None, on_error='raise'):
        check_choice('FolderDataset', 'on_error', on_error, ('raise', 'skip'))
        self.root = os.path.expanduser(os.fspath(root))
        persons, beside = _visible(self.root)
        if not persons:
            raise ValueError('FolderDataset: {} must hold a folder for each person with images in it, got {:,} files '
                             'and no folder.'.format(self.root, len(beside)))
        self.ignored = len(beside)
        paths, names, empty = [], [], []
        for person in persons:
            folder = os.path.join(self.root, person)
            files = _visible(folder)[1]
            images = [name for name in files if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
            self.ignored += len(files) - len(images)
            paths += [os.path.join(folder, name) for name in images]
            names += [person] * len(images)
            if not images:
                empty.append(folder)
        if empty and on_error == 'raise':
            raise ValueError("FolderDataset: each folder in {} must hold images ({}), got {:,} without any: {}{}. "
                             "Remove them or use on_error='skip'.".format(
                                 self.root, ' '.join(IMAGE_SUFFIXES), len(empty),
                                 ', '.join(map(os.path.basename, empty[:5])), ' and others' if len(empty) > 5 else ''))
        self.skipped = [(folder, 'a person without images') for folder in empty]
        kept = _readable(self, paths, on_error)
        self.classes = sorted({names[i] for i in kept})
        number = {name: label for label, name in enumerate(self.classes)}
        super().__init__([paths[i] for i in kept], [number[names[i]] for i in kept], len(number), transform)


class ListDataset(_FileDataset):
    """Images that a text file lists, a line for each: path, tabulator, label.

    Empty lines and those that begin with # are comments. The order of the samples is that of the lines.

    Parameters
    ----------
    path : str or Path
        The list, in UTF-8.
    root : str, Path or None
        What the paths are relative to; None: the folder of the list.
    transform : callable or None
        (NDArray uint8 (H,W,3) RGB, int) -> what indexing gives.
    on_error : {'raise', 'skip'}
        'raise': an image that cannot be read raises when it is read. 'skip': every image is read once at the beginning
        and those that cannot be are left out; labels stay as they are.

    Attributes
    ----------
    paths : list of str, (N,)
    labels : int64 array, (N,)
    num_classes : int
        The highest label in the list, plus one.
    ranges : int64 array, (num_classes, 2), or None
        [start, stop) of each class's positions if the labels never fall from one line to the next.
    skipped : list of (path, reason)

    Indexing gives (NDArray uint8 (H,W,3) RGB, int).

    Raises
    ------
    FileNotFoundError
        There is no such list.
    ValueError
        A line is wrong (its number), there are none, or with 'skip', no readable image.
    """

    def __init__(self, path, root=None, transform=None, on_error='raise'):
        check_choice('ListDataset', 'on_error', on_error, ('raise', 'skip'))
        path = os.path.expanduser(os.fspath(path))
        root = os.path.dirname(path) if root is None else os.path.expanduser(os.fspath(root))
        paths, labels = [], []
        for number, line in read_lines(path):
            name, tab, label = line.rpartition('\t')
            if not tab or not name.strip() or not label.strip().isdecimal() or int(label.strip()[:11]) >= 2 ** 31:
                raise ValueError('ListDataset: {}, line {}: must be a path, a tabulator and a whole number in '
                                 '[0, 2^31), got {!r:.200}.'.format(path, number, line))
            paths.append(os.path.join(root, name.strip()))
            labels.append(int(label))
        if not paths:
            raise ValueError('ListDataset: {} must list at least one image, got no line but comments.'.format(path))
        self.skipped = []
        kept = _readable(self, paths, on_error)
        super().__init__([paths[i] for i in kept], [labels[i] for i in kept], max(labels) + 1, transform)


def read_lines(path):
    """Yield (number, line) of a UTF-8 text file without its empty lines and its comments (#); numbers are from 1."""
    with open(path, encoding='utf-8-sig', errors='surrogateescape') as file:  # as file names that are not UTF-8
        for number, line in enumerate(file, 1):
            line = line.rstrip('\r\n')
            if line.strip() and not line.startswith('#'):
                yield number, line


def _visible(folder):
    """Return the sorted names of the folders and of the files in ``folder``, without hidden ones."""
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith('.'))
    return [name for name, is_dir in found if is_dir], [name for name, is_dir in found if not is_dir]


def _readable(dataset, paths, on_error):
    """Return the indices of ``paths`` to keep; with 'skip', the others go to ``dataset.skipped``."""
    if on_error == 'raise':
        return range(len(paths))
    owner = type(dataset).__name__
    with ThreadPool(usable_cores()) as pool:
        faults = list(tqdm(pool.imap(_fault, paths, 64), total=len(paths), desc=owner + ': checking', unit=' images',
                           disable=None))
    kept = [i for i, fault in enumerate(faults) if fault is None]
    dataset.skipped += [(path, fault) for path, fault in zip(paths, faults) if fault is not None]
    if not kept:
        raise ValueError('{}: no image can be read, the first because of: {}'.format(owner, dataset.skipped[0][1]))
    if dataset.skipped:
        logger.warning('%s: skipped %d of what was found, the first: %s (%s)', owner, len(dataset.skipped),
                       *dataset.skipped[0])
    return kept


def _fault(path):
    """Say why an image cannot be read, None if it can."""
    try:
        read_image(path)
    except (ImageError, OSError) as error:
        return str(error)
