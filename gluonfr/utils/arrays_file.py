"""NumPy's files, .npz and .npy, that may come from anywhere: plain arrays, as large as their headers say."""
import os
import re
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np

from .files import open_regular

__all__ = ['fill_from_npz', 'read_npy', 'read_npz']

_HEADER = 10000  # bytes of text, as NumPy itself allows
_HEADER_FORM = re.compile(r"\{'descr': '([<>|=]?(?:b1|[iu][1248]|f[248]|[SU][0-9]{1,9}))', "
                          r"'fortran_order': (True|False), 'shape': \(((?:[0-9]{1,18}, ?)*(?:[0-9]{1,18})?)\),? ?\}\s*")
_PIECE = 1 << 24
_MOST_PACKED = 100  # arrays hardly shrink so far; zeros, 1000 to 1, fill all memory


def read_npz(path, leave=None):
    """Read an archive of arrays; nothing in it is unpickled.

    Parameters
    ----------
    path : str
    leave : str or None
        Arrays whose names begin with this stay in the file.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    ValueError
        It is no such archive, a checksum is wrong, or an array is another than its header says or not of plain values.
    OSError
        It cannot be opened.
    """
    with _members(path) as (archive, members):
        return {name: _member(archive, member) for name, member in members.items()
                if leave is None or not name.startswith(leave)}


def fill_from_npz(path, arrays):
    """Read arrays of an archive into memory that is there, piece by piece.

    Parameters
    ----------
    path : str
    arrays : dict of str to numpy.ndarray or None
        What to fill, in C order; None only reads it through, which compares its checksum.

    Raises
    ------
    ValueError
        As `read_npz`; an array is missing, or of another shape or type than the one to fill.
    OSError
        It cannot be opened.
    """
    with _members(path) as (archive, members):
        for name, array in arrays.items():
            _member(archive, members[name], array, keep=False)


@contextmanager
def _members(path):
    """An archive, and its members by the names of their arrays; whatever is wrong with it is a ValueError."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if sum(member.file_size for member in members) > (1 << 26) + _MOST_PACKED * size:
                    raise ValueError('it unpacks to more than {} times its size'.format(_MOST_PACKED))
                yield archive, {member.filename[:-4] if member.filename.endswith('.npy') else member.filename: member
                                for member in members}
        # what the modules zipfile and zlib raise for bytes that make no sense
        except (EOFError, LookupError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError,
                zipfile.BadZipFile, zlib.error) as error:
            raise ValueError('{} is no archive of NumPy arrays (.npz), or is damaged: {:.300}.'.format(
                path, str(error).rstrip('.') or type(error).__name__)) from error


def read_npy(path):
    """Map the array in a .npy file into memory, to read only.

    Raises
    ------
    ValueError
        It is no such file, is another than its header says, or not of plain values.
    OSError
        It cannot be opened.
    """
    with open_regular(path) as file:
        try:
            _header(file, os.fstat(file.fileno()).st_size)
        except ValueError as error:
            raise ValueError('{} is no NumPy array (.npy), or is damaged: {}.'.format(path, error)) from error
    return np.load(path, mmap_mode='r', allow_pickle=False)


def _member(archive, member, array=None, keep=True):
    """A member as an array; read into `array` if that is given, and only read through if not to be kept."""
    with archive.open(member) as stream:
        shape, by_columns, dtype, size = _header(stream, member.file_size)
        if array is None and not keep:
            while stream.read(_PIECE):
                pass
            return None
        if array is not None and (shape, dtype, by_columns) != (array.shape, array.dtype, False):
            raise ValueError('{} is of shape {} and type {}, to be {} and {}'.format(
                member.filename, shape, dtype, array.shape, array.dtype))
        data = memoryview(bytearray(size) if array is None else array.reshape(-1).view('uint8'))
        done = 0
        while done < size:
            count = stream.readinto(data[done:done + _PIECE])
            if not count:
                raise EOFError('{} is cut off'.format(member.filename))
            done += count
        stream.read(1)  # so that the checksum is compared
    return np.ndarray(shape, dtype, data, order='F' if by_columns else 'C') if array is None else array


def _header(stream, size):
    """(shape, whether by columns, type, bytes) of an array that takes `size` bytes with its header."""
    mark = stream.read(8)
    if mark not in (b'\x93NUMPY\1\0', b'\x93NUMPY\2\0'):
        raise ValueError('an array does not begin with the mark of NumPy')
    width = 2 * mark[6]  # of the length of the header that follows
    length = int.from_bytes(stream.read(width), 'little')
    text = stream.read(min(length, _HEADER)).decode('latin1')
    found = _HEADER_FORM.fullmatch(text)
    if length > _HEADER or not found or found.group(3).count(',') > 32:
        raise ValueError('an array has a header that says no plain values, {!r:.100}'.format(text))
    dtype, shape = np.dtype(found.group(1)), tuple(map(int, re.findall('[0-9]+', found.group(3))))
    count, there = dtype.itemsize, size - len(mark) - width - length
    for side in shape:
        count *= side
    if count != there or not dtype.itemsize:
        raise ValueError('an array of shape {} and type {} must have {:,} bytes, got {:,}'.format(
            shape, dtype, count, there))
    return shape, found.group(2) == 'True', dtype, count
