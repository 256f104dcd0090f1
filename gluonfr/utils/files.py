"""Files that are whole or absent, and what tells them apart."""
import hashlib
import os
from contextlib import contextmanager

__all__ = ['atomic_path', 'file_sha256']


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


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
