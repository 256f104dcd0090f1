"""Paths that must stay in a folder, bytes that are added whole or not at all, and what killed processes leave."""
import os
import subprocess
import sys

import pytest
from helpers import files_up_to

from gluonfr.utils import files
from gluonfr.utils.files import append_whole, atomic_folder, path_inside, write_text


def test_names_of_files_in_a_folder(tmp_path):
    assert path_inside(str(tmp_path), 'a/b.png') == str(tmp_path / 'a' / 'b.png')
    assert path_inside(os.path.relpath(str(tmp_path)), '..b') == str(tmp_path / '..b')


@pytest.mark.parametrize('name', ['', '/etc/passwd', '..', '../a', 'a/../../b', 'a/..', '..\\a', 'a\0b'])
def test_names_that_lead_elsewhere(tmp_path, name):
    with pytest.raises(ValueError, match='does not lie in'):
        path_inside(str(tmp_path), name)


def test_links_to_other_folders(tmp_path):
    (tmp_path / 'in').mkdir()
    os.symlink(str(tmp_path), str(tmp_path / 'in' / 'out'))
    os.symlink(str(tmp_path / 'in'), str(tmp_path / 'same'))
    assert path_inside(str(tmp_path / 'in'), 'out/a') == str(tmp_path / 'in' / 'out' / 'a')
    with pytest.raises(ValueError, match='does not lie in'):
        path_inside(str(tmp_path / 'in'), 'out/a', links=False)
    assert path_inside(str(tmp_path / 'in'), 'out', links=False)  # the link itself lies there
    assert path_inside(str(tmp_path / 'same'), 'a', links=False)


def test_bytes_are_added_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / 'a')
    append_whole(path, b'first\n')
    with files_up_to(10), pytest.raises(OSError, match='File too large'):
        append_whole(path, b'second\n')  # half of it fits
    assert (tmp_path / 'a').read_bytes() == b'first\n'
    append_whole(path, b'second\n')
    assert (tmp_path / 'a').read_bytes() == b'first\nsecond\n'


def of_ended_process(name):
    """What a process that has ended called a file while it wrote it."""
    done = subprocess.Popen([sys.executable, '-c', ''])
    done.wait()
    return '.{}.{}.tmp'.format(name, done.pid)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='Windows does not tell which processes there are')
def test_what_a_killed_process_was_writing_goes_with_the_next_write(tmp_path):
    """And nothing else: not what runs, what is another file's, or what others call so."""
    left = [of_ended_process('a.csv'), of_ended_process('a.csv')]
    others = [of_ended_process('b.csv'), '.a.csv.{}.tmp'.format(os.getppid()), '.a.csv.tmp', '.a.csv.x1.tmp']
    for name in left + others:
        (tmp_path / name).write_text('half')
    write_text(str(tmp_path / 'a.csv'), 'whole')
    assert sorted(os.listdir(str(tmp_path))) == sorted(others + ['a.csv'])
    folder = tmp_path / of_ended_process('set')
    folder.mkdir()
    (folder / 'half').write_text('')
    files._left_in.cache_clear()
    with atomic_folder(str(tmp_path / 'set')) as made:
        write_text(os.path.join(made, 'x'), '')
    assert not folder.exists() and os.listdir(str(tmp_path / 'set')) == ['x']


def test_a_name_may_be_as_long_as_a_name_can_be(tmp_path):
    for name in ('x' * 255, '\u5b89' * 85):
        write_text(str(tmp_path / name), 'text')
        assert (tmp_path / name).read_text() == 'text'
    assert len(os.listdir(str(tmp_path))) == 2
