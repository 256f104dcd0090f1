"""gluonfr.utils.arrays_file: .npz and .npy from anywhere give arrays or a sentence."""
import io
import random
import zipfile

import numpy as np
import pytest

from gluonfr.utils.arrays_file import fill_from_npz, read_npy, read_npz
from gluonfr.utils.files import save_npz

ARRAYS = {'plain': np.arange(12.0).reshape(3, 4), 'columns': np.asfortranarray(np.arange(6, dtype='f4').reshape(2, 3)),
          'names': np.array(['a', 'öß']), 'none': np.zeros((0, 5), 'f4'), 'number': np.array(3),
          'truth': np.array([True, False]), 'text': np.array('long text'), 'bytes': np.frombuffer(b'{}', np.uint8)}


def npy(descr="'<f4'", shape='(2, 3)', data=b'\0' * 24, version=b'\1\0', order='False', length=None):
    header = "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}\n".format(descr, order, shape).encode()
    size = len(header) if length is None else length
    return b'\x93NUMPY' + version + size.to_bytes(2 * version[0], 'little') + header + data


@pytest.mark.parametrize('save', [save_npz, lambda path, arrays: np.savez(path, **arrays),
                                  lambda path, arrays: np.savez_compressed(path, **arrays)])
def test_what_numpy_writes(tmp_path, save):
    path = str(tmp_path / 'a.npz')
    save(path, ARRAYS)
    found = read_npz(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.f_contiguous == array.flags.f_contiguous and found[name].flags.writeable


@pytest.mark.parametrize('version', [b'\1\0', b'\2\0'])
def test_npy_is_mapped(tmp_path, version):
    path = str(tmp_path / 'a.npy')
    (tmp_path / 'a.npy').write_bytes(npy(version=version, data=np.arange(6, dtype='<f4').tobytes()))
    found = read_npy(path)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, np.arange(6).reshape(2, 3))


@pytest.mark.parametrize('data, message', [
    (npy(shape='(200000, 300000)'), 'must have 240,000,000,000 bytes, got 24'), (npy(data=b''), 'must have 24 bytes'),
    (npy(shape='(' + '3, ' * 3000 + ')'), 'header'), (npy(shape='(-2, -3)'), 'header'), (npy(shape='(((2,'), 'header'),
    (npy(shape='(True, 24)'), 'header'), (npy("'|O'"), 'header'), (npy("[('a', '<f4')]"), 'header'),
    (npy("'<f999'"), 'header'), (npy("'<U0'", '(9999999999,)', b''), 'must have 0 bytes'),
    (npy("__import__('os')"), 'header'), (npy(length=60000), 'header'), (npy(version=b'\3\0'), 'mark of NumPy'),
    (npy()[:7], 'mark of NumPy'), (npy()[:9], 'header'), (b'', 'mark of NumPy'), (b'GIF89a' * 9, 'mark of NumPy')],
    ids=lambda value: 'file' if isinstance(value, bytes) else value)
def test_headers_that_lie(tmp_path, data, message):
    path = str(tmp_path / 'a.npy')
    (tmp_path / 'a.npy').write_bytes(data)
    with pytest.raises(ValueError, match='a.npy is no NumPy array .*' + message) as caught:
        read_npy(path)
    with zipfile.ZipFile(str(tmp_path / 'a.npz'), 'w') as archive:
        archive.writestr('x.npy', data)
    with pytest.raises(ValueError, match='a.npz is no archive of NumPy arrays .*' + message):
        read_npz(str(tmp_path / 'a.npz'))
    assert len(str(caught.value)) < 600


def test_archives_that_are_damaged_give_an_array_or_a_sentence(tmp_path):
    path, refused = str(tmp_path / 'a.npz'), 0
    for save in (np.savez, np.savez_compressed):
        whole = io.BytesIO()
        save(whole, **ARRAYS)
        rng = random.Random(0)
        for _ in range(150):
            data = bytearray(whole.getvalue())
            for _ in range(rng.choice((1, 1, 3))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            with open(path, 'wb') as file:
                file.write(data[:rng.choice((len(data), len(data), rng.randrange(len(data))))])
            try:
                found = read_npz(path)
            except ValueError as error:
                assert str(error).startswith(path + ' is no archive of NumPy arrays (.npz), or is damaged: ')
                refused += 1
            else:  # a flip in a date, for example
                for name in set(found) & set(ARRAYS):
                    np.testing.assert_array_equal(found[name], ARRAYS[name])
    assert refused > 200


def test_zeros_packed_a_thousand_to_one_are_refused(tmp_path):
    path = str(tmp_path / 'a.npz')
    np.savez_compressed(path, a=np.zeros(9 << 20))
    with pytest.raises(ValueError, match='unpacks to more than 100 times its size'):
        read_npz(path)


def test_a_file_that_is_not_there():
    for read in (read_npz, read_npy):
        with pytest.raises(FileNotFoundError):
            read('nowhere.npz')


def test_arrays_are_left_in_the_file_or_read_into_memory_that_is_there(tmp_path):
    path, large = str(tmp_path / 'a.npz'), np.arange(12, dtype='float32').reshape(3, 4)
    np.savez(path, **{'table/a': large, 'b': np.arange(3)})
    assert list(read_npz(path, leave='table/')) == ['b'] and sorted(read_npz(path)) == ['b', 'table/a']
    target = np.zeros((3, 4), 'float32')
    fill_from_npz(path, {'table/a': target, 'b': None})
    assert (target == large).all()


@pytest.mark.parametrize('name, array, said', [
    ('table/a', np.zeros((4, 3), 'float32'), r'of shape \(3, 4\) and type float32, to be \(4, 3\) and float32'),
    ('table/a', np.zeros((3, 4)), 'to be .* and float64'), ('table/c', np.zeros(3), 'table/c')])
def test_memory_that_does_not_fit_an_array_is_refused(tmp_path, name, array, said):
    path = str(tmp_path / 'a.npz')
    np.savez(path, **{'table/a': np.zeros((3, 4), 'float32')})
    with pytest.raises(ValueError, match=said):
        fill_from_npz(path, {name: array})


def test_a_wrong_checksum_is_found_without_keeping_the_array(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(str(path), a=np.full(1000, 7, 'uint8'))
    content = bytearray(path.read_bytes())
    content[content.find(bytes([7]) * 100)] = 8
    path.write_bytes(content)
    with pytest.raises(ValueError, match='Bad CRC-32'):
        fill_from_npz(str(path), {'a': None})
