"""CPU contexts whose operators run on a chosen number of OpenMP threads.

MXNet's engine has a thread for each context ``mx.cpu(i)``. Nets on different contexts therefore run side by side, each
on its own cores, which is faster than all cores together on each operator: small operators spend their time waiting
for each other's threads, and a busy core stops all of them.
"""
import ctypes
import sys
import threading

import mxnet as mx
from mxnet import nd
from mxnet.base import _LIB, check_call

__all__ = ['worker_contexts']

FIRST = 32  # ids below are left to those who train on several CPU contexts
_contexts, _lock = {}, threading.Lock()
_Function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class _Context(ctypes.Structure):
    _fields_ = [('device_type', ctypes.c_int), ('device_id', ctypes.c_int)]


def worker_contexts(count, threads):
    """`count` CPU contexts, each with `threads` OpenMP threads; the same ones at every call.

    Parameters
    ----------
    count, threads : int
        >= 1.

    Returns
    -------
    list of Context
    """
    with _lock:
        for i in range(count):
            if (i, threads) not in _contexts:
                context = mx.cpu(FIRST + len(_contexts))
                if sys.platform.startswith('linux'):  # MXNet's wheels for other systems have no OpenMP
                    _set_threads(context, threads)
                _contexts[i, threads] = context
        return [_contexts[i, threads] for i in range(count)]


def _set_threads(context, threads):
    """Run omp_set_num_threads in the engine's thread of a context: OpenMP keeps that number for each thread."""
    library = ctypes.CDLL('libgomp.so.1')
    function = _Function(lambda *_: library.omp_set_num_threads(threads))
    place = _Context(context.device_typeid, context.device_id)
    array = nd.zeros((1,), context)
    check_call(_LIB.MXEnginePushSyncND(function, None, None, ctypes.byref(place), None, 0,
                                       (ctypes.c_void_p * 1)(array.handle.value), 1, None, 0, b'gluonfr_threads'))
    array.wait_to_read()  # `function` must live until it has run
