"""Face images in a .rec file, in InsightFace's form or flat, as a dataset."""
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Optional, Tuple

import numpy as np

from ...compat import usable_cores
from ...utils.check import check_choice
from ...utils.files import file_sha256
from ...utils.messages import counted
from ...utils.progress import Bar
from ...utils.rows import of_line, read_name_lines
from ...utils.types import PathLike
from ..dataset import StoredDataset
from ..image import ImageError, decode, header_size
from .file import RecordFile
from .format import RecordError
from .image_records import image_records

__all__ = ['RecordDataset']

_SKIP = "With on_error='skip' what can be read is used, and the rest reported."
_PIECE = 256  # images that a thread checks at a time


class RecordDataset(StoredDataset):
    """Face images and their classes from a .rec, in the form of InsightFace (https://github.com/deepinsight/insightface)
    or flat.

    InsightFace's form begins with a record of the keys of the persons and ends with one record for each person, which
    has that person's image keys. A flat file has nothing but images. Either way only images are samples, by ascending
    key, and the class of an image is its label, or the first of its labels.

    What is checked when. At construction: the index; of a flat file all headers; of the other form the records of the
    persons, the header of the first image of each (the others must have its label), and what by the index may be empty
    or cut off; the first image; `property`. When an image is read: its frame, its label, that it can be decoded, and
    its size if there is a `property`. A JPEG has no checksum, so flipped bytes within one seldom show.

    Parameters
    ----------
    path_rec : str or Path
        A file `property` beside it, "classes,height,width", must agree with it; without one, they are taken from the
        records. Nothing is written.
    path_idx : str or Path or None
        See `RecordFile`, which also does without one.
    flag : {0, 1}
        1 for RGB, 0 for grey images.
    transform : callable or None
        (image, label) -> what indexing gives.
    on_error : {'raise', 'skip'}
        What becomes of records that are empty, cut off, damaged or cannot be decoded. 'raise': an error, at
        construction or when the image is read. 'skip': they are left out and listed in `skipped`. So that the length
        is known from the beginning, construction then decodes every image, with a progress bar (some 10,000 a second
        and core). No image ever takes the place of another.

    Attributes
    ----------
    labels : int64 (N,)
        Class of each sample, 0..num_classes-1.
    num_classes : int
    ranges : int64 (num_classes, 2) or None
        [start, stop) of each class's samples; None unless the samples lie class by class, in ascending order. A class
        without samples has start == stop.
    keys : int64 (N,)
        Key of each sample's record.
    header : (int, int) or None
        [first, end) of the keys of the persons in InsightFace's form (as float32 holds them), None for a flat file.
    image_size : (int, int)
        Height and width of the images (of the first one, where there is no `property`).
    skipped : list of (int, str)
        Key and reason of each record that was left out.
    file : RecordFile

    Indexing gives (NDArray uint8 (H,W,3) RGB or (H,W,1) grey, int).

    Raises
    ------
    FileNotFoundError
        The .rec, or an .idx that was named, is missing.
    RecordError
        A damaged file, or files that contradict each other: which file, which key, and what to do.

    Examples
    --------
    >>> import os, tempfile
    >>> from gluonfr.data import RecordDataset, SyntheticFaces, pack_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = pack_dataset(SyntheticFaces(2, 3, size=32), folder, progress=False)
    ...     people = RecordDataset(os.path.join(folder, 'train.rec'))
    ...     image, label = people.read(5)
    >>> len(people), people.num_classes, image.shape, label
    (6, 2, (32, 32, 3), 1)
    """

    def __init__(self, path_rec: PathLike, path_idx: Optional[PathLike] = None, flag: int = 1,
                 transform: Optional[Callable] = None, on_error: str = 'raise'):
        self._flag = check_choice('RecordDataset', 'flag', flag, (0, 1))
        self._skip = check_choice('RecordDataset', 'on_error', on_error, ('raise', 'skip')) == 'skip'
        self._transform = transform
        self._size = None  # the size that every image must have, once it is known
        self.file = RecordFile(path_rec, path_idx)
        self.skipped = []
        self._find_images()
        self._check_property()
        if self._skip:
            self._leave_out(self.check(progress=True))

    @property
    def classes(self):
        """The persons' names by label, as `gluonfr pack` writes them to classes.txt; none without that file."""
        path = os.path.join(os.path.dirname(self.origin), 'classes.txt')
        if not os.path.isfile(path):
            return []
        names = list(map(of_line, read_name_lines(path)))
        return names if len(names) == self.num_classes else []  # else they are of another .rec in this folder

    @property
    def names(self):
        return list(map(str, self.keys.tolist()))

    @property
    def origin(self):
        return self.file.path

    @property
    def one_size(self):
        return os.path.isfile(os.path.join(os.path.dirname(self.origin), 'pack.json'))  # of `gluonfr pack`

    def __len__(self):
        return len(self.keys)

    def __repr__(self):
        return 'RecordDataset({}: {}, {})'.format(self.file.path, counted(len(self), 'image'),
                                               counted(self.num_classes, 'class', 'classes'))

    def read_bytes(self, index):
        """As `read`, but the image stays encoded: (bytes, int).

        Raises
        ------
        RecordError
            The record is empty or damaged, or its label is not what the rest of the files says.
        """
        header, data = self.file.read(self.keys[index])
        label = int(self.labels[index])
        found = header.label if header.flag == 0 else header.label[0]
        if not data:
            raise self._error(index, 'it is empty: it has a label and no image.')
        if found != label:
            raise self._error(index, "its label is {:g}, that of its person's first image {}.".format(found, label))
        return data, label

    def decode(self, data, index):
        try:
            image = decode(data, self._flag)
        except ImageError as error:
            raise self._error(index, str(error)) from error
        if self._size not in (None, image.shape[:2]):
            raise self._error(index, 'the image has {} x {} pixels, `property` says {} x {}.'.format(
                *image.shape[:2], *self._size))
        return image

    def size_of(self, index):
        data = self.read_bytes(index)[0]
        try:
            return header_size(data)
        except ImageError as error:
            raise ImageError('{}: {}'.format(self.describe(index), error)) from error

    def describe(self, index):
        return 'record {} of {}'.format(self.keys[index], self.file.path)

    def stamp(self, index):
        status = os.stat(self.file.path)
        return int(self.keys[index]), status.st_size, status.st_mtime_ns

    def identity(self):
        """A hash of the index."""
        path = self.file.path_idx
        return {'index_sha256': file_sha256(path)} if os.path.isfile(path) else {}

    def check(self, progress: bool = False) -> List[Tuple[int, str]]:
        """Read and decode every image.

        Parameters
        ----------
        progress : bool
            Show a bar on stderr, if it takes longer than two seconds.

        Returns
        -------
        list of (int, str)
            Key and reason of each sample that cannot be read.
        """
        def faults(start):
            found = []
            for i in range(start, min(start + _PIECE, len(self))):
                try:
                    self.read(i)
                except RecordError as error:
                    found.append((int(self.keys[i]), str(error)))
            return found

        starts = range(0, len(self), _PIECE)
        with ThreadPoolExecutor(usable_cores()) as pool, Bar(
                total=len(self), desc='check', unit='image', delay=2, disable=not progress, file=sys.stderr) as bar:
            found = []
            for start, bad in zip(starts, pool.map(faults, starts)):
                found += bad
                bar.update(min(_PIECE, len(self) - start))
        return found

    def _find_images(self):
        try:
            found = image_records(self.file, strict=not self._skip)
        except RecordError as error:
            raise RecordError('{} {}'.format(error, _SKIP)) from error
        if found.faults and not self._skip:
            raise RecordError('{}{} {}'.format(found.faults[0][1], '' if len(found.faults) == 1 else
                                               ' (And {} more.)'.format(len(found.faults) - 1), _SKIP))
        self.keys, self.labels, self.header = found.keys, found.labels, found.header
        self._leave_out(found.faults)

    def _leave_out(self, faults):
        keep = ~np.isin(self.keys, [key for key, _ in faults])
        self.keys, self.labels = self.keys[keep], self.labels[keep]
        self.skipped += faults
        if not len(self.keys):
            raise RecordError('{} has no image that can be read. {} Get the file again.'.format(
                self.file.path, self.skipped[0][1] if self.skipped else 'It has no image records at all.'))

    def _check_property(self):
        """Set num_classes and image_size."""
        self.image_size = self._first_size()
        self.num_classes = int(self.labels.max()) + 1
        path = os.path.join(os.path.dirname(self.file.path), 'property')
        if not os.path.exists(path):
            return
        with open(path, encoding='utf-8', errors='replace') as file:
            text = file.read(100)
        numbers = re.fullmatch(r'\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*', text)
        said = tuple(map(int, numbers.groups())) if numbers else (0, 0, 0)
        # of what was skipped, the last classes may be
        classes_fit = said[0] == self.num_classes or (self.skipped and said[0] > self.num_classes)
        if not classes_fit or said[1:] != self.image_size:
            raise RecordError('{} must say "classes,height,width", which is "{},{},{}" by the records of {}, it says '
                              '{!r}. Correct it, or delete it if the records are right.'.format(
                                  path, self.num_classes, *self.image_size, self.file.path, text))
        self.num_classes, self._size = said[0], said[1:]

    def _first_size(self):
        for i in range(len(self)):
            try:
                return self.read(i)[0].shape[:2]
            except RecordError as error:
                if not self._skip:
                    raise
                reason = str(error)
        raise RecordError('{} has no image that can be read. {} Get the file again.'.format(self.file.path, reason))

    def _error(self, index, what):
        return RecordError('{}: {}{}'.format(self.describe(index), what, '' if self._skip else ' ' + _SKIP))
