"""gluonfr.data.bins: .bin files of any writer are read, malicious and damaged ones are refused, and nothing runs."""
import base64
import hashlib
import os
import pickle
import pickletools
import resource
import subprocess
import sys
import time

import numpy as np
import pytest

from gluonfr.data import unpickle as machine
from gluonfr.data.bins import BinError, read_bin, write_bin
from gluonfr.data.image import encode
from gluonfr.data.unpickle import UnpickleError, unpickle

IMAGES = [bytes(range(256)), b'it\'s "a"\nline\\', bytes(range(256)), b'']
ISSAME = [True, False]

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
    """A function: bytes of a file -> what read_bin makes of it."""
    def read(data, **options):
        path = tmp_path / 'pairs.bin'
        path.write_bytes(data)
        return read_bin(path, **options)
    return read


def same(images, expected):
    return len(images) == len(expected) and all(bytes(a) == bytes(b) for a, b in zip(images, expected))


def as_arrays(images):
    return [np.frombuffer(image, np.uint8) for image in images]


# ---- what is read

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


def test_numpy_2_wrote_it(bin_of):
    """It has other module names; the rest is the same."""
    data = pickle.dumps((as_arrays(IMAGES), np.array(ISSAME)), 2)
    assert data.count(b'numpy.core.multiarray') == 1
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


# ---- what is written

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
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10000, limits[1]))
    try:
        with pytest.raises(OSError):
            write_bin(path, [os.urandom(50000)] * 4, ISSAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(str(tmp_path)) == ['pairs.bin'] and path.read_bytes() == before


@pytest.mark.parametrize('images,issame,message', [
    ([], [], 'two images for each of at least one pair, got 0 images and 0 pairs'),
    (IMAGES, [True], 'got 4 images and 1 pairs'),
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


@pytest.mark.parametrize('content,message', [
    ([IMAGES, ISSAME], 'must be a pickle of the tuple .*got a list'),
    ((IMAGES,), 'got a tuple of 1'),
    ((IMAGES, ISSAME, 1), 'got a tuple of 3'),
    (b'image', 'got a bytes'),
    (np.zeros(3, np.uint8), 'got a ndarray'),
])
def test_another_content(bin_of, content, message):
    with pytest.raises(BinError, match=message):
        bin_of(pickle.dumps(content))


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


# ---- what is refused

class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def in_place(call):
    """Where a call can stand in the file."""
    array = np.empty(1, object)
    array[0] = call
    return {
        'top': call, 'instead of images': (call, ISSAME), 'among images': ([b'', b'', call, b''], ISSAME),
        'in issame': (IMAGES, [True, call]), 'deep': ([[[(call,)]]], ISSAME), 'object array': (array, ISSAME),
        'array of images': ([array, array], [True]), 'after': (IMAGES, ISSAME, call),
    }


def check_refused(bin_of, payload, marker, message):
    """The payload makes `marker` if `pickle` reads it, and is refused without doing so by us."""
    try:
        pickle.loads(payload)
    except Exception:  # some give nonsense after they have done their work
        pass
    assert marker.exists(), 'the payload does nothing: this test would prove nothing'
    marker.unlink()
    with pytest.raises(BinError, match=message):
        bin_of(payload)
    assert not marker.exists()


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('place', in_place(None))
def test_shell_commands(bin_of, tmp_path, protocol, place):
    marker = tmp_path / 'marker'
    payload = pickle.dumps(in_place(Call(os.mkdir, str(marker)))[place], protocol)
    pickle.loads(payload)
    assert marker.is_dir(), 'the payload does nothing: this test would prove nothing'
    marker.rmdir()
    with pytest.raises(BinError, match="refuses ('posix.mkdir'|the NumPy type 'O8')"):
        bin_of(payload)
    assert not marker.exists()


def gadgets(marker):
    """Name -> (payload, what the error must name)."""
    touch, code = 'touch {}'.format(marker), 'open({!r}, "w").close()'.format(str(marker))
    shell, text = b'V' + touch.encode() + b'\n', b'V' + code.encode() + b'\n'
    return {
        'os.system': (pickle.dumps(Call(os.system, touch)), "'posix.system'"),
        'eval': (pickle.dumps(Call(eval, code)), "'builtins.eval'"),
        'exec, protocol 2': (pickle.dumps(Call(exec, code), 2), "'__builtin__.exec'"),
        'subprocess': (pickle.dumps(Call(subprocess.call, ['touch', str(marker)])), "'subprocess.call'"),
        'getattr chain': (b'cbuiltins\ngetattr\n(cbuiltins\n__import__\n(Vos\ntRVsystem\ntR(' + shell + b'tR.',
                          "'builtins.getattr'"),
        'STACK_GLOBAL with dots': (b'\x80\x04\x8c\x02os\x8c\x0bpath.os.sys\x93\x940h\x00\x8c\x02os\x8c\x06system\x93'
                                   + shell + b'\x85R.', "'os.path.os.sys'"),
        'INST': (b'(' + shell + b'ios\nsystem\n.', "'os.system'"),
        'OBJ': (b'(czipfile\nZipFile\nV' + str(marker).encode() + b'\nVw\no.', "'zipfile.ZipFile'"),
        'NEWOBJ': (b'\x80\x02cbuiltins\nbytes\n(cbuiltins\nmap\n(cos\nsystem\n]' + shell + b'at\x81t\x81.',
                   "'builtins.bytes'"),
        'the admitted bytes, from a map': (b'\x80\x02c__builtin__\nbytes\n(c__builtin__\nmap\n(cos\nsystem\n]' + shell
                                           + b'at\x81t\x81.', "'__builtin__.map'"),
        'copyreg': (b'cbuiltins\nbytes\n(ccopyreg\n__newobj__\n(cbuiltins\nmap\ncos\nsystem\n]' + shell + b'atRtR.',
                    "'builtins.bytes'"),
        'memo': (b'(cos\nsystem\np1\ng1\n(' + shell + b'tRt.', "'os.system'"),
        'state of an admitted name': (b'cnumpy\ndtype\ncbuiltins\nexec\n(' + text + b'tRb.', "'builtins.exec'"),
    }


@pytest.mark.parametrize('name', gadgets('x'))
def test_gadgets(bin_of, tmp_path, name):
    payload, message = gadgets(tmp_path / 'marker')[name]
    check_refused(bin_of, payload, tmp_path / 'marker', message)


def test_nothing_is_imported(bin_of, tmp_path, monkeypatch):
    marker = tmp_path / 'marker'
    (tmp_path / 'evil_module.py').write_text('open({!r}, "w").close()\nvalue = 1\n'.format(str(marker)))
    monkeypatch.syspath_prepend(str(tmp_path))
    payload = b'cevil_module\nvalue\n.'
    check_refused(bin_of, payload, marker, "'evil_module.value'")
    del sys.modules['evil_module']
    with pytest.raises(BinError):
        bin_of(payload)
    assert 'evil_module' not in sys.modules


DTYPE = b'cnumpy\ndtype\n(Vu1\nI0\nI1\ntR'
RECONSTRUCT = b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\1btR'


@pytest.mark.parametrize('payload,message', [
    (b'}.', 'opcode EMPTY_DICT'), (b'(d.', 'opcode DICT'), (b'\x8f.', 'opcode EMPTY_SET'),
    (b'(\x91.', 'opcode FROZENSET'), (b'Pid\n.', 'opcode PERSID'), (b']Q.', 'opcode BINPERSID'),
    (b'\x82\1.', 'opcode EXT1'), (b'\x97.', 'opcode NEXT_BUFFER'), (b'N2.', 'opcode DUP'), (b'N0.', 'opcode POP'),
    (b'\xff.', r"opcode b'\\xff'"), (b'\x80\6N.', 'protocol 6'), (b'N.N.', '2 bytes follow'),
    (b'c_codecs\ndecode\n.', "'_codecs.decode'"), (b'c_codecs\nencode\n(Vx\nVrot13\ntR.', "to encode as 'rot13'"),
    (b'c__builtin__\nbytes\n(I9\ntR.', 'damaged'), (b'cnumpy\nload\n.', "'numpy.load'"),
    (b'cnumpy\nndarray\n(I9\ntR.', 'to call numpy.ndarray'), (b'Vtext\n)R.', 'to call a str'),
    (b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntC\1btR.', 'an array of class numpy.dtype'),
    (b'cnumpy\ndtype\n(VO8\nI0\nI1\ntR.', "the NumPy type 'O8'"), (b'cnumpy\ndtype\n(VV8\nI0\nI1\ntR.', "type 'V8'"),
    (b'cnumpy\ndtype\n(Vu1,O\nI0\nI1\ntR.', "type 'u1,O'"), (b'cnumpy\ndtype\n((ltR.', 'the NumPy type'),
    (DTYPE + b'(I3\nV|\nN(Vx\nt(lI-1\nI-1\nI0\ntb.', 'a NumPy type with fields'),
    (DTYPE + b'(I3\nVO,\nNNNI-1\nI-1\nI0\ntb.', 'a NumPy type with fields'),
    (DTYPE + b'(I3\ntb.', 'damaged'), (b'N(tb.', 'set the state of a NoneType'),
    (b'cnumpy\ndtype\n(I3\ntb.', 'set the state of a _Name'),
    (RECONSTRUCT + b'(I1\n(I9\nt' + DTYPE + b'I0\nC\1xtb.', r'shape \(9,\).* as many bytes, got 1'),
    (RECONSTRUCT + b'(I1\n(I-1\nI-1\nt' + DTYPE + b'I0\nC\1xtb.', r'shape \(-1, -1\)'),
    (RECONSTRUCT + b'(I1\n(I0\nL99999999999999999999999L\nt' + DTYPE + b'I0\nC\0tb.', 'damaged'),
    (RECONSTRUCT + b'(I1\n(' + b'I1\n' * 99 + b't' + DTYPE + b'I0\nC\1xtb.', 'damaged'),
    (RECONSTRUCT + b'(I1\n(I1\nt' + DTYPE + b'I0\n(lC\1xatb.', 'an array of list'),
    (RECONSTRUCT + b'(I1\n(I1\ntNI0\nC\1xtb.', 'an array of bytes'),
    (b'(' + RECONSTRUCT + b'I1\nt.', 'images must be a list'),
    (b'N(I1\ne.', 'to add to a NoneType'), (b'g5\n.', 'damaged'), (b'.', 'damaged'), (b't.', 'damaged'),
    (b'\x86.', 'damaged'), (b'R.', 'damaged'), (b'Ix\n.', 'damaged'), (b'X\1\0\0\0\xff.', 'damaged'),
    (b'S\'\\x\'\n.', 'damaged'), (b'Fx\n.', 'damaged'), (b'a.', 'damaged'), (b'\x93.', 'damaged'),
])
def test_opcodes_and_arrays(bin_of, payload, message):
    with pytest.raises(BinError, match='pairs.bin: .*' + message):
        bin_of(payload)


@pytest.mark.parametrize('payload,message', [
    (b'\x8e' + b'\xff' * 7 + b'\x7f', 'truncated or damaged: .*asks for 9,223,372,036,854,775,807 more, 0 are left'),
    (b'\x8d' + b'\xff' * 8, 'truncated'), (b'\x96' + b'\xff' * 8, 'truncated'), (b'T\xff\xff\xff\xff', 'truncated'),
    (b'B\xff\xff\xff\x7f', 'truncated'), (b'X\xff\xff\xff\xff', 'truncated'),
    (b'\x8b\xff\xff\xff\xff', 'an integer of 4,294,967,295 bytes'), (b'\x8a\xff' + b'\xff' * 255, 'an integer of 255'),
    (b'I' + b'9' * 10 ** 6 + b'\n.', 'an integer of 1,000,000 digits'),
    (b'L' + b'9' * 10 ** 6 + b'L\n.', 'an integer of 1,000,001 digits'), (b'r\xff\xff\xff\xff.', 'damaged'),
    (b'(X\x00\x00\x10\x00' + b'x' * 2 ** 20 + b'q\0' + b'c_codecs\nencode\nh\0Vlatin1\n\x86R' * 100 + b't.',
     'to make more bytes than the file has'),
], ids=range(12))
def test_claims_of_size(bin_of, payload, message):
    start = time.perf_counter()
    with pytest.raises(BinError, match=message):
        bin_of(payload)
    assert time.perf_counter() - start < 2


def test_billion_laughs(bin_of):
    levels = ['ha']
    for _ in range(100):
        levels = [levels] * 10
    start = time.perf_counter()
    for content in (levels, (levels, ISSAME), (IMAGES, levels), (tuple(levels), tuple(levels))):
        with pytest.raises(BinError, match='must (be|hold)'):
            bin_of(pickle.dumps(content))
    assert time.perf_counter() - start < 1


def test_lists_within_lists(bin_of):
    """Neither a list that holds itself nor 100,000 lists within each other exhaust the C stack."""
    with pytest.raises(BinError, match="got list for pair 0"):
        bin_of(b']q\0h\0ah\0\x86.')
    with pytest.raises(BinError, match='got a list'):
        bin_of(b']' * 100001 + b'a' * 100000 + b'.')
    with pytest.raises(BinError, match='got a tuple of 1'):
        bin_of(b')' + b'\x85' * 100000 + b'.')


def test_too_many_opcodes(bin_of, monkeypatch):
    monkeypatch.setattr(machine, 'MAX_STEPS', 1000)
    with pytest.raises(BinError, match='more than 1,000 opcodes'):
        bin_of(b'N' + b'\x94' * 2000 + b'.')


def test_max_bytes(bin_of):
    data = pickle.dumps((IMAGES, ISSAME))
    assert len(bin_of(data, max_bytes=len(data))) == 2
    with pytest.raises(BinError, match='has more than {} bytes; give a larger max_bytes'.format(len(data) - 1)):
        bin_of(data, max_bytes=len(data) - 1)
    with pytest.raises(ValueError, match='read_bin: max_bytes must be >= 1'):
        bin_of(data, max_bytes=0)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.bin'):
        read_bin(tmp_path / 'gone.bin')


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_truncated(protocol):
    for images in (IMAGES, as_arrays(IMAGES)):
        data = pickle.dumps((images, np.array(ISSAME)), protocol)
        for length in range(len(data)):
            with pytest.raises(UnpickleError, match='truncated|damaged'):
                unpickle(data[:length])


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_altered_bytes_never_do_harm(bin_of, protocol):
    """Whatever is altered: the file is read or refused, with the one error."""
    random = np.random.RandomState(protocol)
    data = pickle.dumps((as_arrays(IMAGES), [np.True_, 0]), protocol)
    refused = 0
    for _ in range(250):
        altered = np.frombuffer(data, np.uint8).copy()
        altered[random.randint(0, len(data), 3)] = random.randint(0, 256, 3)
        try:
            bin_of(altered.tobytes())
        except BinError:
            refused += 1
    assert refused > 25


# ---- real data

def test_lfw(test_data):
    path = test_data('lfw/lfw.bin')
    pairs = read_bin(path)
    assert len(pairs) == 6000 and pairs.issame.reshape(10, 2, 300)[:, 0].all() and pairs.issame.sum() == 3000
    with open(str(path), 'rb') as file:
        assert (pairs.images, pairs.issame.tolist()) == pickle.load(file, encoding='bytes')
    assert pairs.image(0).shape == pairs.image(11999).shape == (112, 112, 3)
