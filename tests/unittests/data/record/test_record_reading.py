"""gluonfr.data.record: both forms of .rec files, and where, by whom and in which processes they are read."""
import logging
import multiprocessing
import os
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from record_cases import LABELS, SIZE, images, insightface_payloads, pack, same, write, write_with_mxnet

from gluonfr.data.record import image_records
from gluonfr.data.image import decode
from gluonfr.data.record import RecordDataset, RecordFile, write_image_index


@pytest.fixture
def open_folder():
    """An empty folder that users without privileges can enter and only its owner can write."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        for inner in Path(folder).iterdir():
            os.chmod(inner, 0o755)  # to be removed


@pytest.fixture
def unprivileged():
    """A function that makes this process a user without privileges, for whom read-only means just that."""
    if os.geteuid() != 0:
        yield lambda: None
        return
    yield lambda: os.seteuid(65534)
    os.seteuid(0)


# --- both forms ---

@pytest.mark.mxnet
def test_insightface_form(tmp_path):
    import mxnet as mx
    path, data = write(tmp_path)
    dataset = RecordDataset(path)
    same(dataset, data)
    assert dataset.header == (11, 15)
    assert dataset.num_classes == 4 and dataset.image_size == SIZE and dataset.skipped == []
    assert dataset.ranges.tolist() == [[0, 2], [2, 5], [5, 6], [6, 10]]
    assert dataset.keys.tolist() == list(range(1, 11))
    image, label = dataset[3]
    assert isinstance(image, mx.nd.NDArray) and image.dtype == np.uint8 and image.shape == SIZE + (3,) and label == 1
    assert dataset.read(-1)[1] == 3
    with pytest.raises(IndexError):
        dataset.read(10)
    assert (tmp_path / 'property').read_text() == '4,16,12'
    assert sorted(os.listdir(tmp_path)) == ['property', 'train.crc', 'train.idx', 'train.rec']


@pytest.mark.mxnet
def test_insightface_form_written_by_mxnet(tmp_path):
    data = images(10)
    dataset = RecordDataset(write_with_mxnet(tmp_path / 'train.rec', insightface_payloads(data)))
    same(dataset, data)
    assert dataset.header == (11, 15) and dataset.num_classes == 4 and dataset.image_size == SIZE
    assert dataset.ranges.tolist() == [[0, 2], [2, 5], [5, 6], [6, 10]]


@pytest.mark.mxnet
@pytest.mark.parametrize('labels', [[0, 0, 1, 2, 2], [2, 0, 1, 0, 2]])
@pytest.mark.parametrize('array', [False, True])
def test_flat_form(tmp_path, labels, array):
    data = images(5)
    payloads = [pack([label, 9] if array else float(label), image) for label, image in zip(labels, data)]
    dataset = RecordDataset(write_with_mxnet(tmp_path / 'flat.rec', payloads))
    same(dataset, data, labels)
    assert dataset.header is None and dataset.num_classes == 3
    assert (dataset.ranges is None) == (labels[0] == 2)
    if dataset.ranges is not None:
        assert dataset.ranges.tolist() == [[0, 2], [2, 3], [3, 5]]


def test_unsorted_index_is_read_by_ascending_key(tmp_path):
    path, data = write(tmp_path)
    lines = path.with_suffix('.idx').read_text().splitlines(True)
    path.with_suffix('.idx').write_text(''.join(lines[::-1]))
    same(RecordDataset(path), data)


@pytest.mark.mxnet
def test_class_without_images_has_an_empty_range(tmp_path):
    data = images(3)
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(float(label), data[label]) for label in (0, 2, 2)])
    assert RecordDataset(path).ranges.tolist() == [[0, 1], [1, 1], [1, 3]]


@pytest.mark.mxnet
def test_grey_and_transform(tmp_path):
    path, data = write(tmp_path)
    dataset = RecordDataset(path, flag=0, transform=lambda image, label: (image.shape, label + 1))
    assert dataset[0] == (SIZE + (1,), 1)
    assert np.array_equal(dataset.read(0)[0], decode(data[0], 0))


def test_headers_are_read_for_persons_only(tmp_path, monkeypatch):
    path, _ = write(tmp_path)
    asked = []
    headers = RecordFile.headers
    monkeypatch.setattr(RecordFile, 'headers', lambda self, keys: asked.extend(keys) or headers(self, keys))
    RecordDataset(path)
    assert sorted(asked) == [1, 3, 6, 7, 11, 12, 13, 14]  # the first image of each person, and the persons


@pytest.mark.mxnet
@pytest.mark.parametrize('ours', [True, False])
def test_keys_that_float32_cannot_hold(tmp_path, monkeypatch, ours):
    """Above 2^24 labels are rounded; ours have the keys as ids, other writers' headers are all read."""
    monkeypatch.setattr(image_records, '_EXACT', 8)
    if ours:
        path, data = write(tmp_path)
    else:
        data = images(10)
        payloads = insightface_payloads(data)
        payloads[0] = pack([12, 16], b'')  # as rounding would leave it
        payloads[12] = pack([4, 6], b'')
        path = write_with_mxnet(tmp_path / 'train.rec', payloads)
    same(RecordDataset(path), data)


@pytest.mark.parametrize('arguments', [{'on_error': 'ignore'}, {'flag': 2}])
def test_bad_arguments(tmp_path, arguments):
    path, _ = write(tmp_path)
    with pytest.raises(ValueError, match='RecordDataset: {} must be one of'.format(next(iter(arguments)))):
        RecordDataset(path, **arguments)


# --- where and by whom it is read ---

def test_missing_index(tmp_path, caplog):
    path, data = write(tmp_path)
    path.with_suffix('.idx').unlink()
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        same(RecordDataset(path), data)
    assert 'train.idx is missing' in caplog.text
    assert sorted(os.listdir(tmp_path)) == ['property', 'train.crc', 'train.rec']
    with pytest.raises(FileNotFoundError, match='train.idx. The folder holds: property, train.crc, train.rec'):
        RecordDataset(path, tmp_path / 'train.idx')
    with pytest.raises(FileNotFoundError, match='other.rec. The folder holds: property, train.crc, train.rec'):
        RecordDataset(tmp_path / 'other.rec')


def test_read_only_folder(open_folder, unprivileged, monkeypatch):
    (open_folder / 'set').mkdir()
    (open_folder / 'cache').mkdir()
    os.chmod(open_folder / 'cache', 0o777)
    monkeypatch.setenv('MXNET_HOME', str(open_folder / 'cache'))
    path, data = write(open_folder / 'set')
    os.chmod(open_folder / 'set', 0o555)
    unprivileged()
    with pytest.raises(PermissionError):
        open(open_folder / 'set' / 'new', 'w')
    same(RecordDataset(path), data)
    index = write_image_index(path)
    assert Path(index).parent == open_folder / 'cache' / 'cache' / 'index'
    assert RecordFile(path, index).keys().tolist() == list(range(1, 11))
    assert write_image_index(path, open_folder / 'cache' / 'mine.idx') == str(open_folder / 'cache' / 'mine.idx')


def test_threads(tmp_path):
    path, data = write(tmp_path)
    dataset = RecordDataset(path)
    wanted = [decode(image) for image in data]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(dataset.read, np.tile(np.arange(10), 50)))
    assert all(np.array_equal(image, wanted[i % 10]) and label == LABELS[i % 10]
               for i, (image, label) in enumerate(found))


@pytest.mark.mxnet
@pytest.mark.parametrize('thread_pool', [False, True])
def test_loader_workers(tmp_path, thread_pool):
    from mxnet.gluon.data import DataLoader
    path, data = write(tmp_path)
    loader = DataLoader(RecordDataset(path), batch_size=4, num_workers=2, thread_pool=thread_pool)
    batches = [(image.asnumpy(), label.asnumpy()) for image, label in loader]
    assert np.concatenate([label for _, label in batches]).tolist() == LABELS.tolist()
    assert np.array_equal(np.concatenate([image for image, _ in batches]), np.stack([decode(d) for d in data]))


def test_spawned_process(tmp_path):
    path, data = write(tmp_path)
    dataset = RecordDataset(path)
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        found = pool.map(dataset.read, range(10))
    assert all(np.array_equal(image, decode(d)) for (image, _), d in zip(found, data))
    assert [label for _, label in found] == LABELS.tolist()
    same(pickle.loads(pickle.dumps(dataset)), data)
