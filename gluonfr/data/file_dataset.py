"""What datasets of image files have in common."""
import logging
import os
from multiprocessing.pool import ThreadPool

import mxnet as mx
import numpy as np
from mxnet.gluon.data import Dataset
from tqdm import tqdm

from ..compat import usable_cores
from .image import WRITTEN_SUFFIXES, ImageError, decode_file, read_file, read_image

__all__ = ['FileDataset', 'check_formats', 'label_ranges', 'readable']

logger = logging.getLogger('gluonfr')


def label_ranges(labels, num_classes):
    """Return [start, stop) of each class's positions, int64 (num_classes, 2), or None if the labels ever fall."""
    labels = np.asarray(labels)
    if (labels[1:] < labels[:-1]).any():
        return None
    edges = np.searchsorted(labels, np.arange(num_classes + 1))
    return np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64)


class FileDataset(Dataset):
    """Image files with the labels that a subclass gives them."""

    def __init__(self, paths, labels, num_classes, transform):
        self.paths = paths
        self.labels = np.array(labels, dtype=np.int64)
        self.num_classes = num_classes
        self._transform = transform

    @property
    def ranges(self):
        """[start, stop) of each class's positions, int64 (num_classes, 2); None if the labels ever fall."""
        return label_ranges(self.labels, self.num_classes)

    def __len__(self):
        return len(self.paths)

    def read(self, index):
        """Return (uint8 array (H,W,3) RGB, int label) of a sample; several threads may.

        Raises
        ------
        ImageError, OSError
            The file is damaged or gone; with its path.
        """
        data, label = self.read_bytes(index)
        return self.decode(data, index), label

    def read_bytes(self, index):
        """As `read`, but the image stays encoded: (bytes, int)."""
        return read_file(self.paths[index]), int(self.labels[index])

    def decode(self, data, index):
        """The image of `read` from its bytes."""
        return decode_file(data, self.paths[index])

    def __getitem__(self, index):
        image, label = self.read(index)
        image = mx.nd.array(image, dtype='uint8')
        return (image, label) if self._transform is None else self._transform(image, label)

    def __repr__(self):
        return '{}({:,} images of {:,} classes)'.format(type(self).__name__, len(self), self.num_classes)


def readable(dataset, paths, on_error):
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


def check_formats(paths):
    """Read the first image of each rarer format: what lacks a plugin, as HEIC may, shows at once, not in an hour."""
    firsts = {}
    for path in paths:
        firsts.setdefault(os.path.splitext(path)[1].lower(), path)
    for suffix in sorted(set(firsts) - set(WRITTEN_SUFFIXES)):
        read_image(firsts[suffix])
