"""gluonfr.data.pairs.bins: what write_bin writes, as others read it, and what it refuses to write."""
import os
import pickle
import pickletools

import numpy as np
import pytest
from bins_cases import IMAGES, ISSAME, reader, same
from helpers import files_up_to

from gluonfr.data.pairs import BinError, read_bin, write_bin
from gluonfr.data.image import encode


@pytest.fixture
def bin_of(tmp_path):
    return reader(tmp_path)


@pytest.mark.parametrize('protocol', [2, 4])
@pytest.mark.parametrize('arrays', [False, True])
def test_round_trip(tmp_path, protocol, arrays):
    path = tmp_path / 'new' / 'folder' / 'pairs.bin'
    write_bin(path, IMAGES, ISSAME, protocol, arrays)
    pairs = read_bin(path)
    assert same(pairs.images, IMAGES) and pairs.issame.tolist() == ISSAME
    assert all(isinstance(image, np.ndarray if arrays else bytes) for image in pairs.images)
    theirs, issame = pickle.loads(path.read_bytes())  # how InsightFace reads it
    assert same(theirs, IMAGES) and issame == ISSAME
    assert next(pickletools.genops(path.read_bytes()))[1] == protocol


def test_equal_images_are_stored_once(tmp_path):
    image = os.urandom(5000)
    write_bin(tmp_path / 'pairs.bin', [bytes(bytearray(image)) for _ in range(20)], [True] * 10, 4)
    assert (tmp_path / 'pairs.bin').stat().st_size < 6000


def test_no_space_left(tmp_path):
    """The old file stays as it was, and nothing lies beside it."""
    path = tmp_path / 'pairs.bin'
    write_bin(path, IMAGES, ISSAME)
    before = path.read_bytes()
    with files_up_to(10000), pytest.raises(OSError):
        write_bin(path, [os.urandom(50000)] * 4, ISSAME)
    assert os.listdir(str(tmp_path)) == ['pairs.bin'] and path.read_bytes() == before


@pytest.mark.parametrize('images,issame,message', [
    ([], [], 'two images for each of at least one pair, got 0 images and 0 pairs'),
    (IMAGES[:3], ISSAME, 'got 3 images and 2 pairs'),
    (IMAGES, [True, 2], 'issame must be true or false .*got 2 for pair 1'),
    (IMAGES, [True, None], 'got NoneType for pair 1'),
    (IMAGES, ['yes', 'no'], 'got str for pair 0'),
    (IMAGES, np.array([[True], [False]]), r'issame must have one dimension, \(P,\), got shape \(2, 1\)'),
    (IMAGES, True, 'issame a list or array, got list and bool'),
    (IMAGES[0], ISSAME, 'images must be a list .* got bytes and list'),
    (IMAGES[:3] + ['text'], ISSAME, 'image 3 must be the bytes .*got str'),
    (IMAGES[:3] + [None], ISSAME, 'image 3 must be the bytes .*got NoneType'),
    (IMAGES[:3] + [IMAGES], ISSAME, 'image 3 must be the bytes .*got list'),
    (IMAGES[:3] + [np.zeros((2, 2, 3), np.uint8)], ISSAME, r'image 3 .*got uint8 of shape \(2, 2, 3\)'),
    (IMAGES[:3] + [np.zeros(5, np.float32)], ISSAME, r'image 3 .*got float32 of shape \(5,\)'),
])
def test_wrong_structure(tmp_path, bin_of, images, issame, message):
    with pytest.raises(BinError, match='pairs.bin: .*' + message):
        write_bin(tmp_path / 'pairs.bin', images, issame)
    assert not os.listdir(str(tmp_path))
    with pytest.raises(BinError, match='pairs.bin: .*' + message):
        bin_of(pickle.dumps((images, issame), 2))


def test_bad_protocol(tmp_path):
    with pytest.raises(ValueError, match='write_bin: protocol must be one of 2, 4, got 3'):
        write_bin(tmp_path / 'pairs.bin', IMAGES, ISSAME, 3)


@pytest.mark.parametrize('arrays', [False, True])
def test_images_are_decoded(tmp_path, arrays):
    faces = [np.full((6, 5, 3), (10 * i, 100, 200), np.uint8) for i in range(4)]
    data = [encode(face, '.png') for face in faces]
    data[3] = data[3][:-20]
    write_bin(tmp_path / 'pairs.bin', data, ISSAME, as_arrays=arrays)
    pairs = read_bin(tmp_path / 'pairs.bin')
    assert all(np.array_equal(pairs.image(i), faces[i]) for i in range(3))
    assert pairs.image(0, flag=0).shape == (6, 5, 1)
    with pytest.raises(BinError, match=r'pairs.bin: image 3 \(of pair 1\): the image is truncated'):
        pairs.image(3)


def test_images_of_no_pair_are_not_written(tmp_path):
    with pytest.raises(BinError, match=r'got 4 images and 1 pair\.'):
        write_bin(tmp_path / 'pairs.bin', IMAGES, [True])
