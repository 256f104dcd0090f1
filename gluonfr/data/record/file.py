"""Random access to the records of a .rec."""
import logging
import os
import struct
from typing import Dict, Optional, Tuple

import numpy as np

from ...utils.messages import counted
from ...utils.system import read_at
from ...utils.types import ArrayLike, PathLike
from .format import (
    FIRST,
    FRAME,
    HEADER,
    LAST,
    MAGIC,
    MAGIC_BYTES,
    MAX_BYTES,
    MIDDLE,
    WHOLE,
    IRHeader,
    RecordError,
    padded,
    read_index,
    scan,
    unpack,
)

__all__ = ['RecordFile']

# the 40 bytes that a record begins with, unless it is the last one and has nearly nothing in it
_START = np.dtype([('magic', '<u4'), ('length', '<u4'), ('flag', '<u4'), ('label', '<f4'), ('id', '<u8', 2),
                   ('labels', '<f4', 2)])

# what `RecordFile.headers` gives
_HEADERS = np.dtype([('flag', np.int64), ('labels', np.float32, 2), ('id', np.uint64, 2), ('image_bytes', np.int64)])


class RecordFile:
    """Random access to a .rec by the keys of its .idx, from any number of threads and processes.

    Reads do not move a file position (`os.pread`; threads take turns on Windows, which has none), so threads and forked
    workers share one open file; a pickled object opens it again where it is unpickled. Nothing is ever written.

    Parameters
    ----------
    path_rec : str or Path
    path_idx : str or Path or None
        Lines ``key<TAB>offset``, in any order. None: the .rec's name with .idx; if that is missing, the offsets are
        found by scanning the .rec (about a second for a million records once it is in memory, else as long as reading
        the file) and the keys are 0, 1, 2, ... as in InsightFace's files.

    Raises
    ------
    FileNotFoundError
        The .rec, or an .idx that was named, is missing.
    RecordError
        The .rec is empty; or the index has a line that is not two integers, or a key or an offset twice.
    """

    def __init__(self, path_rec: PathLike, path_idx: Optional[PathLike] = None):
        self.path = os.fspath(path_rec)
        self.path_idx = os.path.splitext(self.path)[0] + '.idx' if path_idx is None else os.fspath(path_idx)
        _require_file(self.path)
        if path_idx is not None:
            _require_file(self.path_idx)
        self._open()
        if self.size < FRAME.size:
            raise RecordError('{} holds no record: it has {} bytes. Get the file again.'.format(self.path, self.size))
        if os.path.exists(self.path_idx):
            table = read_index(self.path_idx)
        else:
            offsets = scan(self.path)
            table = np.stack([np.arange(len(offsets)), offsets], axis=1).astype('int64')
            logging.getLogger('gluonfr').warning('%s is missing: the offsets of %s were found by scanning %s',
                                                 self.path_idx, counted(len(offsets), 'record'), self.path)
        self._keys, self._offsets = np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])

    def _open(self):
        self._file = open(self.path, 'rb', buffering=0)
        self._descriptor = self._file.fileno()
        self.size = os.fstat(self._descriptor).st_size

    def __del__(self):
        if '_file' in self.__dict__:  # absent if it could not be opened
            self._file.close()

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name not in ('_file', '_descriptor')}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._open()

    def __len__(self):
        return len(self._keys)

    def __contains__(self, key):
        at = np.searchsorted(self._keys, key)
        return bool(at < len(self._keys) and self._keys[at] == key)

    def keys(self) -> np.ndarray:
        """All keys, int64 (N,), ascending."""
        return self._keys

    def offsets(self, keys: ArrayLike) -> np.ndarray:
        """Where the records of `keys` begin, int64, bytes from the beginning of the .rec.

        Raises
        ------
        RecordError
            The index has no such key.
        """
        keys = np.asarray(keys, np.int64)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        unknown = keys[self._keys[at] != keys]
        if unknown.size:
            raise RecordError('{} has no key {}; its {:,} keys lie in [{}, {}].'.format(
                self.path_idx, unknown.flat[0], len(self), self._keys[0], self._keys[-1]))
        return self._offsets[at]

    def read(self, key: int) -> Tuple[IRHeader, bytes]:
        """Read a record.

        Parameters
        ----------
        key : int

        Returns
        -------
        (IRHeader, bytes)
            The header, whose label is a float or a float32 array, and what follows it, the encoded image.

        Raises
        ------
        RecordError
            No such key; no record at the offset that the index says; a record that is cut off or damaged.
        """
        at = int(self._keys.searchsorted(key))  # as `offsets`, which takes longer for a single one
        known = at < len(self._keys) and self._keys[at] == key
        payload = self._payload(key, int(self._offsets[at] if known else self.offsets(key)))
        try:
            return unpack(payload)
        except (struct.error, ValueError) as error:
            raise self._error(key, 'is damaged: its header does not fit its {:,} bytes'.format(
                len(payload))) from error

    def headers(self, keys: ArrayLike) -> Tuple[np.ndarray, Dict[int, RecordError]]:
        """Read the headers of many records at once, and nothing of their images.

        Parameters
        ----------
        keys : array-like of int, (N,)

        Returns
        -------
        (array (N,), dict)
            Fields 'flag', 'labels' (the first two; a scalar label is the first), 'id' (id and id2) and 'image_bytes';
            and {key: RecordError} of the records that cannot be read, whose fields are 0.
        """
        offsets, faults = self.offsets(keys), {}
        found = np.zeros(len(offsets), _HEADERS)
        words = np.memmap(self.path, '<u4', 'r', shape=(self.size // 4,))  # records begin on multiples of 4
        for begin in range(0, len(offsets), 1 << 18):
            piece = slice(begin, begin + (1 << 18))
            plain = self._plain_headers(words, offsets[piece], found[piece])
            for position in begin + np.flatnonzero(~plain):
                try:
                    header, image = self.read(keys[position])
                except RecordError as error:
                    faults[int(keys[position])] = error
                    continue
                labels = np.atleast_1d(header.label)[:2]
                found['labels'][position, :len(labels)] = labels
                found['flag'][position], found['id'][position] = header.flag, (header.id, header.id2)
                found['image_bytes'][position] = len(image)
        return found, faults

    def _plain_headers(self, words, offsets, out):
        """Fill `out` for the records that are one whole frame within the file; return which ones those are."""
        inside = (offsets >= 0) & (offsets % 4 == 0) & (offsets + _START.itemsize <= self.size)
        first = np.where(inside, offsets // 4, 0)
        rows = words[np.minimum(first[:, None] + np.arange(_START.itemsize // 4), len(words) - 1)]
        start = rows.view(_START)[:, 0]
        length = start['length'].astype(np.int64)  # of a whole frame: the bits of its kind are 0
        flag = start['flag'].astype(np.int64)
        image_bytes = length - HEADER.size - 4 * flag
        plain = inside & (start['magic'] == MAGIC) & (length <= MAX_BYTES) & (image_bytes >= 0)
        plain &= offsets + FRAME.size + length <= self.size
        for name, values in (('flag', flag), ('id', start['id']), ('image_bytes', image_bytes)):
            out[name][plain] = values[plain]
        out['labels'][:, 0] = np.where(plain, np.where(flag > 0, start['labels'][:, 0], start['label']), 0)
        out['labels'][:, 1] = np.where(plain & (flag > 1), start['labels'][:, 1], 0)
        return plain

    def suspects(self, keys):
        """Those of `keys`, int64, whose record may be empty or cut off, by the index and the size of the file alone."""
        keys, offsets = np.asarray(keys, np.int64), self.offsets(keys)
        ends = np.append(np.sort(self._offsets), self.size)
        room = ends[np.searchsorted(ends[:-1], offsets, side='right')] - offsets
        # an empty record takes 32 bytes and its labels; no encoded image is that small. The last record may be cut off.
        outside = (offsets < 0) | (offsets % 4 != 0) | (offsets + room >= self.size)
        return keys[outside | (room <= 64)]

    def _payload(self, key, offset):
        if not 0 <= offset < self.size:
            raise self._error(key, 'should begin at byte {:,} by {}, the file has {:,} bytes: it is truncated, or the '
                                   'index is not its own'.format(offset, self.path_idx, self.size))
        parts, position, kinds = [], offset, (WHOLE, FIRST)
        while True:
            magic, length = self._frame_start(key, position)
            kind, length = length >> 29, length & MAX_BYTES
            if magic != MAGIC or kind not in kinds:
                raise self._error(key, 'is not at byte {:,}: no record begins there, the file is damaged or {} is not '
                                       'its own'.format(offset, self.path_idx))
            position += FRAME.size
            data = read_at(self._descriptor, padded(length) + 4, position)
            if len(data) < length:
                raise self._cut_off(key, position + length)
            position += padded(length)
            # the next record may be the damaged one: then the index knows that it begins here
            if not MAGIC_BYTES.startswith(data[padded(length):]) and not (self._offsets == position).any():
                raise self._error(key, 'is damaged: after its {:,} bytes no other record begins'.format(length))
            parts.append(data[:length])
            if kind in (WHOLE, LAST):
                return MAGIC_BYTES.join(parts)
            kinds = (MIDDLE, LAST)

    def _frame_start(self, key, position):
        data = read_at(self._descriptor, FRAME.size, position)
        if len(data) < FRAME.size:
            raise self._cut_off(key, position + FRAME.size)
        return FRAME.unpack(data)

    def _cut_off(self, key, end):
        return self._error(key, 'is cut off: it needs {:,} bytes, the file has {:,}'.format(end, self.size))

    def _error(self, key, what):
        return RecordError('record {} of {} {}. Get the files again; if only the index is wrong, delete it, and the '
                           '.rec is scanned instead.'.format(key, self.path, what))


def _require_file(path):
    if not os.path.isfile(path):
        folder = os.path.dirname(path) or '.'
        beside = sorted(os.listdir(folder))[:8] if os.path.isdir(folder) else None
        raise FileNotFoundError('no file {}. {}'.format(path, 'There is no such folder.' if beside is None else
                                                        'The folder holds: {}.'.format(', '.join(beside) or 'nothing')))
