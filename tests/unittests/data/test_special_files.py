"""What lies among images and is none: pipes, devices, links to themselves, folders nobody may read, very long names."""
import logging
import os
import threading

import numpy as np
import pytest

from gluonfr.align import Finder, open_photos, template
from gluonfr.convert.readers.safetensors import load_safetensors
from gluonfr.data import FolderDataset, ListDataset, open_dataset, pack_pairs, read_bin, read_image
from gluonfr.data.image import ImageError, encode, read_header_size
from gluonfr.data.walk import TOO_DEEP, walk_images
from gluonfr.utils.arrays_file import read_npz
from gluonfr.utils.files import read_json
from gluonfr.utils.params_file import read_arrays

IMAGE = encode(np.zeros((8, 8, 3), np.uint8), '.png')
pytestmark = pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='Windows has no such files')


@pytest.fixture(autouse=True)
def in_time():
    """A read of a pipe waits for ever: a writer that comes after five seconds and leaves ends it. One of a device fills
    all memory: there is a gigabyte."""
    resource = pytest.importorskip('resource')
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if os.path.exists('/proc/self/statm'):
        with open('/proc/self/statm', encoding='ascii') as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), limits[1]))
    pipes = []
    timer = threading.Timer(5, lambda: [os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK)) for path in pipes])
    timer.start()
    yield pipes
    timer.cancel()
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.fixture
def place(tmp_path, in_time):
    """A folder of people: ann with an image, and with what is none; bob with an image."""
    for name in ('ann', 'bob'):
        (tmp_path / 'people' / name).mkdir(parents=True)
        (tmp_path / 'people' / name / '1.png').write_bytes(IMAGE)
    ann = tmp_path / 'people' / 'ann'
    os.mkfifo(str(ann / 'pipe.png'))
    in_time.append(str(ann / 'pipe.png'))
    for name, target in (('self.png', 'self.png'), ('zero.png', '/dev/zero'), ('linked.png', 'pipe.png'),
                         ('loop', 'loop')):
        (ann / name).symlink_to(target)
    return tmp_path / 'people'


def test_a_folder_is_read_without_them(place, caplog):
    with pytest.raises(OSError, match='self.png'):  # an image that cannot be read, as a broken link is one
        FolderDataset(str(place)).read(1)
    dataset = FolderDataset(str(place), on_error='skip')
    assert [os.path.relpath(path, str(place)) for path in dataset.paths] == ['ann/1.png', 'bob/1.png']
    assert [os.path.basename(path) for path, _ in dataset.skipped] == ['self.png']
    assert sorted(dataset.ignored_files) == [('ann/linked.png', 'no regular file'), (
        'ann/loop', 'no image by the suffix'), ('ann/pipe.png', 'no regular file'), ('ann/zero.png', 'no regular file')]


@pytest.mark.parametrize('name', ['ann/pipe.png', 'ann/linked.png', 'ann/zero.png', '/dev/zero'])
def test_files_that_never_end_are_refused_by_every_reader(place, tmp_path, name):
    path = str(place / name)
    for read in (read_image, read_header_size, read_bin, lambda path: read_json(path, 'card'), read_npz, read_arrays,
                 load_safetensors):
        with pytest.raises(OSError, match='no regular file, but a pipe or a device'):
            read(path)
    (tmp_path / 'list.txt').write_text('people/ann/1.png\t0\n{}\t1\n'.format(path))
    with pytest.raises(OSError, match='no regular file'):
        ListDataset(str(tmp_path / 'list.txt')).read(1)
    assert len(ListDataset(str(tmp_path / 'list.txt'), on_error='skip')) == 1
    report = pack_pairs([('ann/1.png', 'bob/1.png', 0), ('ann/1.png', path, 1)], str(place), str(tmp_path / 'p.bin'),
                        on_error='skip', progress=False)
    assert report.pairs == 1 and len(report.skipped) == 1


def test_names_that_no_file_can_have(tmp_path):
    (tmp_path / '1.png').write_bytes(IMAGE)
    (tmp_path / 'list.txt').write_text('1.png\t0\n{}.png\t1\n'.format('x' * 300) + '#' * 5000 + '\na\0b.png\t1\n')
    dataset = ListDataset(str(tmp_path / 'list.txt'), on_error='skip')
    assert len(dataset) == 1 and len(dataset.skipped) == 2


def test_a_file_of_gigabytes_is_no_image(tmp_path):
    path = tmp_path / 'a.jpg'
    with open(str(path), 'wb') as file:
        file.truncate(1 << 40)
    for read in (read_image, read_header_size):
        with pytest.raises(ImageError, match='a.jpg: the image is too large: more than 1,073,741,824 bytes'):
            read(str(path))


@pytest.fixture
def closed(place, monkeypatch):
    """people/bob cannot be read, not by root either."""
    scandir = os.scandir

    def refuse(folder):
        if os.path.basename(folder) == 'bob':
            raise PermissionError(13, 'Permission denied', folder)
        return scandir(folder)

    monkeypatch.setattr(os, 'scandir', refuse)
    return place


def test_a_folder_that_cannot_be_read(closed):
    with pytest.raises(PermissionError, match='bob'):
        FolderDataset(str(closed))
    dataset = FolderDataset(str(closed), on_error='skip')
    assert dataset.classes == ['ann']
    assert [entry for entry in dataset.skipped if 'bob' in entry[0]] == [
        (str(closed / 'bob') + os.sep, 'a folder that cannot be read: Permission denied')]
    (closed / 'own.png').write_bytes(IMAGE)
    assert (str(closed / 'bob') + os.sep) in [path for path, _ in open_dataset(str(closed), 'skip').skipped]
    with pytest.raises(PermissionError):
        open_dataset(str(closed))


def test_photographs_in_a_folder_that_cannot_be_read(closed):
    """The finder has a word for each photograph, and does not read it twice."""
    finder = Finder(landmarks={str(closed / 'ann' / '1.png'): template()})
    faces = open_photos(str(closed), finder, on_error='skip')
    assert faces.paths == [str(closed / 'ann' / '1.png')] and dict(faces.skipped) == {
        str(closed / 'bob') + os.sep: 'a folder that cannot be read: Permission denied',
        str(closed / 'ann' / 'self.png'): 'it cannot be read'}
    with pytest.raises(PermissionError, match='bob'):
        open_photos(str(closed), finder)


def test_folders_within_folders_without_end(tmp_path, caplog):
    inside = os.path.join(*['d'] * 900)
    os.makedirs(str(tmp_path / inside))
    (tmp_path / inside / '1.png').write_bytes(IMAGE)
    (tmp_path / 'd' / '2.png').write_bytes(IMAGE)
    found = walk_images(str(tmp_path))
    assert found.images == [os.path.join('d', '2.png')] and found.ignored[0][1] == TOO_DEEP
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        FolderDataset(str(tmp_path))
    assert 'more than 100 folders deep' in caplog.text
