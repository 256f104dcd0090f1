"""One opener for all data sets of faces: a folder, an image, a list, a .rec, or a set by its name; one for pairs."""
import logging
import os
from typing import Optional, Tuple

from ..utils.files import lies_in
from ..utils.messages import counted
from ..utils.types import PathLike
from .dataset import StoredDataset
from .folder import FolderDataset
from .image_files import ImageFiles, readable
from .lists import ListDataset
from .pairs import BinFile, read_bin
from .recognition import ENDS, FRTrainRecordDataset, FRValDataset
from .record import RecordDataset
from .walk import IMAGE_SUFFIXES, has_folders, has_images, is_image, say_ignored, walk_images

__all__ = ['check_apart', 'open_dataset', 'open_pairs']

EMPTY = 'without images'


def open_dataset(path: PathLike, on_error: str = 'raise', *, people: bool = False, root: Optional[PathLike] = None,
                 sets: Optional[PathLike] = None, check: bool = True) -> StoredDataset:
    """Open the data set that a path names.

    Parameters
    ----------
    path : str or Path
        A folder of people (`FolderDataset`), a list file (`ListDataset`), a .rec or a folder with a train.rec
        (`RecordDataset`). Without `people` also a folder of images or one image (`ImageFiles`): in a folder with images
        of its own and folders beside them all are taken; the folders are people.
    on_error : {'raise', 'skip'}
        What becomes of images that cannot be read: an error when they are, or all are looked at now and these left out.
    people : bool
        Whether each image must have a label.
    root : str or None
        What the paths in a list are relative to; None: its folder.
    sets : str, Path or None
        Folder of data sets, in which `path` may be the name of one where it is no path: `FRTrainRecordDataset`.
    check : bool
        False, with 'skip': image files are not looked at now, and only folders that cannot be read are left out.

    Returns
    -------
    StoredDataset

    Raises
    ------
    FileNotFoundError
        There is no such file, folder or set.
    ValueError
        It is none of these, or has no images.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from gluonfr.data import encode, open_dataset
    >>> with tempfile.TemporaryDirectory() as people:
    ...     for name in ('ann', 'bob'):
    ...         os.mkdir(os.path.join(people, name))
    ...         with open(os.path.join(people, name, '1.png'), 'wb') as file:
    ...             size = file.write(encode(np.zeros((8, 8, 3), np.uint8), '.png'))
    ...     dataset = open_dataset(people)
    ...     print(dataset, dataset.classes, dataset.read(1)[1])
    FolderDataset(2 images of 2 classes) ['ann', 'bob'] 1
    """
    path = os.path.expanduser(os.fspath(path))
    if sets is not None and not os.path.dirname(path) and not os.path.exists(path):
        return FRTrainRecordDataset(path, sets, on_error=on_error)
    if os.path.isdir(path):
        if os.path.isfile(_rec(path)):
            return RecordDataset(_rec(path), on_error=on_error)
        if people or has_folders(path) and not has_images(path):
            return FolderDataset(path, on_error=on_error, check=check)
        return _image_folder(path, on_error, check)
    look = on_error if check else 'raise'
    if not os.path.isfile(path):
        raise FileNotFoundError('there is no file or folder {}.'.format(path))
    if is_image(path, foreign=True):
        if people:
            raise ValueError('{} is one image. A set of people is a folder with a folder of images for each person, a '
                             'list of paths and labels, or a .rec.'.format(path))
        readable('ImageFiles', [path], look, [])
        return ImageFiles([path])
    if path.endswith(ENDS):
        raise ValueError('{} holds pairs of images for `gluonfr verify --data`, and no people. A set of people is a '
                         'folder, a list or a .rec.'.format(path))
    if path.endswith('.rec'):
        return RecordDataset(path, on_error=on_error)
    return ListDataset(path, root, on_error=look)


def check_apart(what: str, out: PathLike, source: PathLike) -> None:
    """Raise a ValueError if a file or folder to be written lies among photographs that are read.

    Parameters
    ----------
    what : str
        What messages call `out`.
    out : str or Path
    source : str or Path
        What `open_dataset` opens; of these, only a folder that is no packed set keeps others out.
    """
    source = os.path.expanduser(os.fspath(source))
    if os.path.isdir(source) and not os.path.isfile(_rec(source)) and lies_in(out, source):
        raise ValueError('{} must not lie among the photographs of {}, where it would be taken for one of them or a '
                         'person the next time, got {}.'.format(what, source, out))


def open_pairs(path: str, root: Optional[str] = None) -> Tuple[str, BinFile]:
    """A set of pairs from a .bin file, or by its name in a folder of sets.

    Parameters
    ----------
    path : str
        A .bin file, one that xz has packed (.xz), or a name that `FRValDataset` takes.
    root : str or None
        Where named sets lie, None for the default of `FRValDataset`.

    Returns
    -------
    (str, BinFile)
        What the set is called, and its pairs.

    Raises
    ------
    FileNotFoundError
        There is no such file or set.
    ValueError
        It is something else than pairs; the message says what, and how to make pairs of it.
    """
    if os.path.isdir(path):
        found = sorted(name for name in os.listdir(path) if name.endswith(ENDS))
        raise ValueError('{} is a folder, and a set of pairs is a .bin file: {}.'.format(
            path, 'give {}'.format(' or '.join(os.path.join(path, name) for name in found)) if found else
            'make one with `gluonfr pack pairs`, or draw pairs of people with examples/face/prepare.py'))
    if os.path.isfile(path) and not path.endswith(ENDS):
        raise ValueError(_no_pairs(path))
    if path.endswith(ENDS):
        if not os.path.isfile(path):
            raise FileNotFoundError('there is no {}.'.format(path))
        return os.path.splitext(os.path.basename(path))[0], read_bin(path)
    return path, FRValDataset(path, root).bin


def _rec(folder):
    return os.path.join(folder, 'train.rec')


def _image_folder(folder, on_error, check):
    found = walk_images(folder, on_error)
    filled = {path.split(os.sep, 1)[0] for path in found.images}
    closed = {path.rstrip(os.sep) for path, _ in found.unreadable}
    say_ignored(folder, found.ignored + found.unreadable + [
        (name + os.sep, EMPTY) for name in found.folders if name not in filled | closed])
    if not found.images:
        raise ValueError('{} must hold images ({}), or a folder of them for each person, got {}.'.format(
            folder, ' '.join(IMAGE_SUFFIXES), counted(len(found.ignored), 'other file')))
    people = [path.split(os.sep, 1)[0] if os.sep in path else None for path in found.images]
    classes = sorted(set(people) - {None})
    if classes:
        logging.getLogger('gluonfr').info(
            '%s: %s in it and %d in folders, which count as people.', folder, counted(people.count(None), 'image'),
            len(people) - people.count(None))
    paths = [os.path.join(folder, path) for path in found.images]
    skipped = [(os.path.join(folder, path), why) for path, why in found.unreadable]
    kept = readable('ImageFiles', paths, on_error if check else 'raise', skipped)
    return ImageFiles([paths[i] for i in kept],
                      [-1 if people[i] is None else classes.index(people[i]) for i in kept], classes, skipped=skipped)


def _no_pairs(path):
    """What a file is instead of pairs, and what to do."""
    if is_image(path, foreign=True):
        return '{} is one image, and a set of pairs (.bin) is needed: `gluonfr compare` compares images.'.format(path)
    if path.endswith('.rec'):
        return ('{} holds people, and a set of pairs (.bin) is needed. examples/face/prepare.py draws pairs of people; '
                '`gluonfr pack pairs LIST --root DIR --out FILE.bin` packs those of a list.'.format(path))
    return ('{} must be a .bin, or the name of a set in --root. If it is a list of pairs: gluonfr pack pairs {} --root '
            'DIR --out FILE.bin'.format(path, path))
