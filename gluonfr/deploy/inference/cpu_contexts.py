"""CPU contexts whose operators run on a chosen number of OpenMP threads.

MXNet's engine has a thread for each context ``mx.cpu(i)``. Nets on different contexts therefore run side by side, each
on its own cores, which is faster than all cores together on each operator: small operators spend their time waiting
for each other's threads, and a busy core stops all of them.
"""
import threading

import mxnet as mx

from ...utils.engine import set_threads

__all__ = ['cpu_contexts']

FIRST = 32  # ids below are left to those who train on several CPU contexts
_contexts, _lock = {}, threading.Lock()


def cpu_contexts(count, threads):
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
                set_threads(context, threads)
                _contexts[i, threads] = context
        return [_contexts[i, threads] for i in range(count)]
