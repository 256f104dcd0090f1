"""Paths that must stay in a folder, and bytes that are added whole or not at all."""
import os

import pytest
from helpers import files_up_to

from gluonfr.utils.files import append_whole, path_inside


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
