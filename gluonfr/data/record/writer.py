"""Writes .rec, .idx and property in InsightFace's form."""
import os
import zlib
from typing import Optional, Sequence, Tuple

import numpy as np

from ...utils.check import check_int
from ...utils.files import write_text
from ...utils.system import read_at
from ...utils.types import PathLike
from .checksums import write_checksums
from .format import MAX_BYTES, frame, pack, scan, write_index

__all__ = ['RecordWriter', 'good_marks']

_READ = 1 << 24  # bytes at a time


class RecordWriter:
    """Writes face images, person after person, as PREFIX.rec, PREFIX.idx, a `property` and PREFIX.crc, checksums.

    Until `close` all is in PREFIX.rec.part, so that a PREFIX.rec is always whole. In a `with` block, the end closes,
    and an exception removes the part.

    The labels that hold keys are float32, as InsightFace reads them: exact up to 2^24 records. The ids of these records
    are exact for any number, and `RecordDataset` reads them where the labels are not.

    Parameters
    ----------
    prefix : str or Path
        Such as 'face/mine/train'; the folder is made.
    image_size : (int, int)
        Height and width of the images, for `property`; the images are not looked at.
    mark : (int, int) or None
        None to begin. The `mark` of an interrupted writer: go on from there with its part; what came later is dropped.

    Attributes
    ----------
    mark : (int, int)
        Bytes in the part, and the CRC-32 of those after record 0.
    images, classes : int
        Written so far.

    Raises
    ------
    ValueError
        An empty image, one of 512 MiB or more, a label that is neither that of the image before nor the next one, no
        image at all, or a mark beyond the part.
    OSError
        A full disk, for example.
    """

    def __init__(self, prefix: PathLike, image_size: Tuple[int, int], mark: Optional[Tuple[int, int]] = None):
        self._prefix = os.fspath(prefix)
        self._size = [check_int('RecordWriter', 'image_size', side, 1) for side in image_size]
        self._folder = os.path.dirname(os.path.abspath(self._prefix))
        self._part = self._prefix + '.rec.part'
        os.makedirs(self._folder, exist_ok=True)
        self._file = open(self._part, 'wb' if mark is None else 'r+b', buffering=0)
        try:
            if mark is None:
                self._offsets, self._starts, self._sums = [0], [], []
                self.mark = len(_RECORD_0), 0
                self._write_at(0, _RECORD_0)
            else:
                self._go_on(mark)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None:
                self.close()
        finally:
            self.suspend()
            if os.path.exists(self._part):
                os.remove(self._part)

    @property
    def images(self) -> int:
        return len(self._offsets) - 1

    @property
    def classes(self) -> int:
        return len(self._starts)

    def write(self, image: bytes, label: int) -> None:
        """Append an encoded image (bytes) of a class: 0 at first, then the same or the next."""
        if label < 0 or label not in (self.classes - 1, self.classes):
            raise ValueError('RecordWriter: label must be {}{}, got {!r}: write person after person, from 0 on.'.format(
                '{} or '.format(self.classes - 1) if self.classes else '', self.classes, label))
        if not image:
            raise ValueError('RecordWriter: image must be the bytes of an encoded image, got 0 bytes.')
        if label == self.classes:
            self._starts.append(len(self._offsets))
        self._append(pack(float(label), len(self._offsets), image))

    def close(self, beside: Sequence[str] = ()) -> None:
        """Add the records of the persons and record 0, write index, `property` and checksums, and name the .rec.

        Parameters
        ----------
        beside : sequence of str
            Other files, whose checksums are noted as well.
        """
        if not self.classes:
            raise ValueError('RecordWriter: {}.rec must get at least one image.'.format(self._prefix))
        first = len(self._offsets)
        for start, stop in zip(self._starts, self._starts[1:] + [first]):
            self._append(_span(start, stop))
        start = frame(_span(first, len(self._offsets)))
        self._write_at(0, start)
        os.fsync(self._file.fileno())
        self._file.close()
        # no old .rec may lie beside the new index: it goes first, and the new one comes last
        if os.path.exists(self._prefix + '.rec'):
            os.remove(self._prefix + '.rec')
        write_index(self._prefix + '.idx', np.arange(len(self._offsets)), self._offsets)
        files = [self._prefix + '.idx', os.path.join(self._folder, 'property')]
        write_text(files[1], '{},{},{}'.format(self.classes, *self._size))
        sizes = np.diff(self._offsets + [self.mark[0]]).tolist()
        write_checksums(self._prefix + '.rec', zip([zlib.crc32(start)] + self._sums, sizes), files + list(beside))
        os.replace(self._part, self._prefix + '.rec')

    def suspend(self) -> None:
        """Close the part as it is, for another writer to go on from `mark`."""
        self._file.close()

    def _go_on(self, mark):
        size = os.path.getsize(self._part)
        if not 0 < mark[0] <= size:
            raise ValueError('RecordWriter: mark must lie in the {:,} bytes of {}, got byte {:,}.'.format(
                size, self._part, mark[0]))
        self._file.truncate(mark[0])
        self.mark, self._offsets = tuple(mark), scan(self._part)
        words = np.memmap(self._part, '<f4', 'r')
        labels = words[np.array(self._offsets[1:], np.int64) // 4 + 3]  # magic number, length, flag, label
        self._starts = [1 + int(i) for i in np.flatnonzero(np.diff(labels, prepend=-1))]
        ends = self._offsets[2:] + [mark[0]]
        self._sums = [zlib.crc32(read_at(self._file.fileno(), end - start, start))
                      for start, end in zip(self._offsets[1:], ends)]

    def _append(self, payload):
        if len(payload) > MAX_BYTES:
            raise ValueError('RecordWriter: image must be smaller than 512 MiB, got {:,} bytes.'.format(len(payload)))
        data = frame(payload)
        self._write_at(self.mark[0], data)
        self._offsets.append(self.mark[0])
        self._sums.append(zlib.crc32(data))
        self.mark = self.mark[0] + len(data), zlib.crc32(data, self.mark[1])

    def _write_at(self, position, data):
        view = memoryview(data)
        self._file.seek(position)
        while view:  # a full disk takes a part first and gives an error the next time
            view = view[self._file.write(view):]


def good_marks(prefix, marks):
    """How many of the marks, in their order, the part of an interrupted writer agrees with."""
    path = os.fspath(prefix) + '.rec.part'
    if not os.path.exists(path):
        return 0
    position, crc = len(_RECORD_0), 0
    with open(path, 'rb') as file:
        file.seek(position)
        for good, (end, wanted) in enumerate(marks):
            while position < end:
                data = file.read(min(end - position, _READ))
                if not data:
                    return good
                position, crc = position + len(data), zlib.crc32(data, crc)
            if crc != wanted:
                return good
    return len(marks)


def _span(start, stop):
    return pack((start, stop), start, b'', stop)


_RECORD_0 = frame(_span(0, 0))  # the place of it, which only the end can fill in
