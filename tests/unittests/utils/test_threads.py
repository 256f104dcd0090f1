"""Work that threads do ahead, and processes that fork meanwhile."""
import multiprocessing
import os
import threading
import time

import pytest

from gluonfr.utils.threads import ahead, each

needs_fork = pytest.mark.skipif(not hasattr(os, 'fork'), reason='Windows does not fork')


def test_results_come_in_the_order_of_the_tasks():
    def slow(i):
        time.sleep(0.01 * (i % 3))
        return i

    assert list(ahead([lambda i=i: slow(i) for i in range(20)], 4, 6)) == list(range(20))
    assert list(each(slow, list(range(70)))) == list(range(70)) and list(each(slow, [])) == []


def test_an_error_comes_where_its_result_would():
    found = each(lambda i: 1 // (70 - i), list(range(200)))
    with pytest.raises(ZeroDivisionError):
        list(found)


def forked(function):
    """What a forked child does with a function: 'done', what it raised, or 'hangs'."""
    start, end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            function()
            os.write(end, b'done')
        except BaseException as error:
            os.write(end, repr(error).encode())
        os._exit(0)
    os.close(end)
    killer = threading.Timer(5, os.kill, (child, 9))
    killer.start()
    with os.fdopen(start, 'rb') as stream:
        said = stream.read().decode()
    os.waitpid(child, 0)
    killer.cancel()
    return said or 'hangs'


@needs_fork
def test_a_fork_waits_for_locks_that_tasks_hold():
    """Such as those of MXNet, OpenCV or a logger: nobody would free them in the child."""
    lock = threading.Lock()

    def task():
        with lock:
            time.sleep(0.1)

    working = ahead([task] * 8, 2, 4)
    for _ in range(3):
        next(working)
        assert forked(lambda: lock.acquire() and lock.release()) == 'done'
    assert len(list(working)) == 5  # the parent goes on


@needs_fork
def test_a_child_begins_anew():
    working = ahead([lambda: time.sleep(0.02)] * 8, 2, 2)
    next(working)
    assert 'cannot go on in a forked process' in forked(lambda: list(working))
    assert forked(working.close) == 'done'
    assert forked(lambda: list(ahead([int] * 9, 2, 2))) == 'done'
    assert len(list(working)) == 7


@needs_fork
def test_a_task_may_fork_itself():
    assert list(ahead([lambda: forked(int)] * 4, 2, 4)) == ['done'] * 4


@needs_fork
def test_the_host_chooses_how_processes_start():
    """Neither bars nor threads fix it."""
    def use_both():
        from gluonfr.utils.progress import Bar
        multiprocessing.set_start_method(None, force=True)
        for disable in (False, True):
            list(Bar(each(int, [1, 2, 3]), disable=disable, file=open(os.devnull, 'w')))
        assert multiprocessing.get_start_method(allow_none=True) is None

    assert forked(use_both) == 'done'
