"""A plugin of pytest that takes away what Unix has and Windows has not: ``pytest -p without_unix tests/unittests/...``.

What is kept from before is used by the packages that gluonfr stands on, which have their own ways on Windows.
"""
import builtins
import fcntl
import os
import signal
import struct
import sys
import types
from importlib.machinery import PathFinder


GONE = {os: ('fork', 'forkpty', 'getpriority', 'killpg', 'mkfifo', 'nice', 'pread', 'preadv', 'pwrite', 'pwritev',
             'sched_getaffinity', 'sched_setaffinity', 'statvfs', 'sysconf'),
        signal: ('SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2')}
MODULES = ('fcntl', 'grp', 'pwd', 'resource', 'termios')
O_BINARY = 1 << 30  # a text file by default, as `os.open` has it there
FORBIDDEN = set('<>:"|?*')  # in names
UNIX = {name: getattr(os, name) for name in ('fsync', 'mkdir', 'open', 'remove', 'rename', 'replace', 'rmdir', 'stat')}
F_OFD_SETLK = 37  # Linux: locks of an open file, not of a process, as on Windows


def take_away():
    """Do it, after those packages are imported."""
    import cv2  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import onnxruntime  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn  # noqa: F401
    for module, names in GONE.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    os.process_cpu_count = os.cpu_count  # which would ask for the affinity
    for name in MODULES:
        sys.modules[name] = None
    find_spec = PathFinder.find_spec
    PathFinder.find_spec = lambda name, *where: None if name == 'mxnet' else find_spec(name, *where)  # has no wheel
    sys.modules['msvcrt'] = types.SimpleNamespace(LK_UNLCK=0, LK_NBLCK=2, locking=locking)
    os.O_BINARY, os.link = O_BINARY, refused
    for function in (fsync, open_, remove, rename, replace):
        setattr(os, function.__name__.rstrip('_'), function)
    os.symlink = refused
    for name in ('mkdir', 'rmdir'):
        setattr(os, name, checked(UNIX[name]))
    builtins.open = checked(builtins.open)


def locking(descriptor, how, count):
    """`msvcrt.locking`."""
    kind = fcntl.F_WRLCK if how else fcntl.F_UNLCK
    try:
        fcntl.fcntl(descriptor, F_OFD_SETLK, struct.pack('hhqqi4x', kind, os.SEEK_CUR, 0, count, 0))
    except BlockingIOError as error:
        raise PermissionError(13, 'Permission denied') from error


def checked(function):
    """A function that refuses names that Windows has not."""
    def call(path, *args, **options):
        if isinstance(path, (str, os.PathLike)) and FORBIDDEN & set(os.fspath(path)):
            raise OSError(22, 'Invalid argument', path)
        return function(path, *args, **options)
    return call


def open_(path, flags, *args, **options):
    """`os.open`: no folders, but for `shutil.rmtree`, which goes another way there."""
    if flags == os.O_RDONLY and os.path.isdir(path):
        raise PermissionError(13, 'Permission denied', path)
    return UNIX['open'](path, flags & ~O_BINARY, *args, **options)


def fsync(descriptor):
    """`os.fsync`: only of what may be written."""
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, 'Bad file descriptor')
    UNIX['fsync'](descriptor)


def remove(path, **options):
    """`os.remove`: no open files."""
    _refuse_open(path)
    UNIX['remove'](path, **options)


def rename(source, target, **options):
    """`os.rename`: to a new name."""
    if os.path.lexists(target):
        raise FileExistsError(17, 'File exists', target)
    replace(source, target, **options)


def replace(source, target, **options):
    """`os.replace`: of files that are not open."""
    if os.path.isdir(target):
        raise PermissionError(13, 'Access is denied', target)
    _refuse_open(source)
    _refuse_open(target)
    UNIX['replace'](source, target, **options)


def refused(*_, **__):
    """A right that a user has not by default."""
    raise OSError(1314, 'A required privilege is not held by the client')


def _refuse_open(path):
    """Raise as Windows does for a file that this process has open or mapped."""
    try:
        wanted = UNIX['stat'](path)
    except OSError:
        return
    for number in os.listdir('/proc/self/fd'):
        try:
            if os.path.samestat(UNIX['stat']('/proc/self/fd/' + number), wanted):
                raise PermissionError(13, 'The process cannot access the file because it is being used', path)
        except FileNotFoundError:
            pass
    real = os.fsdecode(os.path.realpath(path))
    with open('/proc/self/maps', encoding='utf-8', errors='replace') as maps:
        if any(line.rstrip('\n').endswith(' ' + real) for line in maps):
            raise PermissionError(1224, 'a user-mapped section is open', path)


take_away()
