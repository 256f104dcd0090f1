"""Faces as image files: a folder for each person."""
import logging
import os
from typing import Callable, Optional

from ..utils.check import check_choice
from ..utils.messages import counted
from ..utils.types import PathLike
from .image_files import ImageFiles, readable
from .walk import IMAGE_SUFFIXES, say_ignored, walk_images

__all__ = ['FolderDataset']

logger = logging.getLogger('gluonfr')

BESIDE = 'beside the folders of people'


class FolderDataset(ImageFiles):
    """Images in one folder for each person: root/person/image.jpg, or deeper: root/person/album/image.jpg.

    Persons are sorted by name, and so are a person's images; the n-th person has the label n. Which files are images
    and what is left out is the rule of `gluonfr.data.walk`; images beside the persons' folders are left out, too.

    Parameters
    ----------
    root : str or Path
    transform : callable or None
        (NDArray uint8 (H,W,3) RGB, int) -> what indexing gives.
    on_error : {'raise', 'skip'}
        'raise': a person without images or whose folder cannot be read raises at once, an image that cannot be read
        when it is read. 'skip': every image is read once at the beginning; those that cannot be, and persons without
        any, are left out before labels are given.
    check : bool
        False, with 'skip': images are not read at the beginning, and only persons and folders are left out.

    Attributes
    ----------
    classes : list of str
        The persons' names; a label is a place in it.
    paths : list of str, (N,)
    labels : int64 array, (N,)
    num_classes : int
    ranges : int64 array, (num_classes, 2)
        [start, stop) of each person's positions.
    ignored_files : list of (str, str)
        Path in root and reason of each file or folder that was left out without a look at it.
    ignored : int
        How many these are.
    skipped : list of (path, reason)

    Indexing gives (NDArray uint8 (H,W,3) RGB, int).

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is no such folder.
    OSError
        A folder cannot be read.
    ValueError
        There are no persons, or some without images; or with 'skip', no readable image.
    """

    def __init__(self, root: PathLike, transform: Optional[Callable] = None, on_error: str = 'raise', *,
                 check: bool = True):
        check_choice('FolderDataset', 'on_error', on_error, ('raise', 'skip'))
        root = os.path.expanduser(os.fspath(root))
        found = walk_images(root, on_error)
        inside = [path for path in found.images if os.sep in path]
        beside = [path for path in found.images if os.sep not in path]
        if not found.folders:
            raise ValueError('FolderDataset: {} must hold a folder for each person with images in it, got {} '
                             'and no folder.'.format(root, counted(len(beside) + len(found.ignored), 'file')))
        self.ignored_files = [(path, BESIDE) for path in beside] + found.ignored
        names = [path.split(os.sep, 1)[0] for path in inside]
        closed = [name.rstrip(os.sep) for name, _ in found.unreadable]
        empty = [os.path.join(root, name) for name in sorted(set(found.folders).difference(names, closed))]
        if empty and on_error == 'raise':
            raise ValueError("FolderDataset: each folder in {} must hold images ({}), got {:,} without any: {}{}. "
                             "Remove them or use on_error='skip'.".format(
                                 root, ' '.join(IMAGE_SUFFIXES), len(empty),
                                 ', '.join(map(os.path.basename, empty[:5])), ' and others' if len(empty) > 5 else ''))
        if inside and all(path.count(os.sep) > 1 for path in inside):
            logger.warning('%s: all images lie in folders of folders. %s count as one person each; if they are not, '
                           'give one of them instead.', root, ', '.join(sorted(set(names))[:3]))
        say_ignored(root, self.ignored_files + found.unreadable)
        skipped = [(folder, 'a person without images') for folder in empty]
        skipped += [(os.path.join(root, folder), why) for folder, why in found.unreadable]
        paths = [os.path.join(root, path) for path in inside]
        kept = readable('FolderDataset', paths, on_error if check else 'raise', skipped)
        classes = sorted({names[i] for i in kept})
        number = {name: label for label, name in enumerate(classes)}
        super().__init__([paths[i] for i in kept], [number[names[i]] for i in kept], classes, transform=transform,
                         root=root, skipped=skipped)

    @property
    def ignored(self):
        return len(self.ignored_files)
