"""Small .rec files, by our writer and by MXNet's, that the tests of gluonfr.data.record share."""
import struct

import numpy as np

from gluonfr.data.image import decode, encode
from gluonfr.data.record import RecordWriter

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
    import mxnet as mx
    writer = mx.recordio.MXIndexedRecordIO(str(path.with_suffix('.idx')), str(path), 'w')
    for key, payload in enumerate(payloads):
        writer.write_idx(key, payload)
    writer.close()
    return path


def pack(label, image):
    import mxnet as mx
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
