"""Files that are whole or absent, and what tells them apart."""
import hashlib
import os
import zipfile
from contextlib import contextmanager

import numpy as np

__all__ = ['atomic_path', 'file_sha256', 'save_npz']


@contextmanager
def atomic_path(path):
    """Give a temporary path beside `path`; at the end what was written there replaces `path` in one step.

    The data reach the disk before the name does, so after a crash `path` holds the old content or the new, whole.
    """
    path = os.path.abspath(path)
    temporary = os.path.join(os.path.dirname(path), '.{}.{}.tmp'.format(os.path.basename(path), os.getpid()))
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync(os.path.dirname(path))
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def file_sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        for part in iter(lambda: stream.read(1 << 20), b''):
            digest.update(part)
    return digest.hexdigest()


def save_npz(path, arrays):
    """Write {name: array} as an uncompressed NumPy archive, atomically.

    `np.savez` leaves its archive open where the disk is full, and the interpreter complains of it at its end.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, 'w') as archive:
        for name, array in arrays.items():
            with archive.open(name + '.npy', 'w', force_zip64=True) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
