"""gluonfr.data.pairs.bins: .bin files of any writer, of Python 2 and 3 and of any NumPy, are read."""
import base64
import hashlib
import lzma
import pickle

import numpy as np
import pytest
from bins_cases import IMAGES, ISSAME, as_arrays, reader, same

from gluonfr.data.pairs import BinError, read_bin
from gluonfr.data.pairs.unpickle import unpickle

# what Python 2.7 wrote for (IMAGES, ISSAME), with all images as str: pickle protocols 0 and 1, cPickle protocol 2
PYTHON2 = {
    0: 'KChscDAKUydceDAwXHgwMVx4MDJceDAzXHgwNFx4MDVceDA2XHgwN1x4MDhcdFxuXHgwYlx4MGNcclx4MGVceDBmXHgxMFx4MTFceDEyXHgxM1'
       'x4MTRceDE1XHgxNlx4MTdceDE4XHgxOVx4MWFceDFiXHgxY1x4MWRceDFlXHgxZiAhIiMkJSZcJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB'
       'QkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5ceDdmXHg4MFx4ODFceDgyXHg4M1'
       'x4ODRceDg1XHg4Nlx4ODdceDg4XHg4OVx4OGFceDhiXHg4Y1x4OGRceDhlXHg4Zlx4OTBceDkxXHg5Mlx4OTNceDk0XHg5NVx4OTZceDk3XHg5'
       'OFx4OTlceDlhXHg5Ylx4OWNceDlkXHg5ZVx4OWZceGEwXHhhMVx4YTJceGEzXHhhNFx4YTVceGE2XHhhN1x4YThceGE5XHhhYVx4YWJceGFjXH'
       'hhZFx4YWVceGFmXHhiMFx4YjFceGIyXHhiM1x4YjRceGI1XHhiNlx4YjdceGI4XHhiOVx4YmFceGJiXHhiY1x4YmRceGJlXHhiZlx4YzBceGMx'
       'XHhjMlx4YzNceGM0XHhjNVx4YzZceGM3XHhjOFx4YzlceGNhXHhjYlx4Y2NceGNkXHhjZVx4Y2ZceGQwXHhkMVx4ZDJceGQzXHhkNFx4ZDVceG'
       'Q2XHhkN1x4ZDhceGQ5XHhkYVx4ZGJceGRjXHhkZFx4ZGVceGRmXHhlMFx4ZTFceGUyXHhlM1x4ZTRceGU1XHhlNlx4ZTdceGU4XHhlOVx4ZWFc'
       'eGViXHhlY1x4ZWRceGVlXHhlZlx4ZjBceGYxXHhmMlx4ZjNceGY0XHhmNVx4ZjZceGY3XHhmOFx4ZjlceGZhXHhmYlx4ZmNceGZkXHhmZVx4Zm'
       'YnCnAxCmFTJ2l0XCdzICJhIlxubGluZVxcJwpwMgphZzEKYVMnJwpwMwphKGxwNApJMDEKYUkwMAphdHA1Ci4=',
    1: 'KF1xAChUAAEAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0'
       'hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJma'
       'm5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O'
       '3u7/Dx8vP09fb3+Pn6+/z9/v9xAVUOaXQncyAiYSIKbGluZVxxAmgBVQBxA2VdcQQoSTAxCkkwMApldHEFLg==',
    2: 'gAJdcQEoVAABAAAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRk'
       'dISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZ'
       'mpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e3+Dh4uPk5ebn6Onq6+'
       'zt7u/w8fLz9PX29/j5+vv8/f7/cQJVDml0J3MgImEiCmxpbmVccQNoAlUAZV1xBCiIiWWGLg==',
}
# NumPy 1.16 under Python 2.7: arrays of shape (5,) and (2,1), issame as an array and as a list of np.bool_
PYTHON2_ARRAYS = {
    'array': 'gAJdcQAoY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQFjbnVtcHkKbmRhcnJheQpxAksAhXEDVQFicQSHcQVScQYoS'
             'wFLBYVxB2NudW1weQpkdHlwZQpxCFUCdTFxCUsASwGHcQpScQsoSwNVAXxxDE5OTkr/////Sv////9LAHRxDWKJVQUA/2FiCnEOdHEPYmg'
             'BaAJLAIVxEGgEh3ERUnESKEsBSwJLAYZxE2gLiVUCAQJxFHRxFWJlaAFoAksAhXEWaASHcRdScRgoSwFLAYVxGWgIVQJiMXEaSwBLAYdxG'
             '1JxHChLA1UBfHEdTk5OSv////9K/////0sAdHEeYolVAQFxH3RxIGKGcSEu',
    'list': 'gAJdcQAoY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQFjbnVtcHkKbmRhcnJheQpxAksAhXEDVQFicQSHcQVScQYoSw'
            'FLBYVxB2NudW1weQpkdHlwZQpxCFUCdTFxCUsASwGHcQpScQsoSwNVAXxxDE5OTkr/////Sv////9LAHRxDWKJVQUA/2FiCnEOdHEPYmgBa'
            'AJLAIVxEGgEh3ERUnESKEsBSwJLAYZxE2gLiVUCAQJxFHRxFWJlXXEWY251bXB5LmNvcmUubXVsdGlhcnJheQpzY2FsYXIKcRdoCFUCYjFx'
            'GEsASwGHcRlScRooSwNVAXxxG05OTkr/////Sv////9LAHRxHGJVAQFxHYZxHlJxH2GGcSAu',
}


@pytest.fixture
def bin_of(tmp_path):
    return reader(tmp_path)


@pytest.mark.parametrize('protocol', PYTHON2)
def test_python_2_wrote_it(bin_of, protocol):
    pairs = bin_of(base64.b64decode(PYTHON2[protocol]))
    assert pairs.images == IMAGES and pairs.issame.tolist() == ISSAME


@pytest.mark.parametrize('issame', PYTHON2_ARRAYS)
def test_python_2_wrote_arrays(bin_of, issame):
    pairs = bin_of(base64.b64decode(PYTHON2_ARRAYS[issame]))
    assert same(pairs.images, [b'\0\xffab\n', b'\1\2']) and [i.shape for i in pairs.images] == [(5,), (2,)]
    assert pairs.issame.dtype == bool and pairs.issame.tolist() == [True]


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('images', [IMAGES, as_arrays(IMAGES), [i.reshape(-1, 1) for i in as_arrays(IMAGES)],
                                    IMAGES[:3] + as_arrays(IMAGES[3:])], ids=['bytes', 'arrays', 'columns', 'mixed'])
@pytest.mark.parametrize('issame', [ISSAME, np.array(ISSAME), np.array([1, 0]), [np.True_, np.False_], [1, 0],
                                    (True, False), [1., 0.]],
                         ids=['list', 'array', 'int array', 'np.bool', 'int', 'tuple', 'float'])
def test_python_3_wrote_it(bin_of, protocol, images, issame):
    pairs = bin_of(pickle.dumps((images, issame), protocol))
    assert same(pairs.images, IMAGES) and pairs.issame.dtype == bool and pairs.issame.tolist() == ISSAME


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('content', [
    [IMAGES, ISSAME], (list(map(bytearray, IMAGES)), ISSAME), (tuple(IMAGES), np.array(ISSAME, object)),
    (np.array(IMAGES, object), np.array(ISSAME)), [np.array(as_arrays(IMAGES[:2]) + IMAGES[2:], object), ISSAME],
    (np.array(list(map(bytearray, IMAGES)), object), ISSAME),
], ids=['list', 'bytearrays', 'issame of objects', 'array of bytes', 'array of arrays', 'array of bytearrays'])
def test_other_forms(bin_of, protocol, content):
    pairs = bin_of(pickle.dumps(content, protocol))
    assert same(pairs.images, IMAGES) and pairs.issame.tolist() == ISSAME


# what Python 2.7 writes for ([bytearray(b'ab\xff'), bytearray(b'')], [True]) in protocol 2
PYTHON2_BYTEARRAYS = (b'\x80\x02]q\x00(c__builtin__\nbytearray\nq\x01X\x04\x00\x00\x00ab\xc3\xbfq\x02U\x07latin-1q\x03'
                      b'\x86q\x04Rq\x05h\x01)Rq\x06e]q\x07\x88a\x86q\x08.')


def test_bytearrays_of_python_2(bin_of):
    assert bin_of(PYTHON2_BYTEARRAYS).images == [b'ab\xff', b'']


def test_images_beyond_the_pairs_are_left_out_and_named(bin_of, caplog):
    pairs = bin_of(pickle.dumps((IMAGES + [b'more'] * 3, ISSAME)))
    assert pairs.images == IMAGES and pairs.issame.tolist() == ISSAME
    assert 'the last 3 images are left out: they belong to none of its 2 pairs.' in caplog.text


def test_numpy_2_wrote_it(bin_of):
    """It has other module names; the rest is the same."""
    data = pickle.dumps((as_arrays(IMAGES), np.array(ISSAME)), 2).replace(b'numpy._core.', b'numpy.core.')
    assert data.count(b'numpy.core.multiarray') == 1 and same(bin_of(data).images, IMAGES)
    assert same(bin_of(data.replace(b'numpy.core.', b'numpy._core.')).images, IMAGES)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_machine_reads_all_plain_values(protocol):
    values = [None, True, False, 0, 1, -1, 255, 256, 65535, 65536, -2 ** 31, 2 ** 31, 2 ** 63, -2 ** 100, 1.5, 1e300,
              'text', 'ä\n\\€\U0001f600', 'x' * 300, b'', b'x' * 300, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [[]]]
    values.append(values[-1])
    if protocol == 5:
        values.append(bytearray(b'buffer'))
    assert unpickle(pickle.dumps(values, protocol)) == values


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('array', [
    np.arange(24, dtype='>i4').reshape(2, 3, 4), np.asfortranarray(np.arange(6, dtype='u2').reshape(2, 3)),
    np.array([[True], [False]]), np.array(2.5), np.zeros((0, 3), 'f4'), np.arange(8, dtype='i8')[::2],
], ids=['big-endian', 'fortran', 'bool', '0-d', 'empty', 'strided'])
def test_machine_reads_arrays(protocol, array):
    first, second = unpickle(pickle.dumps([array, array], protocol))
    assert first.dtype == array.dtype and first.shape == array.shape and np.array_equal(first, array)
    assert first is second


def test_hash_and_length(bin_of):
    data = pickle.dumps((IMAGES, ISSAME), 4)
    pairs = bin_of(data)
    assert pairs.sha256 == hashlib.sha256(data).hexdigest() and len(pairs) == 2
    assert pairs.path.endswith('pairs.bin') and '2 pairs, 1 of one person' in repr(pairs)


@pytest.mark.parametrize('content,message', [
    ([IMAGES], r'must be a pickle of \(images, issame\), got a list of 1'),
    ((IMAGES,), 'got a tuple of 1'),
    ((IMAGES, ISSAME, 1), 'got a tuple of 3'),
    (b'image', 'got a bytes'),
    (np.zeros(3, np.uint8), 'got a ndarray'),
])
def test_another_content(bin_of, content, message):
    with pytest.raises(BinError, match=message):
        bin_of(pickle.dumps(content))


def test_lfw(test_data):
    path = test_data('lfw/lfw.bin')
    pairs = read_bin(path)
    assert len(pairs) == 6000 and pairs.issame.reshape(10, 2, 300)[:, 0].all() and pairs.issame.sum() == 3000
    with open(str(path), 'rb') as file:
        assert (pairs.images, pairs.issame.tolist()) == pickle.load(file, encoding='bytes')
    assert pairs.image(0).shape == pairs.image(11999).shape == (112, 112, 3)


def test_what_xz_has_packed_is_read(tmp_path):
    packed = lzma.compress(pickle.dumps((IMAGES, ISSAME), 2))
    pairs = reader(tmp_path)(packed)
    assert same(pairs.images, IMAGES) and pairs.issame.tolist() == ISSAME
    assert pairs.sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize('change, message', [
    (lambda data: data[:-20], 'what xz has packed is cut off'),
    (lambda data: data[:30] + b'xxxx' + data[34:], 'what xz has packed is damaged'),
    (lambda data: lzma.compress(bytes(3000)), 'unpacks to more than 2,000 bytes')])
def test_what_xz_has_packed_badly_is_refused(tmp_path, change, message):
    with pytest.raises(BinError, match=message):
        reader(tmp_path)(change(lzma.compress(pickle.dumps((IMAGES, ISSAME), 2))), max_bytes=2000)
