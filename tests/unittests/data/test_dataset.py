"""The contract of data sets: every one of them keeps it."""
import hashlib
import json
import os
import shutil

import numpy as np
import pytest

from gluonfr.align import PhotoFaces
from gluonfr.data import FolderDataset, ListDataset, RecordDataset, SyntheticFaces, open_dataset, pack_folder
from gluonfr.data.dataset import FaceDataset, StoredDataset
from gluonfr.data.image import encode

LABELS = [0, 0, 1, 1, 1]
NAMES = ['ann/0.png', 'ann/1.png', 'bob/2.png', 'bob/3.png', 'bob/4.png']
POINTS = np.array([[10, 10], [20, 10], [15, 16], [11, 22], [19, 22]])


def write_people(root):
    for i, name in enumerate(NAMES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode(np.full((32, 32, 3), 40 * i, np.uint8), '.png'))
    return [str(root / name) for name in NAMES]


@pytest.fixture(scope='module')
def sets(tmp_path_factory):
    """{kind: a function that opens it}, all of the same five images of two people."""
    root = tmp_path_factory.mktemp('sets')
    paths = write_people(root / 'people')
    (root / 'list.txt').write_text(''.join('people/{}\t{}\n'.format(*pair) for pair in zip(NAMES, LABELS)))
    pack_folder(root / 'people', root / 'packed', progress=False)
    return {
        'folder': lambda: FolderDataset(root / 'people'),
        'list': lambda: ListDataset(root / 'list.txt'),
        'rec': lambda: RecordDataset(root / 'packed' / 'train.rec'),
        'photographs': lambda: PhotoFaces(paths, [POINTS] * 5, 32, LABELS, classes=['ann', 'bob']),
        'drawn': lambda: SyntheticFaces(2, 3, size=32),
    }


KINDS = ['folder', 'list', 'rec', 'photographs', 'drawn']


@pytest.mark.mxnet
@pytest.mark.parametrize('kind', KINDS)
def test_every_data_set_keeps_the_contract(sets, kind):
    import mxnet as mx
    dataset = sets[kind]()
    assert isinstance(dataset, FaceDataset) and len(dataset) == len(dataset.labels) == len(dataset.names)
    assert dataset.labels.dtype == np.int64 and dataset.num_classes == 2
    assert all(type(name) is str for name in dataset.names)
    assert list(dataset.classes) == ([] if kind in ('list', 'drawn') else ['ann', 'bob'])
    assert dataset.ranges.tolist() == ([[0, 3], [3, 6]] if kind == 'drawn' else [[0, 2], [2, 5]])
    for i, label in enumerate(dataset.labels.tolist()):
        image, found = dataset.read(i)
        assert image.dtype == np.uint8 and image.shape == (32, 32, 3) and type(found) is int and found == label
        array, found = dataset[i]
        assert isinstance(array, mx.nd.NDArray) and array.dtype == np.uint8 and found == label
        np.testing.assert_array_equal(array.asnumpy(), image)
    assert json.loads(json.dumps(dataset.identity())) == sets[kind]().identity() != {}


@pytest.mark.parametrize('kind', KINDS[:-1])
def test_what_is_stored_has_bytes_sizes_and_names(sets, kind):
    dataset = sets[kind]()
    assert isinstance(dataset, StoredDataset)
    for i in range(len(dataset)):
        data, label = dataset.read_bytes(i)
        assert data[:4] == b'\x89PNG' and label == dataset.labels[i]
        np.testing.assert_array_equal(dataset.decode(data, i), dataset.read(i)[0])
        assert tuple(dataset.size_of(i)) == (32, 32) and dataset.names[i] in dataset.describe(i)
        assert json.loads(json.dumps(dataset.stamp(i))) == list(dataset.stamp(i))
    assert dataset.check_formats() is None and dataset.one_size == (kind == 'rec')


def test_identity_of_files_is_as_it_was_written_before(sets, tmp_path):
    """Run folders of earlier versions hold it; the folders above may move."""
    dataset = sets['folder']()
    wanted = hashlib.sha256(dataset.labels.tobytes())
    for name, path in zip(NAMES, dataset.paths):
        wanted.update('{} {}\n'.format(name, os.path.getsize(path)).encode())
    assert dataset.identity() == {'files_sha256': wanted.hexdigest()} == sets['list']().identity()
    shutil.copytree(dataset.root, str(tmp_path / 'moved'))
    assert FolderDataset(tmp_path / 'moved').identity() == dataset.identity()
    (tmp_path / 'moved' / NAMES[0]).write_bytes(b'')
    assert FolderDataset(tmp_path / 'moved').identity() != dataset.identity()


def test_identity_of_a_rec_is_that_of_its_index(sets):
    dataset = sets['rec']()
    with open(dataset.file.path_idx, 'rb') as file:
        assert dataset.identity() == {'index_sha256': hashlib.sha256(file.read()).hexdigest()}


def test_identity_of_photographs_has_their_landmarks(sets):
    moved = PhotoFaces(sets['folder']().paths, [POINTS + 1] * 5, 32, LABELS)
    assert moved.identity() != sets['photographs']().identity()


@pytest.mark.mxnet
@pytest.mark.parametrize('kind', KINDS)
def test_the_methods_of_gluon(sets, kind):
    from mxnet.gluon.data import DataLoader, SequentialSampler
    dataset = sets[kind]()
    count, first = len(dataset), dataset[0][0].asnumpy()
    assert [label for _, label in dataset.filter(lambda sample: sample[1] == 1)] == [1, 1, 1]
    assert len(dataset.shard(2, 0)) == -(-count // 2) and len(dataset.take(2)) == 2
    assert len(dataset.sample(SequentialSampler(3))) == 3
    np.testing.assert_array_equal(dataset.transform(lambda image, label: image + 1)[0].asnumpy(), first + 1)
    image, label = dataset.transform_first(lambda image: image + 1, lazy=False)[0]
    np.testing.assert_array_equal(image.asnumpy(), first + 1)
    images, labels = next(iter(DataLoader(dataset, count)))
    assert images.shape == (count, 32, 32, 3) and labels.asnumpy().tolist() == dataset.labels.tolist()


def test_a_name_in_the_folder_of_sets(sets, tmp_path):
    rec = sets['rec']()
    folder = os.path.dirname(rec.origin)
    opened = open_dataset('packed', sets=os.path.dirname(folder))
    assert type(opened).__name__ == 'FRTrainRecordDataset' and opened.identity() == rec.identity()
    with pytest.raises(FileNotFoundError, match='no train.rec in .*gone'):
        open_dataset('gone', sets=tmp_path)
    with pytest.raises(FileNotFoundError, match='there is no file or folder no/pe'):
        open_dataset('no/pe', sets=tmp_path)
