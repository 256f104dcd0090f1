"""MXNet's files of arrays ('.params') from elsewhere: read as far as their headers before MXNet takes memory for them.

A file is the magic number 0x112 and a reserved one (8 bytes each), the number of arrays (8), the arrays, the number of
names (8), and the names, each behind its length (8). An array is a magic number (4), in version 2 the kind of storage
(4), its shape, device (4 + 4), type (4) and values. A shape is the number of sides (4) and the sides (8 bytes each; in
the oldest files 4, and the number of sides stands where later ones have the magic number).
"""
import errno
import os
import struct

__all__ = ['CLASS_LAYER', 'load_arrays_file', 'read_header', 'save_whole']

CLASS_LAYER = 'output.'  # how the names of a class layer's parameters begin in a file of weights

_LIST = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_TYPES = {0: ('float32', 4), 1: ('float64', 8), 2: ('float16', 2), 3: ('uint8', 1), 4: ('int32', 4), 5: ('int8', 1),
          6: ('int64', 8), 7: ('bool', 1), 12: ('bfloat16', 2)}  # number: name, bytes
_DEVICES = (1, 2, 3, 5)  # CPU, GPU, and memory of a CPU that is pinned or shared
_MAX_SIDES = 32
_MAX_NAME = 4096


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
    with open(path, 'rb') as file:
        try:
            return _Reader(file).entries()
        except ValueError as error:
            raise ValueError('{} is no file of MXNet arrays, or is damaged: {}.'.format(path, error)) from error


class _Reader:
    """Reads a file from array to array, and skips their values."""

    def __init__(self, file):
        self._file, self._left = file, os.fstat(file.fileno()).st_size

    def entries(self):
        """What `read_header` gives."""
        if self._numbers('Q')[0] != _LIST:
            raise ValueError('its magic number is another')
        self._numbers('Q')
        arrays = [self._array() for _ in range(self._count('arrays', 4))]
        names = [self._name() for _ in range(self._count('names', 8))]
        if self._left:
            raise ValueError('{:,} bytes follow the names'.format(self._left))
        if names and (len(names) != len(arrays) or len(set(names)) != len(names)):
            raise ValueError('it must have a name for each of its {:,} arrays, got {:,}, {:,} of them different'.format(
                len(arrays), len(names), len(set(names))))
        return [(name,) + array for name, array in zip(names or [''] * len(arrays), arrays)]

    def _array(self):
        magic, = self._numbers('I')
        if magic == _V3:
            raise ValueError('it was saved with mxnet.npx.set_np on, and must be saved without')
        if magic == _V2 and self._numbers('i')[0] not in (-1, 0):
            raise ValueError('an array is sparse, and weights must be dense')
        sides = self._numbers('I')[0] if magic in (_V1, _V2) else magic
        if not 0 < sides <= _MAX_SIDES:
            raise ValueError('an array has {:,} sides'.format(sides))
        shape = self._numbers(('q' if magic in (_V1, _V2) else 'I') * sides)
        device, number, kind = self._numbers('iii')
        if device not in _DEVICES or not 0 <= number < 1024 or kind not in _TYPES:
            raise ValueError('an array has the device {}, {} and the type {}, which are none'.format(
                device, number, kind))
        name, size = _TYPES[kind]
        for side in shape:
            if side < 1:
                raise ValueError('an array has the shape {}'.format(shape))
            size *= side
        self._skip(size, 'an array of shape {}'.format(shape))
        return shape, name

    def _name(self):
        size, = self._numbers('Q')
        if not 0 < size <= _MAX_NAME:
            raise ValueError('a name has {:,} bytes'.format(size))
        return self._take(size).decode('utf-8')

    def _count(self, what, least):
        count, = self._numbers('Q')
        if count * least > self._left:
            raise ValueError('{:,} {} cannot be in the {:,} bytes that are left'.format(count, what, self._left))
        return count

    def _numbers(self, form):
        return struct.unpack('<' + form, self._take(struct.calcsize('<' + form)))

    def _take(self, count):
        self._left -= count
        if self._left < 0:
            raise ValueError('it is cut off')
        return self._file.read(count)

    def _skip(self, count, what):
        self._left -= count
        if self._left < 0:
            raise ValueError('{} needs {:,} bytes more than there are'.format(what, -self._left))
        self._file.seek(count, os.SEEK_CUR)
