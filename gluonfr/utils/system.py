"""What Windows does in another way than Unix; no other module asks on which of them it runs."""
import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

__all__ = ['HANGUP', 'OPEN_FILES_STAY', 'end_signals', 'end_with_parent', 'is_alive', 'leave_lock', 'lock',
           'machine_memory', 'read_at', 'sync']

OPEN_FILES_STAY = fcntl is None  # nobody can remove or replace a file that is open
HANGUP = getattr(signal, 'SIGHUP', None)  # a lost connection; Windows has no signal for it
_LOCKED_BYTE = 1 << 30  # far behind what a lock file holds: on Windows others cannot read a byte that is locked
_RETRY_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1
_moving = threading.Lock()


def end_signals():
    """The signals that ask this process to end; without that of a lost connection where nohup has it ignored."""
    heard = HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] + ([HANGUP] if heard else [])


def lock(descriptor, wait=False):
    """Lock a file for this descriptor, until it is closed or the process ends.

    Raises
    ------
    BlockingIOError
        Another one has it, and `wait` is False.
    OSError
        The file system has no locks.
    """
    if fcntl:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return
    while not _lock_byte(descriptor, msvcrt.LK_NBLCK):
        if not wait:
            raise BlockingIOError('the file is locked')
        time.sleep(_RETRY_SECONDS)


def leave_lock(descriptor, path):
    """Remove a lock file that is locked, and free it."""
    if fcntl:
        with suppress(FileNotFoundError):  # somebody has removed the folder
            os.remove(path)
        os.close(descriptor)
        return
    _lock_byte(descriptor, msvcrt.LK_UNLCK)
    os.close(descriptor)
    with suppress(FileNotFoundError, PermissionError):  # who waits for it has it open, and removes it in turn
        os.remove(path)


def _lock_byte(descriptor, how):
    """Lock or unlock a byte by the means of Windows; False where another one has it."""
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, how, 1)
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def is_alive(process):
    """Whether there is a process of this number; on Windows, where asking would end it, always."""
    if not fcntl:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to another user, or numbers are no larger
        return True
    return True


def machine_memory():
    """Bytes of memory that the machine has, None where the system does not tell."""
    if not hasattr(os, 'sysconf'):
        return None
    return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')


def read_at(descriptor, count, position):
    """Bytes of an open file from a position on; threads do not disturb each other."""
    if hasattr(os, 'pread'):
        return os.pread(descriptor, count, position)
    with _moving:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, count)


def sync(path):
    """Bring a file, or the names in a folder, to the disk."""
    if not fcntl and os.path.isdir(path):  # Windows does so by itself
        return
    descriptor = os.open(path, os.O_RDONLY if fcntl else os.O_RDWR)  # Windows asks for the right to write
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def end_with_parent(parent):
    """Have this process end when its parent does, however that ends.

    On Linux the kernel sends SIGKILL, which reaches a process that is stopped, too; elsewhere a thread looks.

    Parameters
    ----------
    parent : int
        The number of the parent, which may have ended already.
    """
    if sys.platform.startswith('linux'):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent):
    while os.getppid() == parent:
        time.sleep(_RETRY_SECONDS)
    os._exit(1)
