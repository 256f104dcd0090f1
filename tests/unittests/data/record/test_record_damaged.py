"""gluonfr.data.record: what is said about damaged .rec files, and what is still read of them."""
import logging
import struct

import numpy as np
import pytest
from record_cases import LABELS, images, insightface_payloads, pack, same, write, write_with_mxnet

from gluonfr.data.record import RecordDataset, RecordError, RecordFile, write_image_index


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
    assert [key for key, _ in dataset.skipped] == [9, 10] and 'is missing' in dataset.skipped[1][1]


@pytest.mark.mxnet
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


@pytest.mark.mxnet
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


def flipped_frames(path):
    """(offset, byte, value) of each bit of the frames of images 3 to 5, one at a time."""
    content = path.read_bytes()
    for key in (3, 4, 5):
        start = offset(path, key)
        for place in range(start, start + 8):
            for bit in range(8):
                yield key, place, bytes([content[place] ^ 1 << bit])


@pytest.mark.mxnet
@pytest.mark.parametrize('form', ['insightface', 'flat'])
def test_no_flip_in_a_frame_loses_another_record_without_index(tmp_path, form):
    """One record is damaged and said to be; those behind it are found, with their own keys and labels."""
    data = images(10)
    payloads = insightface_payloads(data) if form == 'insightface' else [
        pack(float(label), image) for label, image in zip([0, *LABELS], [data[0]] + data)]
    path = write_with_mxnet(tmp_path / 'train.rec', payloads)
    whole, flips = path.read_bytes(), list(flipped_frames(path))
    path.with_suffix('.idx').unlink()
    first = form == 'insightface'  # key of the first image
    for key, place, value in flips:
        patch(path, place, value)
        dataset = RecordDataset(path, on_error='skip')
        wrong = [(bad, why) for bad, why in dataset.skipped]
        assert [bad for bad, _ in wrong] in ([key], []), (key, place, value, wrong)
        kept = [k for k in range(first, 11) if (k,) != tuple(bad for bad, _ in wrong)]
        assert dataset.keys.tolist() == kept
        for i, k in enumerate(kept):
            assert dataset.read_bytes(i)[0] == ([data[0]] + data)[k] or k == key
        path.write_bytes(whole)


@pytest.mark.mxnet
@pytest.mark.parametrize('label, key, what', [
    ([0, 15], 0, r'must have the keys of the persons, \[first, end\), as labels, got \[0, 15\)'),
    ([11, 11], 0, r'got \[11, 11\)'),
    ([4, 6], 12, r'with a = 3 and b at most 11 .*, got \[4, 6\)'),
    ([3, 2], 12, r'got \[3, 2\)'),
    ([7, 10], 14, r'got \[7, 10\)'),
    (3.0, 12, 'must have the keys of a person'),
])
def test_contradictory_persons(tmp_path, caplog, label, key, what):
    data = images(10)
    payloads = insightface_payloads(data)
    payloads[key] = pack(label, b'')
    path = write_with_mxnet(tmp_path / 'train.rec', payloads)
    with pytest.raises(RecordError, match='record {} of .*train.rec .*{}'.format(key, what)):
        RecordDataset(path)
    with caplog.at_level(logging.WARNING, 'gluonfr'):
        same(RecordDataset(path, on_error='skip'), data)
    assert 'Now the labels of all images are read instead' in caplog.text


@pytest.mark.mxnet
@pytest.mark.parametrize('label', [-1.0, 0.5, float('nan'), float('inf')])
def test_labels_that_are_no_classes(tmp_path, label):
    data = images(3)
    payloads = [pack(value, image) for value, image in zip([0.0, label, 1.0], data)]
    path = write_with_mxnet(tmp_path / 'flat.rec', payloads)
    with pytest.raises(RecordError, match='record 1 of .* must have a class, a whole number >= 0'):
        RecordDataset(path)
    same(RecordDataset(path, on_error='skip'), data[::2], [0, 1])


@pytest.mark.mxnet
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
