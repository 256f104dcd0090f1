"""Files that are whole or absent, and what tells them apart."""
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import zipfile
import zlib
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Iterator

import numpy as np

from .system import is_alive, sync

__all__ = ['advice_on_full_disk', 'append_whole', 'atomic_folder', 'atomic_path', 'file_digest', 'file_sha256',
           'fitting_name', 'is_path', 'lies_in', 'mxnet_home', 'open_regular', 'path_inside', 'put_in_place',
           'read_at_most', 'read_json', 'save_npz', 'write_sha256', 'write_text']

LONGEST_NAME = 255  # bytes, of a file in a folder


@contextmanager
def advice_on_full_disk(path, advice):
    """Say in the error of a full disk what could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        raise OSError(error.errno, '{} cannot be written: {}. {}'.format(
            path, os.strerror(error.errno), advice)) from error


@contextmanager
def atomic_path(path: str) -> Iterator[str]:
    """Give a temporary path beside `path`; at the end what was written there replaces `path` in one step.

    The data reach the disk before the name does, so after a crash `path` holds the old content or the new, whole. Its
    folder is made if it is not there.
    """
    path = os.path.abspath(path)
    temporary = _temporary(path)
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def append_whole(path, data):
    """Add bytes to the end of a file, all or none of them: half of a row would spoil the next one."""
    with open(path, 'ab', buffering=0) as file:
        end, left = file.seek(0, os.SEEK_END), memoryview(data)
        try:
            while left:  # a full disk takes a part first, and gives an error the next time
                left = left[file.write(left):]
        except OSError:
            file.truncate(end)
            raise


@contextmanager
def atomic_folder(path):
    """Give a new folder beside `path`; at the end it becomes `path`, which must be absent or an empty folder.

    If the body raises, nothing is left of it.
    """
    path = os.path.abspath(path)
    temporary = _temporary(path)
    os.mkdir(temporary)
    try:
        yield temporary
        for name in os.listdir(temporary):
            sync(os.path.join(temporary, name))
        with suppress(FileNotFoundError):  # Windows puts no folder in the place of another
            os.rmdir(path)
        os.rename(temporary, path)
        sync(os.path.dirname(path))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path):
    """What `path` is called while it is written, in its folder, which is made; what ended processes left of it goes."""
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    for left in _left_in(folder).pop(name, ()):
        left = os.path.join(folder, left)
        if os.path.isdir(left):
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                os.remove(left)
    if len(os.fsencode(name)) > LONGEST_NAME - 20:  # the name itself may be as long as a name can be
        name = '{:08x}'.format(zlib.crc32(os.fsencode(name)))
    return os.path.join(folder, '.{}.{}.tmp'.format(name, os.getpid()))


@lru_cache(maxsize=64)
def _left_in(folder):
    """{name: what it was called while processes wrote it that have ended, killed}, looked for once in each folder."""
    found = {}
    for left in os.listdir(folder):
        match = re.fullmatch(r'\.(.+)\.(\d{1,9})\.tmp', left, re.DOTALL)
        if match and not is_alive(int(match.group(2))):
            found.setdefault(match.group(1), []).append(left)
    return found


def put_in_place(temporary, path):
    """Give a file that is whole its name, in one step and behind its data."""
    sync(temporary)
    os.replace(temporary, path)
    sync(os.path.dirname(path))


def lies_in(path, folder):
    """Whether a path is a folder, or what would lie in it to any depth."""
    path, folder = (os.path.normcase(os.path.realpath(os.path.expanduser(os.fspath(name)))) for name in (path, folder))
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def path_inside(folder, name, links=True):
    """The path of what a file that may come from anywhere calls `name`, which must lie in a folder.

    Parameters
    ----------
    folder : str
    name : str
        Relative to it.
    links : bool
        Whether links to other folders may lead there. False for what is removed: links can come from elsewhere, too.

    Raises
    ------
    ValueError
        It lies elsewhere, or is no path.
    """
    path = os.path.join(os.path.abspath(folder), name)
    leaves = os.path.isabs(name) or os.path.splitdrive(name)[0] or os.pardir in name.replace('\\', '/').split('/')
    if not name or '\0' in name or leaves or not (links or lies_in(os.path.dirname(path), folder)):
        raise ValueError('{!r:.200} does not lie in {}'.format(name, folder))
    return path


def fitting_name(path):
    """A path whose name is no longer than a file's may be: the middle of one that a suffix has made too long goes."""
    folder, name = os.path.split(path)
    data = os.fsencode(name)
    if len(data) <= LONGEST_NAME:
        return path
    stem, suffix = os.path.splitext(name)
    stem = os.fsencode(stem)[:LONGEST_NAME - 20 - len(os.fsencode(suffix))].decode('utf-8', 'ignore')
    return os.path.join(folder, '{}-{:08x}{}'.format(stem, zlib.crc32(data), suffix))


def is_path(what):
    """Whether an argument that may also be an object in memory is a path."""
    return isinstance(what, (str, os.PathLike))


def file_sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    return file_digest(path, 'sha256')


def file_digest(path, kind):
    """Hash of a file in hexadecimal, of a kind that hashlib knows: 'sha256', 'sha1', ..."""
    digest = hashlib.new(kind)
    with open_regular(path) as stream:
        for part in iter(lambda: stream.read(1 << 20), b''):
            digest.update(part)
    return digest.hexdigest()


def open_regular(path):
    """Open a file to read its bytes; an OSError if it is a pipe, a device or a socket, which may never end."""
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):  # of a folder `open` says it
        raise OSError(errno.EINVAL, 'it is no regular file, but a pipe or a device', os.fspath(path))
    return open(path, 'rb')


def read_at_most(path, max_bytes):
    """The bytes of a file; None if there are more than `max_bytes`."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > max_bytes:  # first, as `read(n)` takes n bytes of memory at once
            return None
        data = file.read()
    return data if len(data) <= max_bytes else None


def read_json(path, what, max_bytes=1 << 26):
    """The object (dict) in a JSON file that may come from anywhere.

    Parameters
    ----------
    path : str or Path
    what : str
        What it should be, for the message: 'card'.
    max_bytes : int
        Larger files are refused.

    Raises
    ------
    ValueError
        It is too large, no JSON object, nested too deeply, or has whole numbers of more than 20 digits.
    OSError
        It cannot be read.
    """
    data = read_at_most(path, max_bytes)
    try:
        if data is None:
            raise ValueError('it has more than {:,} bytes'.format(max_bytes))
        content = json.loads(data.decode('utf-8'), parse_int=_whole_number)
        if not isinstance(content, dict):
            raise ValueError('it must be an object, got a {}'.format(type(content).__name__))
        return content
    except RecursionError as error:
        raise ValueError('{} is no {}, or is damaged: its JSON is nested too deeply.'.format(path, what)) from error
    except ValueError as error:
        raise ValueError('{} is no {}, or is damaged: {}.'.format(path, what, error)) from error


def _whole_number(text):
    if len(text) > 20:  # int() takes quadratic time
        raise ValueError('a number of {:,} digits'.format(len(text)))
    return int(text)


def save_npz(path, arrays):
    """Write {name: array} as an uncompressed NumPy archive, atomically.

    `np.savez` leaves its archive open where the disk is full, and the interpreter complains of it at its end.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, 'w') as archive:
        for name, array in arrays.items():
            with archive.open(name + '.npy', 'w', force_zip64=True) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)


def mxnet_home():
    """The folder for data sets and weights: the variable MXNET_HOME, by default ~/.mxnet, as MXNet itself has it."""
    return os.environ.get('MXNET_HOME', os.path.join(os.path.expanduser('~'), '.mxnet'))


def write_sha256(path):
    """Write the SHA-256 of a file beside it, as the command sha256sum does."""
    write_text(path + '.sha256', '{}  {}\n'.format(file_sha256(path), os.path.basename(path)))


def write_text(path, text, errors='surrogateescape'):
    """Write a text file, atomically and with one kind of line ends; names of files stay the bytes they are.

    With ``errors='replace'``, what is no UTF-8 in them becomes a question mark.
    """
    with atomic_path(path) as temporary, open(temporary, 'w', newline='\n', encoding='utf-8', errors=errors) as file:
        file.write(text)
