"""Images from whatever a path names: a folder, an image, a list or a rec."""
import logging
import os

import numpy as np

from .file_dataset import readable
from .folder import FolderDataset
from .image import decode_file, read_file
from .lists import ListDataset
from .record import RecordDataset
from .walk import IMAGE_SUFFIXES, has_images, is_image, say_ignored, walk_images

__all__ = ['ImageFiles', 'names_of_people', 'open_images', 'open_people']

EMPTY = 'without images'


class ImageFiles:
    """Image files as a dataset.

    Parameters
    ----------
    paths : sequence of str
    labels : sequence of int or None
        Places in `classes`, -1 for images of nobody; None: all are.
    classes : list of str
        Names of people.
    """

    def __init__(self, paths, labels=None, classes=()):
        self.paths, self.classes, self.skipped = list(paths), list(classes), []
        self.labels = np.full(len(self.paths), -1) if labels is None else np.asarray(labels, np.int64)

    def __len__(self):
        return len(self.paths)

    def read(self, i):
        """Image `i` and its label."""
        data, label = self.read_bytes(i)
        return self.decode(data, i), label

    def read_bytes(self, i):
        """As `read`, but the image stays encoded: (bytes, int)."""
        return read_file(self.paths[i]), int(self.labels[i])

    def decode(self, data, i):
        """The image of `read` from its bytes."""
        return decode_file(data, self.paths[i])


def open_images(place, on_error='raise'):
    """A face dataset from a folder of people or of images, an image, a list file, a rec or a folder with a train.rec.

    In a folder with images of its own and folders beside them all are taken; the folders are people.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        It holds no images, or is neither of these.
    """
    if os.path.isdir(place) and not os.path.isfile(_rec(place)) and (has_images(place) or not _has_folders(place)):
        return _image_folder(place, on_error)
    if os.path.isfile(place) and is_image(place, foreign=True):
        files = ImageFiles([place])
        readable(files, files.paths, on_error)
        return files
    return open_people(place, on_error)


def open_people(place, on_error='raise', root=None):
    """A dataset with a label for each image: from a folder of people, a list file, a rec or a folder with a train.rec.

    `root` is what the paths in a list are relative to, None for its folder.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        It is neither of these, or has no images.
    """
    if os.path.isdir(place):
        is_packed = os.path.isfile(_rec(place))
        return RecordDataset(_rec(place), on_error=on_error) if is_packed else FolderDataset(place, on_error=on_error)
    if not os.path.isfile(place):
        raise FileNotFoundError('there is no file or folder {}.'.format(place))
    if is_image(place, foreign=True):
        raise ValueError('{} is one image. A set of people is a folder with a folder of images for each person, a list '
                         'of paths and labels, or a .rec.'.format(place))
    if place.endswith('.bin'):
        raise ValueError('{} holds pairs of images for `gluonfr verify --data`, and no people. A set of people is a '
                         'folder, a list or a .rec.'.format(place))
    if place.endswith('.rec'):
        return RecordDataset(place, on_error=on_error)
    return ListDataset(place, root, on_error=on_error)


def names_of_people(dataset):
    """The names of a dataset's people by label, as far as they are known: of a rec from classes.txt beside it."""
    if not isinstance(dataset, RecordDataset):
        return list(getattr(dataset, 'classes', None) or ())
    path = os.path.join(os.path.dirname(dataset.file.path), 'classes.txt')
    if not os.path.isfile(path):
        return []
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        names = file.read().splitlines()
    return names if len(names) == dataset.num_classes else []  # else they are of another rec in this folder


def _rec(folder):
    return os.path.join(folder, 'train.rec')


def _has_folders(place):
    return any(os.path.isdir(os.path.join(place, name)) for name in os.listdir(place) if not name.startswith('.'))


def _image_folder(place, on_error):
    found = walk_images(place)
    filled = {path.split(os.sep, 1)[0] for path in found.images}
    say_ignored(place, found.ignored + [(name + os.sep, EMPTY) for name in found.folders if name not in filled])
    if not found.images:
        raise ValueError('{} must hold images ({}), or a folder of them for each person, got {} other files.'.format(
            place, ' '.join(IMAGE_SUFFIXES), len(found.ignored)))
    people = [path.split(os.sep, 1)[0] if os.sep in path else None for path in found.images]
    classes = sorted(set(people) - {None})
    if classes:
        logging.getLogger('gluonfr').info(
            '%s: %d images lie in it and %d in folders, which count as people.', place, people.count(None),
            len(people) - people.count(None))
    files = ImageFiles([os.path.join(place, path) for path in found.images],
                       [-1 if person is None else classes.index(person) for person in people], classes)
    kept = readable(files, files.paths, on_error)
    return files if on_error == 'raise' else _part(files, kept)


def _part(files, kept):
    part = ImageFiles([files.paths[i] for i in kept], files.labels[kept], files.classes)
    part.skipped = files.skipped
    return part
