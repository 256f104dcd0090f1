"""Image files as a data set, and which of them can be read."""
import hashlib
import logging
import os
from typing import Callable, Optional, Sequence, Tuple

import numpy as np

from ..utils.messages import counted
from ..utils.progress import Bar
from ..utils.threads import each
from .dataset import StoredDataset
from .image import WRITTEN_SUFFIXES, decode_file, read_file, read_header_size, read_image

__all__ = ['ImageFiles', 'readable']

logger = logging.getLogger('gluonfr')


class ImageFiles(StoredDataset):
    """Image files as a data set.

    Parameters
    ----------
    paths : sequence of str
    labels : sequence of int or None
        None: -1 for each, images of nobody.
    classes : sequence of str
        Names by label.
    num_classes : int or None
        None: as many as there are names.
    transform : callable or None
        (NDArray uint8 (H,W,3) RGB, int) -> what indexing gives.
    root : str
        A folder above all; it may move without the images counting as changed.
    skipped : sequence of (path, reason)
    """

    def __init__(self, paths: Sequence[str], labels: Optional[Sequence[int]] = None, classes: Sequence[str] = (),
                 num_classes: Optional[int] = None, transform: Optional[Callable] = None, root: str = '',
                 skipped: Sequence[Tuple[str, str]] = ()):
        self.paths, self.classes, self.skipped = list(paths), list(classes), list(skipped)
        self.labels = np.full(len(self.paths), -1, np.int64) if labels is None else np.array(labels, dtype=np.int64)
        self.num_classes = len(self.classes) if num_classes is None else num_classes
        self.root = root
        self._transform = transform

    @property
    def names(self):
        return self.paths

    @property
    def origin(self):
        return self.root

    def __repr__(self):
        return '{}({} of {})'.format(type(self).__name__, counted(len(self), 'image'),
                                     counted(self.num_classes, 'class', 'classes'))

    def read_bytes(self, index):
        return read_file(self.paths[index]), int(self.labels[index])

    def decode(self, data, index):
        return decode_file(data, self.paths[index])

    def size_of(self, index):
        return read_header_size(self.paths[index])

    def describe(self, index):
        return self.paths[index]

    def stamp(self, index):
        status = os.stat(self.paths[index])
        return self.paths[index][len(self.root):], status.st_size, status.st_mtime_ns

    def identity(self):
        """A hash of the labels, and of the files' sizes and names without the folders above, which may move."""
        digest = hashlib.sha256()
        for array in self._identifying():
            digest.update(array.tobytes())
        for path in self.paths:
            name = '/'.join(path.replace(os.sep, '/').split('/')[-2:])
            digest.update(os.fsencode('{} {}\n'.format(name, os.path.getsize(path))))
        return {'files_sha256': digest.hexdigest()}

    def _identifying(self):
        """The arrays that tell this set from another of the same files."""
        return [self.labels]

    def check_formats(self):
        firsts = {}
        for path in self.paths:
            firsts.setdefault(os.path.splitext(path)[1].lower(), path)
        for suffix in sorted(set(firsts) - set(WRITTEN_SUFFIXES)):
            read_image(firsts[suffix])


def readable(owner, paths, on_error, skipped):
    """Return the indices of `paths` to keep; with 'skip', the others go to the list `skipped`, with the reasons."""
    if on_error == 'raise':
        return range(len(paths))
    faults = list(Bar(each(_fault, paths), total=len(paths), desc=owner + ': checking', unit=' images', disable=None))
    kept = [i for i, fault in enumerate(faults) if fault is None]
    skipped += [(path, fault) for path, fault in zip(paths, faults) if fault is not None]
    if not kept:
        raise ValueError('{}: no image can be read, the first because of: {}'.format(owner, skipped[0][1]))
    if skipped:
        logger.warning('%s: skipped %d of what was found, the first: %s (%s)', owner, len(skipped), *skipped[0])
    return kept


def _fault(path):
    """Say why an image cannot be read, None if it can."""
    try:
        read_image(path)
    except (OSError, ValueError) as error:  # of a name that no file can have, too
        return str(error)
