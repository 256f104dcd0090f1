"""OpenMP in the threads of MXNet's engine, which run the operators of a context each."""
import ctypes
import os
import sys

from mxnet import nd
from mxnet.base import _LIB, check_call

from ..compat import core_groups, threads_to_use

__all__ = ['pin_threads', 'set_threads']

_BINDINGS = ('OMP_PROC_BIND', 'OMP_PLACES', 'GOMP_CPU_AFFINITY')  # with one of them the user says where threads run
_Function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
_Part = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Context(ctypes.Structure):
    _fields_ = [('device_type', ctypes.c_int), ('device_id', ctypes.c_int)]


def set_threads(ctx, threads):
    """Let the operators of a CPU context run on a number of threads: OpenMP keeps it for each thread that calls it."""
    if _has_openmp():
        _run(ctx, lambda library: library.omp_set_num_threads(threads))


def pin_threads(ctx):
    """Keep each thread that computes for a CPU context on a core of its own.

    Beside another busy process, Linux else puts two of them on one core. They take turns there, and each turn is a
    time slice, as oneDNN's threads wait for each other without sleeping: training then has a sixth of its speed, and
    with pinned threads half of it. Nothing is done where threads and cores are not of one number, or the user has set
    OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY.

    Parameters
    ----------
    ctx : Context

    Returns
    -------
    bool
        Whether they are pinned.
    """
    if ctx.device_type != 'cpu' or not _has_openmp() or any(name in os.environ for name in _BINDINGS):
        return False
    cores = core_groups(os.sched_getaffinity(0))
    if len(cores) < 2 or threads_to_use() != len(cores):
        return False

    refused = []

    def pin(library):
        def part(_):
            try:
                os.sched_setaffinity(0, cores[library.omp_get_thread_num()])
            except OSError as error:  # some sandboxes allow no thread to choose
                refused.append(error)

        library.GOMP_parallel(_Part(part), None, len(cores), 0)

    _run(ctx, pin)
    return not refused


def _has_openmp():
    return sys.platform.startswith('linux')  # MXNet's wheels for other systems have none


def _run(ctx, what):
    """Call what(libgomp) in the engine's thread of a context, and wait for it."""
    library = ctypes.CDLL('libgomp.so.1')
    function = _Function(lambda *_: what(library))
    context, array = _Context(ctx.device_typeid, ctx.device_id), nd.zeros((1,), ctx)
    check_call(_LIB.MXEnginePushSyncND(function, None, None, ctypes.byref(context), None, 0,
                                       (ctypes.c_void_p * 1)(array.handle.value), 1, None, 0, b'gluonfr'))
    array.wait_to_read()  # `function` must live until it has run
