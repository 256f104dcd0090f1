"""gluonfr.data.record: .rec files that MXNet and DALI read and write as we do; what the writer refuses and resumes."""
import os

import numpy as np
import pytest
from record_cases import LABELS, MAGIC, SIZE, images, pack, same, write, write_with_mxnet

from gluonfr.data.image import decode
from gluonfr.data.record import RecordDataset, RecordFile, RecordWriter, write_image_index


# --- MXNet's own reader and writer ---

PAYLOADS = [MAGIC, MAGIC * 3, b'ab' + MAGIC, b'abcd' + MAGIC + b'efgh', MAGIC + b'x', b'abcde' + MAGIC * 2 + b'y',
            b'1234' * 5 + MAGIC + b'5678' + MAGIC, b'', b'z', MAGIC[:3] + MAGIC, b'1234' + MAGIC[:2]]


@pytest.mark.mxnet
def test_magic_numbers_within_images_as_mxnet_writes_them(tmp_path):
    path = write_with_mxnet(tmp_path / 'flat.rec', [pack(1.0, payload) for payload in PAYLOADS])
    file = RecordFile(path)
    assert [file.read(key)[1] for key in file.keys()] == PAYLOADS
    path.with_suffix('.idx').unlink()
    file = RecordFile(path)
    assert [file.read(key)[1] for key in file.keys()] == PAYLOADS


@pytest.mark.mxnet
def test_magic_numbers_within_images_as_mxnet_reads_them(tmp_path):
    import mxnet as mx
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


@pytest.mark.mxnet
def test_image_index_lets_mxnet_read_the_images(tmp_path):
    import mxnet as mx
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
    dali = pytest.importorskip('nvidia.dali', reason='needs DALI: the extra dali')
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


# --- the writer ---

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
