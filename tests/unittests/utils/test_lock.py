"""Locks on what a process writes."""
import errno
import os
import signal
import subprocess
import sys

import pytest
from helpers import environ

from gluonfr.utils import lock, system
from gluonfr.utils.lock import sole_writer

HOLDER = """
import sys, time
from gluonfr.utils.lock import sole_writer
with sole_writer(sys.argv[1], 'x'):
    print('held', flush=True)
    time.sleep(60)
"""


def test_the_second_is_refused_and_the_next_is_not(tmp_path):
    path = str(tmp_path / 'new' / '.lock')
    with sole_writer(path, '--out new'):
        with pytest.raises(BlockingIOError) as caught:
            with sole_writer(path, '--out new'):
                pass
        assert str(caught.value) == '--out new is in use: process {} on {} writes there. Wait for its end, or write ' \
                                    'to another place.'.format(os.getpid(), lock.socket.gethostname())
        assert os.path.exists(path), 'the one who was refused leaves it'
    assert not os.path.exists(path)
    with sole_writer(path, '--out new'):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    path = str(tmp_path / '.lock')
    holder = subprocess.Popen([sys.executable, '-c', HOLDER, path], env=environ(), stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == 'held\n'
        with pytest.raises(BlockingIOError, match='process {} on'.format(holder.pid)):
            with sole_writer(path, 'x'):
                pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    assert os.path.exists(path)
    with sole_writer(path, 'x'):
        pass
    assert not os.path.exists(path)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='--out a cannot be written: (File exists|Not a directory)'):
        with sole_writer(str(tmp_path / 'file' / '.lock'), '--out a'):
            pass


def test_a_file_system_without_locks(tmp_path, monkeypatch, caplog):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(system.fcntl, 'flock', flock)
    with sole_writer(str(tmp_path / '.lock'), 'x'):
        assert 'this file system has no locks (No locks available)' in caplog.text
