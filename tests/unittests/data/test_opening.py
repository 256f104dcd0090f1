"""Whatever a path names: which images it gives, and what is said of those that it does not."""
import logging
import os

import numpy as np
import pytest

from gluonfr.data import FolderDataset, ListDataset, RecordDataset, open_pairs, pack_folder, write_bin
from gluonfr.data.image import ImageError, encode
from gluonfr.data.opening import open_dataset


@pytest.fixture
def place(tmp_path):
    """Five images and a folder with one."""
    root = tmp_path / 'photos'
    (root / 'ann').mkdir(parents=True)
    for i, name in enumerate(['1.jpg', '2.JPG', '3.tif', 'ann/4.png', 'b.gif', 'z.webp']):
        (root / name).write_bytes(encode(np.full((8, 8, 3), 40 * i, np.uint8), '.png'))
    (root / 'notes.txt').write_text('')
    (root / 'bob').mkdir()
    return root


def test_images_and_folders_beside_each_other(place, caplog):
    with caplog.at_level(logging.INFO, 'gluonfr'):
        dataset = open_dataset(str(place))
    assert [os.path.relpath(path, str(place)) for path in dataset.paths] == [
        '1.jpg', '2.JPG', '3.tif', 'ann/4.png', 'b.gif', 'z.webp']
    assert dataset.labels.tolist() == [-1, -1, -1, 0, -1, -1] and dataset.classes == ['ann']
    assert [(dataset.read(i)[0][0, 0, 0], dataset.read(i)[1]) for i in (2, 3, 4)] == [(80, -1), (120, 0), (160, -1)]
    assert [message.split(': ')[-1] for message in caplog.messages] == [
        'left out 1 no image by the suffix (notes.txt); 1 without images (bob/).',
        '5 images in it and 1 in folders, which count as people.']


def test_skip_leaves_out_what_cannot_be_read(place, caplog):
    (place / '2.JPG').write_bytes(b'')
    (place / 'ann' / '4.png').write_bytes(b'')
    dataset = open_dataset(str(place), 'skip')
    assert len(dataset) == 4 and dataset.labels.tolist() == [-1] * 4
    assert [os.path.basename(path) for path, _ in dataset.skipped] == ['2.JPG', '4.png'] and 'skipped 2' in caplog.text
    with pytest.raises(ImageError, match='2.JPG: the image is empty'):
        open_dataset(str(place)).read(1)


@pytest.mark.parametrize('name', ['3.tif', 'x.TIFF', 'x.Heic', 'x.gif', 'x.cr2', 'x.svg'])
def test_an_image_is_never_read_as_a_list(place, name):
    (place / name).write_bytes(b'a.jpg\t0\n')
    dataset = open_dataset(str(place / name))
    assert dataset.paths == [str(place / name)] and dataset.labels.tolist() == [-1]
    with pytest.raises(ImageError, match='damaged or of an unknown format'):
        dataset.read(0)
    with pytest.raises(ValueError, match=name + ' is one image. A set of people is a folder'):
        open_dataset(str(place / name), people=True)


def test_sets_of_people(place, tmp_path):
    (tmp_path / 'list.txt').write_text('photos/1.jpg\t3\n')
    for name in ('people/ann/1.png', 'people/bob/album/1.png'):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes((place / '1.jpg').read_bytes())
    pack_folder(tmp_path / 'people', tmp_path / 'set', progress=False)
    for name, kind, count in (('people', FolderDataset, 2), ('list.txt', ListDataset, 1),
                              ('set/train.rec', RecordDataset, 2), ('set', RecordDataset, 2)):
        for opened in (open_dataset(str(tmp_path / name)), open_dataset(str(tmp_path / name), people=True)):
            assert type(opened) is kind and len(opened) == count


@pytest.mark.parametrize('name, content, message', [
    ('pairs.bin', b'', 'pairs.bin holds pairs of images for `gluonfr verify --data`'),
    ('saved.npz', b'PK\3\4\0\0', 'saved.npz must be a list, a text file in UTF-8'),
    ('empty/', None, 'empty must hold images .*, got 0 other files'),
])
def test_what_is_no_set(tmp_path, name, content, message):
    if content is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_dataset(str(tmp_path / name.rstrip('/')))
    with pytest.raises(FileNotFoundError, match='there is no file or folder'):
        open_dataset(str(tmp_path / 'gone'))


@pytest.fixture
def sets(tmp_path):
    """A folder of sets: lfw.bin in pack/, and files that are none."""
    image = encode(np.zeros((8, 8, 3), np.uint8), '.png')
    (tmp_path / 'pack').mkdir()
    write_bin(str(tmp_path / 'pack' / 'lfw.bin'), [image] * 4, [True, False])
    (tmp_path / 'face.png').write_bytes(image)
    for name in ('train.rec', 'pairs.txt'):
        (tmp_path / name).write_bytes(b'')
    return tmp_path


def test_pairs_by_path_and_by_name(sets):
    for path, arguments, called in ((sets / 'pack' / 'lfw.bin', {}, 'lfw'), ('lfw', {'root': str(sets)}, 'lfw'),
                                    ('pack/lfw', {'root': str(sets)}, 'pack/lfw')):
        name, pairs = open_pairs(str(path), **arguments)
        assert name == called and pairs.issame.tolist() == [True, False] and len(pairs.images) == 4


@pytest.mark.parametrize('name, error, said', [
    ('pack', ValueError, 'pack is a folder, and a set of pairs is a .bin file: give .*lfw.bin.$'),
    ('face.png', ValueError, 'is one image'), ('train.rec', ValueError, 'holds people'),
    ('pairs.txt', ValueError, 'gluonfr pack pairs .*pairs.txt --root'), ('none.bin', FileNotFoundError, 'there is no')])
def test_what_is_no_set_of_pairs(sets, name, error, said):
    with pytest.raises(error, match=said):
        open_pairs(str(sets / name))
