"""Pairs from a path or a name."""
import numpy as np
import pytest

from gluonfr.data import write_bin
from gluonfr.data.image import encode
from gluonfr.data.open_pairs import open_pairs


@pytest.fixture
def root(tmp_path):
    """A folder of sets: lfw.bin in pack/, and files that are none."""
    image = encode(np.zeros((8, 8, 3), np.uint8), '.png')
    (tmp_path / 'pack').mkdir()
    write_bin(str(tmp_path / 'pack' / 'lfw.bin'), [image] * 4, [True, False])
    (tmp_path / 'face.png').write_bytes(image)
    for name in ('train.rec', 'pairs.txt'):
        (tmp_path / name).write_bytes(b'')
    return tmp_path


def test_by_path_and_by_name(root):
    for path, arguments, called in ((root / 'pack' / 'lfw.bin', {}, 'lfw'), ('lfw', {'root': str(root)}, 'lfw'),
                                    ('pack/lfw', {'root': str(root)}, 'pack/lfw')):
        name, pairs = open_pairs(str(path), **arguments)
        assert name == called and pairs.issame.tolist() == [True, False] and len(pairs.images) == 4


@pytest.mark.parametrize('name, error, said', [
    ('pack', ValueError, 'pack is a folder, and a set of pairs is a .bin file: give .*lfw.bin.$'),
    ('face.png', ValueError, 'is one image'), ('train.rec', ValueError, 'holds people'),
    ('pairs.txt', ValueError, 'gluonfr pack pairs .*pairs.txt --root'), ('none.bin', FileNotFoundError, 'there is no')])
def test_what_is_no_set_of_pairs(root, name, error, said):
    with pytest.raises(error, match=said):
        open_pairs(str(root / name))
