"""Images from whatever a path names: a folder of people or of images, a list or a rec."""
import logging
import os

import numpy as np

from .folder import FolderDataset, ListDataset
from .image import IMAGE_SUFFIXES, ImageError, read_image
from .record import RecordDataset

__all__ = ['ImageFiles', 'open_images']


class ImageFiles:
    """Image files as a dataset without labels."""

    def __init__(self, paths):
        self.paths = paths
        self.labels = np.full(len(paths), -1)

    def __len__(self):
        return len(self.paths)

    def read(self, i):
        """Image `i` and the label -1."""
        return read_image(self.paths[i]), -1


def open_images(place, on_error='raise'):
    """A face dataset from a folder of people or of images, a list file or a rec."""
    if os.path.isdir(place):
        names = sorted(name for name in os.listdir(place) if not name.startswith('.'))
        if any(os.path.isdir(os.path.join(place, name)) for name in names):
            return FolderDataset(place, on_error=on_error)
        images = [os.path.join(place, name) for name in names
                  if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
        if not images:
            raise ValueError('{} must hold images ({}), or a folder of them for each person, got {} other files.'
                             .format(place, ' '.join(IMAGE_SUFFIXES), len(names)))
        return ImageFiles([path for path in images if on_error == 'raise' or _readable(path)])
    if not os.path.isfile(place):
        raise FileNotFoundError('there is no file or folder {}.'.format(place))
    return (RecordDataset if place.endswith('.rec') else ListDataset)(place, on_error=on_error)


def _readable(path):
    try:
        read_image(path)
    except (ImageError, OSError) as error:
        logging.getLogger('gluonfr').warning('skipped %s: %s', path, error)
        return False
    return True
