"""Whether the system leaves MXNet the threads and the memory that it takes."""
import ctypes
import os
import sys
from pathlib import Path
from typing import Optional, Tuple

from .processors import threads_to_use

# What MXNet takes at its first operator, besides a thread of OpenMP for each further core: the threads of its engine;
# MiB of addresses for itself, and for each thread (its stack, and what malloc sets aside).
ENGINE_THREADS, MXNET_MIB, THREAD_MIB = 6, 870, 72


def startable(count: int, library: Optional[ctypes.CDLL] = None) -> int:
    """Return how many threads the system lets this process start just now, at most `count`.

    They wait in C: a thread of Python takes memory of its own, and MXNet needs it.
    """
    library, gate = library or ctypes.CDLL(None), ctypes.create_string_buffer(64)
    library.sem_init(gate, 0, 0)
    wait, started = ctypes.cast(library.sem_wait, ctypes.c_void_p), []
    for _ in range(count):
        thread = ctypes.c_ulong()
        if library.pthread_create(ctypes.byref(thread), None, wait, gate):
            break
        started.append(thread)
    for _ in started:
        library.sem_post(gate)
    for thread in started:
        library.pthread_join(thread, None)
    return len(started)


def thread_problem(count: int, allowed: int) -> Optional[str]:
    """Return the sentence on why `allowed` threads are not enough where `count` start, or None."""
    if allowed >= count:
        return None
    return ('MXNet and what comes with it start {} threads here, and the system allows {}. Raise the limit (ulimit -u, '
            'or the pids limit of the container), end other processes, or set OMP_NUM_THREADS=1.'.format(
                count, allowed))


def memory_problem(mib: int, limit: Optional[int], used: int) -> Optional[str]:
    """Return the sentence on why a limit (or None) leaves no `mib` MiB of addresses beside those `used`, or None."""
    if limit is None or limit - used >= mib:
        return None
    return ('MXNet and what comes with it take {} MiB of addresses, and the limit of this process leaves {} of {}. '
            'Raise it: ulimit -v unlimited'.format(mib, max(0, limit - used), limit))


def addresses() -> Tuple[Optional[int], int]:
    """Return the limit of this process's addresses, None for none, and how much of it is used, in MiB."""
    import resource  # of Unix only
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    used = int(Path('/proc/self/statm').read_text(encoding='ascii').split()[0]) * resource.getpagesize()
    return None if limit == resource.RLIM_INFINITY else limit >> 20, used >> 20


def room_problem(more_threads: int = 0, more_mib: int = 0) -> Optional[str]:
    """Return the sentence on the threads or the memory that MXNet will miss, or None; to be asked before it is loaded.

    Without them it ends the process ("terminate called without an active exception") or waits for ever.

    Parameters
    ----------
    more_threads, more_mib : int
        What is needed besides.
    """
    if not sys.platform.startswith('linux'):
        return None
    threads = ENGINE_THREADS + threads_to_use() - 1 + more_threads
    if 'numpy' not in sys.modules:
        threads += len(os.sched_getaffinity(0)) - 1  # of its linear algebra
    return memory_problem(MXNET_MIB + THREAD_MIB * threads + more_mib, *addresses()) or \
        thread_problem(threads, startable(threads))
