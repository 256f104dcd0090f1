"""Locks on what a process writes. They are the kernel's: one that a killed process held is free."""
import errno
import logging
import os
import socket
from contextlib import contextmanager

from . import system

__all__ = ['file_lock', 'sole_writer']

NO_LOCKS = errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP
log = logging.getLogger('gluonfr')


@contextmanager
def file_lock(path, waiting):
    """Hold the lock file `path`, which is gone afterwards; while another process holds it, say `waiting` and wait."""
    def wait(descriptor):
        log.warning(waiting)
        system.lock(descriptor, wait=True)

    with _until_done(path, _take(path, wait)):
        yield


@contextmanager
def sole_writer(path, what):
    """Hold the lock file `path`, whose folder is made and which is gone afterwards, unless another process does.

    Parameters
    ----------
    path : str
    what : str
        What is written meanwhile, as the user calls it: the errors begin with it.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    OSError
        The file cannot be written.
    """
    def refuse(descriptor):
        owner = os.read(descriptor, 200).decode('utf-8', 'replace') or 'another process'
        raise BlockingIOError('{} is in use: {} writes there. Wait for its end, or write to another place.'.format(
            what, owner))

    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        descriptor = _take(path, refuse)
    except BlockingIOError:
        raise
    except OSError as error:
        raise OSError(error.errno, '{} cannot be written: {}.'.format(what, os.strerror(error.errno))) from error
    with _until_done(path, descriptor):
        yield


def _take(path, busy):
    """The descriptor of a lock file that is held; `busy` gets one that another process holds, and waits or raises."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                system.lock(descriptor)
            except BlockingIOError:
                busy(descriptor)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                log.warning('%s: this file system has no locks (%s): let no other process write the same.', path,
                            error.strerror)
            # else its holder has removed it, and the next to come locks another
            if system.OPEN_FILES_STAY or _is_open(descriptor, path):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, 'process {} on {}'.format(os.getpid(), socket.gethostname()).encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextmanager
def _until_done(path, descriptor):
    """Remove and free a lock file that is held, at the end."""
    try:
        yield
    finally:
        system.leave_lock(descriptor, path)


def _is_open(descriptor, path):
    """Whether an open file is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
