"""gluonfr.data.pairs.bins: malicious and damaged .bin files are refused, and nothing in them runs."""
import os
import pickle
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from bins_cases import IMAGES, ISSAME, as_arrays, reader

from gluonfr.data.pairs import unpickle as machine
from gluonfr.data.pairs import BinError, read_bin
from gluonfr.data.pairs.unpickle import UnpickleError, unpickle


@pytest.fixture
def bin_of(tmp_path):
    return reader(tmp_path)


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
    with pytest.raises(BinError, match="refuses 'posix.mkdir'"):
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
    (b'cnumpy\ndtype\n(VS8\nI0\nI1\ntR.', "the NumPy type 'S8'"), (b'cnumpy\ndtype\n(VV8\nI0\nI1\ntR.', "type 'V8'"),
    (b'cnumpy\ndtype\n(Vu1,O\nI0\nI1\ntR.', "type 'u1,O'"), (b'cnumpy\ndtype\n((ltR.', 'the NumPy type'),
    (DTYPE + b'(I3\nV|\nN(Vx\nt(lI-1\nI-1\nI0\ntb.', 'a NumPy type with fields'),
    (DTYPE + b'(I3\nVO,\nNNNI-1\nI-1\nI0\ntb.', 'a NumPy type with fields'),
    (DTYPE + b'(I3\ntb.', 'damaged'), (b'N(tb.', 'set the state of a NoneType'),
    (b'cnumpy\ndtype\n(I3\ntb.', 'set the state of a _Name'),
    (RECONSTRUCT + b'(I1\n(I9\nt' + DTYPE + b'I0\nC\1xtb.', r'shape \(9,\).* as many bytes, got 1'),
    (RECONSTRUCT + b'(I1\n(I-1\nI-1\nt' + DTYPE + b'I0\nC\1xtb.', r'shape \(-1, -1\)'),
    (RECONSTRUCT + b'(I1\n(I0\nL99999999999999999999999L\nt' + DTYPE + b'I0\nC\0tb.', 'damaged'),
    (RECONSTRUCT + b'(I1\n(' + b'I1\n' * 99 + b't' + DTYPE + b'I0\nC\1xtb.', 'more than 32 sides'),
    (RECONSTRUCT + b'(I1\n(I1\nt' + DTYPE + b'I0\n(lC\1xatb.', 'an array of list'),
    (b'cbuiltins\nbytearray\n(I9999999999\ntR.', 'a bytearray of int'),
    (RECONSTRUCT + b'(I1\n(I2\nt' + DTYPE.replace(b'u1', b'O8') + b'I0\n(lC\1xatb.', 'an array of objects but of'),
    (RECONSTRUCT + b'(I1\n(I1\nt' + DTYPE.replace(b'u1', b'O8') + b'I0\nC\1xtb.', 'an array of objects but of'),
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
    start = time.process_time()
    with pytest.raises(BinError, match=message):
        bin_of(payload)
    assert time.process_time() - start < 2


LAUGHS = b')' + b'q\0h\0\x86' * 23
NAMES = b'cnumpy.core.numeric\n_frombuffer\nq\0cnumpy\ndtype\nq\1U\2u1\x85Rq\2'


@pytest.mark.parametrize('payload, message', [
    # a shape that is a long chain of factors, whose product is a number of megabytes
    (NAMES + b'h\0(U\0h\2(' + b'M\xff\xff' * 1000000 + b'tU\1CtR.', 'an array of more than 32 sides'),
    # many arrays of one long shape, a call with many arguments again and again, a list in another's place
    (NAMES + b'(' + b'K\1' * 400000 + b'tq\3' + b'h\0(U\1xh\2h\3U\1CtR' * 20000 + b'.', 'more than 32 sides'),
    (NAMES + b'(U\2u1' + b'N' * 400000 + b'tq\3' + b'h\1h\3R' * 20000 + b'.', 'a call with 400,001 arguments'),
    (NAMES + b'](' + b'K\1' * 400000 + b'eq\3' + b'h\0(U\1xh\2h\3U\1CtR' * 20000 + b'.', 'more than 32 sides'),
    (b'N' * 3000000 + b'.', 'more than 1,150,000 opcodes'),
    (b'c' + b'x' * 1000000 + b'\ny\n.', "refuses 'x{99} at byte"),
    # tuples of themselves twice, 23 levels, whose repr takes 2^23 words; and so deep that there is none
    (b'cnumpy\ndtype\n' + LAUGHS + b'\x85R.', 'the NumPy type given as a tuple'),
    (b'cnumpy\ndtype\n(Vu1\ntR(N' + LAUGHS + b'NNNNNNtb.', 'the order of bytes given as a tuple'),
    (b'c_codecs\nencode\nVx\n' + LAUGHS + b'\x86R.', 'the codec given as a tuple'),
    (LAUGHS + b'Vx\n\x93.', 'a name given as a tuple'), (b'Vx\n' + LAUGHS + b'\x93.', 'a name given as a tuple'),
    (b'cnumpy\ndtype\n)' + b'\x85' * 100000 + b'\x85R.', 'the NumPy type given as a tuple')], ids=range(12))
def test_work_follows_from_the_size_of_the_file(bin_of, payload, message):
    start = time.process_time()
    with pytest.raises(BinError, match=message) as caught:
        bin_of(payload)
    assert time.process_time() - start < 3 and len(str(caught.value)) < 500


def test_a_number_in_the_memo_takes_no_table():
    """Nine bytes for which `pickle.Unpickler` asks for 2 GB, whatever its `find_class` does."""
    tracemalloc.start()
    try:
        assert unpickle(b'\x80\x02Nr\xff\xff\xff\x07.') is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_billion_laughs(bin_of):
    levels = ['ha']
    for _ in range(100):
        levels = [levels] * 10
    start = time.process_time()
    for content in (levels, (levels, ISSAME), (IMAGES, levels), (tuple(levels), tuple(levels))):
        with pytest.raises(BinError, match='must (be|hold)'):
            bin_of(pickle.dumps(content))
    assert time.process_time() - start < 1


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
