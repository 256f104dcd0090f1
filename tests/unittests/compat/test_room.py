"""Whether the system leaves MXNet the threads and the memory that it takes."""
import ctypes
import os
import sys

import pytest
from compat_cases import run_python

from gluonfr import compat
from gluonfr.compat import room


class Libc:
    """Starts so many threads and no more."""

    def __init__(self, allowed):
        self.allowed, self.calls = allowed, []
        self.sem_wait = ctypes.CDLL(None).sem_wait

    def sem_init(self, *_):
        self.calls.append('init')

    def pthread_create(self, *_):
        self.calls.append('create')
        return 11 if self.calls.count('create') > self.allowed else 0  # EAGAIN

    def sem_post(self, *_):
        self.calls.append('post')

    def pthread_join(self, *_):
        self.calls.append('join')


LINUX = pytest.mark.skipif(not sys.platform.startswith('linux'), reason='needs Linux')


@LINUX
@pytest.mark.parametrize('allowed, found', [(0, 0), (2, 2), (5, 3)])
def test_threads_are_tried_and_ended(allowed, found):
    library = Libc(allowed)
    assert compat.startable(3, library) == found
    assert library.calls.count('post') == library.calls.count('join') == found


@LINUX
def test_threads_of_this_process_can_be_started():
    before = len(os.listdir('/proc/self/task'))
    assert compat.startable(4) == 4
    assert len(os.listdir('/proc/self/task')) == before


@pytest.mark.parametrize('count, allowed, said', [
    (8, 8, None), (8, 7, 'start 8 threads here, and the system allows 7. Raise the limit (ulimit -u')])
def test_too_few_threads_are_a_sentence(count, allowed, said):
    problem = compat.thread_problem(count, allowed)
    assert (problem is None) if said is None else said in problem


@pytest.mark.parametrize('limit, used, said', [
    (None, 500, None), (1500, 500, None), (1499, 500, 'take 1000 MiB of addresses, and the limit of this process '
                                                      'leaves 999 of 1499. Raise it: ulimit -v unlimited'),
    (400, 500, 'leaves 0 of 400')])
def test_too_little_memory_is_a_sentence(limit, used, said):
    problem = compat.memory_problem(1000, limit, used)
    assert (problem is None) if said is None else said in problem


@LINUX
def test_what_mxnet_takes_grows_with_the_threads(monkeypatch):
    asked = []
    monkeypatch.setattr(room, 'threads_to_use', lambda: 4)
    monkeypatch.setattr(room, 'addresses', lambda: (3000, 100))
    monkeypatch.setattr(room, 'startable', lambda count: asked.append(count) or count)
    assert compat.room_problem() is None and compat.room_problem(3, 500) is None
    assert asked == [9, 12]  # NumPy is here already
    assert 'take {} MiB'.format(870 + 72 * 12 + 2000) in compat.room_problem(3, 2000)


@pytest.mark.mxnet
@LINUX
def test_a_small_limit_ends_the_import_with_the_sentence():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))
load_compat()
"""
    status, _, err = run_python(code)
    assert status == 1 and 'ImportError: gluonfr: MXNet and what comes with it take' in err, err
    assert 'of 900. Raise it: ulimit -v unlimited' in err
