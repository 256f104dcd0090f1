"""gluonfr.data.record: what is read and written in .rec files, from where, and what is said about damaged ones."""
import logging
import multiprocessing
import os
import pickle
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon.data import DataLoader

from gluonfr.data import record_index
from gluonfr.data.image import decode, encode
from gluonfr.data.record import RecordDataset, RecordError, RecordFile, RecordWriter, write_image_index

MAGIC = struct.pack('<I', 0xced7230a)
COUNTS = (2, 3, 1, 4)
LABELS = np.repeat(np.arange(4), COUNTS)
SIZE = (16, 12)


def images(count, size=SIZE):
    random = np.random.RandomState(count)
    return [encode(random.randint(0, 256, size + (3,)).astype(np.uint8)) for _ in range(count)]


def write(folder, data=None, size=SIZE):
    """Write LABELS' images, or `data`, as folder/train.rec and return its path and the images."""
    data = data or images(len(LABELS), size)
    with RecordWriter(folder / 'train', size) as writer:
        for image, label in zip(data, LABELS):
            writer.write(image, label)
    return folder / 'train.rec', data


def write_with_mxnet(path, payloads):
    """Write records 0, 1, ... by MXNet's own writer."""
    writer = mx.recordio.MXIndexedRecordIO(str(path.with_suffix('.idx')), str(path), 'w')
    for key, payload in enumerate(payloads):
        writer.write_idx(key, payload)
    writer.close()
    return path


def pack(label, image):
    return mx.recordio.pack(mx.recordio.IRHeader(0, label, 0, 0), image)


def insightface_payloads(data):
    """Payloads in InsightFace's form, by MXNet's packing, with an array as label of every third image."""
    ends = np.cumsum(COUNTS) + 1
    payloads = [pack([11, 15], b'')]
    payloads += [pack([label, 7.5] if i % 3 == 0 else float(label), image)
                 for i, (label, image) in enumerate(zip(LABELS, data))]
    return payloads + [pack([end - count, end], b'') for end, count in zip(ends, COUNTS)]


def same(dataset, data, labels=LABELS):
    assert dataset.labels.dtype == np.int64 and dataset.labels.tolist() == list(labels)
    assert len(dataset) == len(data)
    for i, (image, label) in enumerate(zip(data, labels)):
        found = dataset.read(i)
        assert found[1] == label and type(found[1]) is int
        assert np.array_equal(found[0], decode(image))
        assert dataset.read_bytes(i) == (image, label)


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

def test_insightface_form(tmp_path):
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
    assert sorted(os.listdir(tmp_path)) == ['property', 'train.idx', 'train.rec']


def test_insightface_form_written_by_mxnet(tmp_path):
    data = images(10)
    dataset = RecordDataset(write_with_mxnet(tmp_path / 'train.rec', insightface_payloads(data)))
    same(dataset, data)
    assert dataset.header == (11, 15) and dataset.num_classes == 4 and dataset.image_size == SIZE
    assert dataset.ranges.tolist() == [[0, 2], [2, 5], [5, 6], [6, 10]]


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


def test_class_without_images_has_an_empty_range(tmp_path):
    data = images(3)
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(float(label), data[label]) for label in (0, 2, 2)])
    assert RecordDataset(path).ranges.tolist() == [[0, 1], [1, 1], [1, 3]]


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


@pytest.mark.parametrize('ours', [True, False])
def test_keys_that_float32_cannot_hold(tmp_path, monkeypatch, ours):
    """Above 2^24 labels are rounded; ours have the keys as ids, other writers' headers are all read."""
    monkeypatch.setattr(record_index, '_EXACT', 8)
    if ours:
        path, data = write(tmp_path)
    else:
        data = images(10)
        payloads = insightface_payloads(data)
        payloads[0] = pack([12, 16], b'')  # as rounding would leave it
        payloads[12] = pack([4, 6], b'')
        path = write_with_mxnet(tmp_path / 'train.rec', payloads)
    same(RecordDataset(path), data)


# --- MXNet's own reader and writer ---

PAYLOADS = [MAGIC, MAGIC * 3, b'ab' + MAGIC, b'abcd' + MAGIC + b'efgh', MAGIC + b'x', b'abcde' + MAGIC * 2 + b'y',
            b'1234' * 5 + MAGIC + b'5678' + MAGIC, b'', b'z', MAGIC[:3] + MAGIC, b'1234' + MAGIC[:2]]


def test_magic_numbers_within_images_as_mxnet_writes_them(tmp_path):
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(1.0, payload) for payload in PAYLOADS])
    file = RecordFile(path)
    assert [file.read(key)[1] for key in file.keys()] == PAYLOADS
    path.with_suffix('.idx').unlink()
    file = RecordFile(path)
    assert [file.read(key)[1] for key in file.keys()] == PAYLOADS


def test_magic_numbers_within_images_as_mxnet_reads_them(tmp_path):
    data = [image + bytes(-len(image) % 4) + payload for image, payload in zip(images(10), PAYLOADS)]
    path, _ = write(tmp_path, data)
    same(RecordDataset(path), data)
    reader = mx.recordio.MXIndexedRecordIO(str(path.with_suffix('.idx')), str(path), 'r')
    ours = RecordFile(path)
    assert reader.keys == ours.keys().tolist() == list(range(15))
    for key in reader.keys:
        (header, image), (our_header, our_image) = mx.recordio.unpack(reader.read_idx(key)), ours.read(key)
        assert image == our_image == (data[key - 1] if 0 < key < 11 else b'')
        assert (header.flag, header.id) == (our_header.flag, our_header.id)
        assert np.array_equal(header.label, our_header.label)
    whole = path.read_bytes()
    with_mxnet = write_with_mxnet(tmp_path / 'again.rec', [
        mx.recordio.pack(*ours.read(key)) for key in ours.keys()]).read_bytes()
    assert whole == with_mxnet


def test_image_index_lets_mxnet_read_the_images(tmp_path):
    path, data = write(tmp_path, size=(16, 16))
    index = write_image_index(path)
    assert index == str(tmp_path / 'train.images.idx')
    iterator = mx.image.ImageIter(5, (3, 16, 16), path_imgrec=str(path), path_imgidx=index)
    batches = [(batch.data[0].asnumpy(), batch.label[0].asnumpy()) for batch in iterator]
    assert np.concatenate([label for _, label in batches]).tolist() == LABELS.tolist()
    pixels = np.concatenate([image for image, _ in batches]).transpose(0, 2, 3, 1)
    assert np.abs(pixels - np.stack([decode(image) for image in data])).max() <= 1
    same(RecordDataset(path, index), data)  # an index of images alone is one of a flat file


def test_image_index_lets_dali_read_the_images(tmp_path):
    dali = pytest.importorskip('nvidia.dali', reason='needs DALI: pip install gluonfr[dali]')
    path, data = write(tmp_path)

    @dali.pipeline_def(batch_size=5, num_threads=1, device_id=None)
    def pipeline():
        image, label = dali.fn.readers.mxnet(path=[str(path)], index_path=[write_image_index(path)])
        return dali.fn.decoders.image(image), label

    reader = pipeline()
    reader.build()
    for start in 0, 5:
        pixels, labels = reader.run()
        assert labels.as_array().ravel().tolist() == LABELS[start:start + 5].tolist()
        for i in range(5):
            assert np.abs(pixels.at(i).astype(int) - decode(data[start + i])).mean() < 2


# --- where and by whom it is read ---

def test_missing_index(tmp_path, caplog):
    path, data = write(tmp_path)
    path.with_suffix('.idx').unlink()
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        same(RecordDataset(path), data)
    assert 'train.idx is missing' in caplog.text
    assert sorted(os.listdir(tmp_path)) == ['property', 'train.rec']
    with pytest.raises(FileNotFoundError, match='train.idx. The folder holds: property, train.rec'):
        RecordDataset(path, tmp_path / 'train.idx')
    with pytest.raises(FileNotFoundError, match='other.rec. The folder holds: property, train.rec'):
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


@pytest.mark.parametrize('thread_pool', [False, True])
def test_loader_workers(tmp_path, thread_pool):
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


# --- damaged files ---

def patch(path, offset, data):
    with open(path, 'r+b') as file:
        file.seek(offset)
        file.write(data)


def cut(path, size):
    with open(path, 'r+b') as file:
        file.truncate(size)


def offset(path, key):
    return int(RecordFile(path).offsets(key))


def test_truncated_rec_of_insightface_form(tmp_path):
    path, data = write(tmp_path)
    cut(path, offset(path, 9) + 100)
    with pytest.raises(RecordError, match=r'record 1\d of .*train.rec should begin at byte .* truncated.*on_error'):
        RecordDataset(path)
    dataset = RecordDataset(path, on_error='skip')
    same(dataset, data[:8], LABELS[:8])
    assert [key for key, _ in dataset.skipped] == list(range(9, 15))
    assert 'record 9 of {} is cut off'.format(path) in dataset.skipped[0][1]
    assert dataset.num_classes == 4 and dataset.ranges.tolist() == [[0, 2], [2, 5], [5, 6], [6, 8]]


def test_truncated_rec_without_index(tmp_path):
    path, data = write(tmp_path)
    cut(path, offset(path, 9) + 100)
    path.with_suffix('.idx').unlink()
    with pytest.raises(RecordError, match='has no key 11'):
        RecordDataset(path)
    dataset = RecordDataset(path, on_error='skip')
    same(dataset, data[:8], LABELS[:8])
    assert [key for key, _ in dataset.skipped] == [9]


@pytest.mark.parametrize('extra', [3, 30, 100])
def test_truncated_flat_rec(tmp_path, extra):
    data = images(4)
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(0.0, image) for image in data])
    cut(path, offset(path, 3) + extra)
    with pytest.raises(RecordError, match=r'record 3 of .*flat.rec is cut off: it needs .* bytes, the file has'):
        RecordDataset(path)
    dataset = RecordDataset(path, on_error='skip')
    same(dataset, data[:3], [0, 0, 0])
    assert len(dataset.skipped) == 1 and dataset.skipped[0][0] == 3


@pytest.mark.parametrize('size', [0, 3])
def test_file_without_a_record(tmp_path, size):
    (tmp_path / 'train.rec').write_bytes(bytes(size))
    for on_error in 'raise', 'skip':
        with pytest.raises(RecordError, match='train.rec holds no record: it has {} bytes'.format(size)):
            RecordDataset(tmp_path / 'train.rec', on_error=on_error)


@pytest.mark.parametrize('text, what', [
    ('', 'is empty'),
    ('0\t0\n1\n', 'must have lines of two integers'),
    ('0\t0\t0\n', 'its lines have 3 fields'),
    ('0 0\n', 'must have lines of two integers'),
    ('a\t0\n', 'must have lines of two integers'),
    ('\x89PNG\r\n', 'must have lines of two integers'),
    ('0\t0\n1\t48\n1\t96\n', 'the key 1 more than once'),
    ('0\t0\n1\t48\n2\t48\n', 'the offset 48 more than once'),
])
def test_index_that_is_none(tmp_path, text, what):
    path, data = write(tmp_path)
    path.with_suffix('.idx').write_text(text, encoding='latin-1')
    for on_error in 'raise', 'skip':
        with pytest.raises(RecordError, match=r'train.idx .*{}[\s\S]*delete it'.format(what)):
            RecordDataset(path, on_error=on_error)
    path.with_suffix('.idx').unlink()
    same(RecordDataset(path), data)


@pytest.mark.parametrize('wrong, what', [
    (lambda offset: 10 ** 9, 'should begin at byte 1,000,000,000 by .*train.idx, the file has'),
    (lambda offset: -4, 'should begin at byte -4'),
    (lambda offset: offset + 4, 'is not at byte .*no record begins there'),
    (lambda offset: offset + 1, 'is not at byte .*no record begins there'),
])
@pytest.mark.parametrize('key', [0, 1, 5, 12])
def test_index_of_another_file(tmp_path, key, wrong, what):
    path, data = write(tmp_path)
    rows = [[k, offset(path, k)] for k in range(15)]
    rows[key][1] = wrong(rows[key][1])
    path.with_suffix('.idx').write_text(''.join('{}\t{}\n'.format(*row) for row in rows))
    with pytest.raises(RecordError, match='record {} of .*train.rec {}'.format(key, what)):
        same(RecordDataset(path), data)
    dataset = RecordDataset(path, on_error='skip')
    kept = [i for i in range(10) if i + 1 != key]
    same(dataset, [data[i] for i in kept], LABELS[kept])


def test_key_missing_in_the_index(tmp_path):
    path, data = write(tmp_path)
    lines = path.with_suffix('.idx').read_text().splitlines(True)
    path.with_suffix('.idx').write_text(''.join(lines[:5] + lines[6:]))
    with pytest.raises(RecordError, match='train.idx has no key 5'):
        RecordDataset(path)
    same(RecordDataset(path, on_error='skip'), data[:4] + data[5:], np.delete(LABELS, 4))


@pytest.mark.parametrize('form', ['insightface', 'flat'])
def test_empty_and_undecodable_images(tmp_path, form):
    data = images(10)
    broken = list(data)
    broken[3], broken[6], broken[8] = b'', b'\xff\xd8 no image', data[8][:-40]
    if form == 'insightface':
        path = write_with_mxnet(tmp_path / 'train.rec', insightface_payloads(broken))
        keys = [4, 7, 9]
    else:
        path = write_with_mxnet(tmp_path / 'train.rec', [pack(float(la), im) for la, im in zip(LABELS, broken)])
        keys = [3, 6, 8]
    with pytest.raises(RecordError, match='record {} of .*train.rec is empty.*on_error'.format(keys[0])):
        RecordDataset(path)
    dataset = RecordDataset(path, on_error='skip')
    kept = [0, 1, 2, 4, 5, 7, 9]
    same(dataset, [data[i] for i in kept], LABELS[kept])
    assert [key for key, _ in dataset.skipped] == keys
    assert 'is empty' in dataset.skipped[0][1] and 'truncated' in dataset.skipped[2][1]
    assert dataset.ranges.tolist() == [[0, 2], [2, 4], [4, 5], [5, 7]]
    assert len(write_image_index(path, on_error='skip')) and RecordFile(
        path, tmp_path / 'train.images.idx').keys().tolist() == dataset.keys.tolist()


def test_undecodable_image_is_found_by_reading_it_or_by_check(tmp_path):
    data = images(10)
    data[4] = data[4][:60] + bytes(60) + data[4][120:-2] + b'\0\0'
    path, _ = write(tmp_path, data)
    dataset = RecordDataset(path)
    for i in 3, 5:
        dataset.read(i)
    with pytest.raises(RecordError, match=r'record 5 of .*train.rec: the image is .*on_error'):
        dataset.read(4)
    (key, reason), = dataset.check()
    assert key == 5 and 'record 5 of' in reason


def test_flipped_bytes_of_a_record(tmp_path):
    path, data = write(tmp_path)
    start = offset(path, 4)
    for what, at, flipped in [
            ('is not at byte', start, b'\0'),
            ('is damaged: after its', start + 4, bytes([path.read_bytes()[start + 4] ^ 8])),
            ('is cut off|is not at byte', start + 7, b'\x10'),
            ('its label is 3, that of its person.s first image 1', start + 12, struct.pack('<f', 3)),
            ('does not fit its', start + 8, b'\xff\xff\xff\x7f')]:
        original = path.read_bytes()
        patch(path, at, flipped)
        dataset = RecordDataset(path)  # with this form, images are not looked at before they are read
        with pytest.raises(RecordError, match=r'record 4 of .*train.rec.*({})'.format(what)):
            dataset.read(3)
        dataset = RecordDataset(path, on_error='skip')
        same(dataset, data[:3] + data[4:], np.delete(LABELS, 3))
        assert [key for key, _ in dataset.skipped] == [4]
        path.write_bytes(original)


def test_damaged_rec_without_index_cannot_be_walked(tmp_path):
    path, _ = write(tmp_path)
    patch(path, offset(path, 4), b'\0')
    path.with_suffix('.idx').unlink()
    with pytest.raises(RecordError, match='train.rec is damaged: no record at byte'):
        RecordDataset(path)


@pytest.mark.parametrize('payload, key, what', [
    (pack([0, 15], b''), 0, r'must have the keys of the persons, \[first, end\), as labels, got \[0, 15\)'),
    (pack([11, 11], b''), 0, r'got \[11, 11\)'),
    (pack([4, 6], b''), 12, r'with a = 3 and b at most 11 .*, got \[4, 6\)'),
    (pack([3, 2], b''), 12, r'got \[3, 2\)'),
    (pack([7, 10], b''), 14, r'got \[7, 10\)'),
    (pack(3.0, b''), 12, 'must have the keys of a person'),
])
def test_contradictory_persons(tmp_path, caplog, payload, key, what):
    data = images(10)
    payloads = insightface_payloads(data)
    payloads[key] = payload
    path = write_with_mxnet(tmp_path / 'train.rec', payloads)
    with pytest.raises(RecordError, match='record {} of .*train.rec .*{}'.format(key, what)):
        RecordDataset(path)
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        same(RecordDataset(path, on_error='skip'), data)
    assert 'Now the labels of all images are read instead' in caplog.text


@pytest.mark.parametrize('label', [-1.0, 0.5, float('nan'), float('inf')])
def test_labels_that_are_no_classes(tmp_path, label):
    data = images(3)
    payloads = [pack(value, image) for value, image in zip([0.0, label, 1.0], data)]
    path = write_with_mxnet(tmp_path / 'flat.rec', payloads)
    with pytest.raises(RecordError, match='record 1 of .* must have a class, a whole number >= 0'):
        RecordDataset(path)
    same(RecordDataset(path, on_error='skip'), data[::2], [0, 1])


def test_no_image_at_all(tmp_path):
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(0.0, b''), pack(1.0, b'')])
    with pytest.raises(RecordError, match=r'record 0 of .* is empty.*And 1 more'):
        RecordDataset(path)
    with pytest.raises(RecordError, match='has no image that can be read. record 0'):
        RecordDataset(path, on_error='skip')
    path = write_with_mxnet(tmp_path / 'bad.rec', [pack(0.0, b'no image')])
    with pytest.raises(RecordError, match='record 0 of .*bad.rec: the image is damaged'):
        RecordDataset(path)
    with pytest.raises(RecordError, match='has no image that can be read. record 0'):
        RecordDataset(path, on_error='skip')


# --- property ---

@pytest.mark.parametrize('text', ['5,16,12', '3,16,12', '4,12,16', '4,112,112', '4;16;12', '4,16', '', '\xff\xfe\0'])
def test_property_that_contradicts_the_records(tmp_path, text):
    path, data = write(tmp_path)
    (tmp_path / 'property').write_text(text, encoding='latin-1')
    for on_error in 'raise', 'skip':
        with pytest.raises(RecordError) as caught:
            RecordDataset(path, on_error=on_error)
        message = str(caught.value)
        assert message.startswith('{} must say'.format(tmp_path / 'property'))
        assert '"4,16,12" by the records of {}'.format(path) in message and 'Correct it, or delete it' in message
        if text.isascii():
            assert 'it says {!r}.'.format(text) in message
    (tmp_path / 'property').unlink()
    same(RecordDataset(path), data)


def test_image_of_another_size_than_property_says(tmp_path):
    data = images(10)
    data[5] = images(1, (20, 20))[0]
    path, _ = write(tmp_path, data)
    dataset = RecordDataset(path)
    with pytest.raises(RecordError, match='record 6 of .*: the image has 20 x 20 pixels, `property` says 16 x 12'):
        dataset.read(5)
    assert [key for key, _ in RecordDataset(path, on_error='skip').skipped] == [6]
    (tmp_path / 'property').unlink()
    same(RecordDataset(path), data)  # nobody says that they are of one size


# --- arguments and writing ---

@pytest.mark.parametrize('arguments', [{'on_error': 'ignore'}, {'flag': 2}])
def test_bad_arguments(tmp_path, arguments):
    path, _ = write(tmp_path)
    with pytest.raises(ValueError, match='RecordDataset: {} must be one of'.format(next(iter(arguments)))):
        RecordDataset(path, **arguments)


@pytest.mark.parametrize('written, image, label, what', [
    ([], b'x', 1, 'label must be 0, got 1'),
    ([], b'x', -1, 'label must be 0, got -1'),
    ([0, 1], b'x', 0, 'label must be 1 or 2, got 0'),
    ([0, 1], b'x', 3, 'label must be 1 or 2, got 3'),
    ([0], b'', 0, 'image must be the bytes'),
])
def test_writer_refuses(tmp_path, written, image, label, what):
    with pytest.raises(ValueError, match='RecordWriter: ' + what):
        with RecordWriter(tmp_path / 'train', SIZE) as writer:
            for done in written:
                writer.write(b'image', done)
            writer.write(image, label)
    assert os.listdir(tmp_path) == []


def test_writer_needs_an_image_and_a_size(tmp_path):
    with pytest.raises(ValueError, match='must get at least one image'):
        with RecordWriter(tmp_path / 'train', SIZE):
            pass
    with pytest.raises(ValueError, match='image_size must be >= 1, got 0'):
        RecordWriter(tmp_path / 'train', (0, 112))
    assert os.listdir(tmp_path) == []


def test_interrupted_writer_goes_on_from_a_mark(tmp_path):
    path, data = write(tmp_path / 'whole')
    data[1] += bytes(-len(data[1]) % 4) + MAGIC + b'after'
    path, _ = write(tmp_path / 'whole', data)  # replaces the first
    for stop in range(11):
        writer = RecordWriter(tmp_path / 'train', SIZE)
        for image, label in zip(data[:stop], LABELS):
            writer.write(image, label)
        mark = writer.mark
        if stop < 10:
            writer.write(b'something else', LABELS[stop])
        writer.suspend()
        with RecordWriter(tmp_path / 'train', SIZE, mark) as writer:
            assert writer.images == stop and writer.classes == len(set(LABELS[:stop]))
            for image, label in zip(data[stop:], LABELS[stop:]):
                writer.write(image, label)
        for name in 'train.rec', 'train.idx', 'property':
            assert (tmp_path / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    (tmp_path / 'train.rec.part').write_bytes(bytes(100))
    with pytest.raises(ValueError, match='mark must lie in the 100 bytes of .*train.rec.part, got byte 200'):
        RecordWriter(tmp_path / 'train', SIZE, (200, 0))
