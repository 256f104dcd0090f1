"""MXNet's files of arrays ('.params') from elsewhere: read without MXNet, or checked before MXNet reads them.

A file is the magic number 0x112 and a reserved one (8 bytes each), the number of arrays (8), the arrays, the number of
names (8), and the names, each behind its length (8). An array is a magic number (4), from version 2 on the kind of
storage (4), its shape, device (4 + 4), type (4) and values. A shape is the number of sides (4) and the sides (8 bytes
each; in the oldest files 4, and the number of sides stands where later ones have the magic number). A sparse array says
the shape of its values before its own, and behind its type the types and shapes of its indices, which follow them.
"""
import errno
import gzip
import mmap
import os
import struct
import zlib

import numpy as np

from .files import open_regular

__all__ = ['CLASS_LAYER', 'MOST_PACKED', 'load_arrays_file', 'read_arrays', 'read_header', 'save_whole']

CLASS_LAYER = 'output.'  # how the names of a class layer's parameters begin in a file of weights

_LIST = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_TYPES = {0: ('float32', 4), 1: ('float64', 8), 2: ('float16', 2), 3: ('uint8', 1), 4: ('int32', 4), 5: ('int8', 1),
          6: ('int64', 8), 7: ('bool', 1), 12: ('bfloat16', 2)}  # number: name, bytes
_DEVICES = (1, 2, 3, 5)  # CPU, GPU, and memory of a CPU that is pinned or shared
_MAX_SIDES = 32
_MAX_NAME = 4096
_SPARSE = {1: ('row_sparse', 1), 2: ('csr', 2)}  # kind of storage: name, arrays of indices
MOST_PACKED = 50  # weights hardly shrink; a file of zeros, 1000 to 1, fills a disk or all memory


def load_arrays_file(path):
    """`mxnet.nd.load` of a file whose header is in order.

    Returns
    -------
    dict of str to NDArray, or list of NDArray
        By name, if the file has names.

    Raises
    ------
    ValueError
        As `read_header`, or MXNet cannot read it.
    OSError
        It cannot be read.
    """
    import mxnet as mx
    read_header(path)
    try:
        return mx.nd.load(path)
    except mx.MXNetError as error:
        raise ValueError('{} is no file of MXNet arrays, or is damaged: {}'.format(
            path, str(error).strip().splitlines()[-1])) from error


def save_whole(path, write):
    """Let MXNet write a file of arrays by ``write(path)``.

    Raises
    ------
    OSError
        It could not write all of it. MXNet itself says nothing where only the last kilobytes did not fit.
    """
    from mxnet import MXNetError
    try:
        write(path)
        read_header(path)
    except (MXNetError, ValueError) as error:
        raise OSError(errno.ENOSPC, '{} cannot be written whole: is the disk full?'.format(path)) from error


def read_arrays(path):
    """The arrays of a file without MXNet.

    Returns
    -------
    dict of str to numpy.ndarray, or list of numpy.ndarray
        By name, if the file has names: read-only views of the file, which the system reads when they are used; of a
        '.gz', which is unpacked into memory, of that. bfloat16, which NumPy has not, becomes float32.

    Raises
    ------
    ValueError
        As `read_header`; but files that were saved with ``mxnet.npx.set_np`` on are read, too.
    OSError
        It cannot be read.
    """
    content = _unpacked(path) if path.endswith('.gz') else _mapped(path)
    entries = _told(path, content, set_np=True)
    arrays = [_array(content, *entry[1:]) for entry in entries]
    return {entry[0]: array for entry, array in zip(entries, arrays)} if any(entry[0] for entry in entries) else arrays


def _array(content, shape, kind, begin):
    """The values from a place on, a view."""
    count = int(np.prod(shape, dtype='int64'))
    if kind == 'bfloat16':  # the upper half of a float32
        return (np.frombuffer(content, '<u2', count, begin).astype('<u4') << 16).view('<f4').reshape(shape)
    return np.frombuffer(content, np.dtype(kind).newbyteorder('<'), count, begin).reshape(shape)


def _mapped(path):
    """A file as bytes that are read when they are looked at."""
    with open_regular(path) as file:
        if not os.fstat(file.fileno()).st_size:  # which cannot be mapped
            return b''
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unpacked(path):
    """What a '.gz' holds."""
    most = (1 << 20) + MOST_PACKED * os.path.getsize(path)
    try:
        with gzip.open(path) as file:
            content = file.read(most + 1)
    except (EOFError, zlib.error, OSError) as error:
        if getattr(error, 'errno', None):
            raise
        raise ValueError('{} is no file of gzip, or is damaged: {}.'.format(path, error)) from error
    if len(content) > most:
        raise ValueError('{} unpacks to more than {} times its size.'.format(path, MOST_PACKED))
    return content


def read_header(path):
    """Names, shapes and types of the arrays in a file, checked against its size.

    Returns
    -------
    list of (str, tuple of int, str)
        Name ('' where the file has none), shape and type.

    Raises
    ------
    ValueError
        It is no such file, is cut off, or tells of more than it holds; arrays are sparse.
    OSError
        It cannot be read.
    """
    return [entry[:3] for entry in _told(path, _mapped(path), set_np=False)]


def _told(path, content, set_np):
    """[(name, shape, type, where its values begin)] of a file's content; `set_np`: of version 3, too."""
    try:
        return _Reader(content, set_np).entries()
    except ValueError as error:
        raise ValueError('{} is no file of MXNet arrays, or is damaged: {}.'.format(path, error)) from error


class _Reader:
    """Goes from array to array, and skips their values."""

    def __init__(self, content, set_np):
        self._content, self._at, self._set_np = content, 0, set_np

    def entries(self):
        """What `_told` gives."""
        if self._numbers('Q')[0] != _LIST:
            raise ValueError('its magic number is another')
        self._numbers('Q')
        arrays = [self._array() for _ in range(self._count('arrays', 4))]
        names = [self._name() for _ in range(self._count('names', 8))]
        if self._left():
            raise ValueError('{:,} bytes follow the names'.format(self._left()))
        if names and (len(names) != len(arrays) or len(set(names)) != len(names)):
            raise ValueError('it must have a name for each of its {:,} arrays, got {:,}, {:,} of them different'.format(
                len(arrays), len(names), len(set(names))))
        names = names or [''] * len(arrays)
        sparse = ['{} ({})'.format(name, array) for name, array in zip(names, arrays) if isinstance(array, str)]
        if sparse:
            raise ValueError('an array is sparse, and weights must be dense: {}. In MXNet, array.tostype(\'default\') '
                             'makes it so'.format(', '.join(sparse[:4])))
        return [(name,) + array for name, array in zip(names, arrays)]

    def _array(self):
        """(shape, type, where its values begin), or the kind of storage of a sparse one."""
        magic, = self._numbers('I')
        if magic == _V3 and not self._set_np:
            raise ValueError('it was saved with mxnet.npx.set_np on, and must be saved without')
        storage = self._numbers('i')[0] if magic in (_V2, _V3) else 0
        if storage not in (-1, 0) and storage not in _SPARSE:
            raise ValueError('an array has the kind of storage {}, which is none'.format(storage))
        kept = self._shape(magic, empty=True) if storage in _SPARSE else None  # of the values that are not 0
        shape = self._shape(magic, scalar=magic == _V3)
        device, number = self._numbers('ii')
        kind, size = self._type(device, number)
        if kept is None:
            return shape, kind, self._values(shape, size)
        indices = [(self._type(device, number)[1], self._shape(magic, empty=True))
                   for _ in range(_SPARSE[storage][1])]
        self._values(kept, size)
        for size, shape in indices:
            self._values(shape, size)
        return _SPARSE[storage][0]

    def _shape(self, magic, scalar=False, empty=False):
        versions = (_V1, _V2, _V3)
        sides = self._numbers('I')[0] if magic in versions else magic
        if not (0 if scalar else 1) <= sides <= _MAX_SIDES:
            raise ValueError('an array has {:,} sides'.format(sides))
        shape = self._numbers(('q' if magic in versions else 'I') * sides)
        if any(side < (0 if empty else 1) for side in shape):
            raise ValueError('an array has the shape {}'.format(shape))
        return shape

    def _type(self, device, number):
        """(name, bytes) of the type that is said next."""
        kind, = self._numbers('i')
        if device not in _DEVICES or not 0 <= number < 1024 or kind not in _TYPES:
            raise ValueError('an array has the device {}, {} and the type {}, which are none'.format(
                device, number, kind))
        return _TYPES[kind]

    def _values(self, shape, size):
        """Skip the values of an array; returns where they begin."""
        for side in shape:
            size *= side
        begin, self._at = self._at, self._at + size
        if self._left() < 0:
            raise ValueError('an array of shape {} needs {:,} bytes more than there are'.format(shape, -self._left()))
        return begin

    def _name(self):
        size, = self._numbers('Q')
        if not 0 < size <= _MAX_NAME:
            raise ValueError('a name has {:,} bytes'.format(size))
        return self._take(size).decode('utf-8')

    def _count(self, what, least):
        count, = self._numbers('Q')
        if count * least > self._left():
            raise ValueError('{:,} {} cannot be in the {:,} bytes that are left'.format(count, what, self._left()))
        return count

    def _numbers(self, form):
        return struct.unpack('<' + form, self._take(struct.calcsize('<' + form)))

    def _left(self):
        return len(self._content) - self._at

    def _take(self, count):
        if count > self._left():
            raise ValueError('it is cut off')
        self._at += count
        return self._content[self._at - count:self._at]
