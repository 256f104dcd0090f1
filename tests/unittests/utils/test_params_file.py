"""gluonfr.utils.params_file: files of arrays without MXNet, and checked against their size before MXNet sees them."""
import gzip
import struct

import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluonfr.convert import ConvertError
from gluonfr.deploy import load_net, load_symbol
from gluonfr.graph.symbol_file import load_arrays
from gluonfr.utils.params_file import load_arrays_file, read_arrays, read_header

HEADS = {'oldest': lambda sides: struct.pack('<I', sides), 'v1': lambda sides: struct.pack('<II', 0xF993FAC8, sides),
         'v2': lambda sides: struct.pack('<IiI', 0xF993FAC9, 0, sides)}


def content(form='v2', shape=(2, 3), names=(b'a',), arrays=1, device=(1, 0), kind=0, values=b'\0' * 24, count=None):
    """A file of arrays as MXNet's versions write them."""
    array = HEADS[form](len(shape)) + struct.pack('<{}{}'.format(len(shape), 'I' if form == 'oldest' else 'q'), *shape)
    array += struct.pack('<3i', *device, kind) + values
    return struct.pack('<3Q', 0x112, 0, arrays) + array * min(arrays, 2) + struct.pack(
        '<Q', len(names) if count is None else count) + b''.join(struct.pack('<Q', len(name)) + name for name in names)


@pytest.mark.parametrize('form', sorted(HEADS))
def test_files_of_all_versions(tmp_path, form):
    path = str(tmp_path / 'a.params')
    values = np.arange(6, dtype='float32')
    with open(path, 'wb') as file:
        file.write(content(form, values=values.tobytes()))
    assert read_header(path) == [('a', (2, 3), 'float32')]
    np.testing.assert_array_equal(load_arrays_file(path)['a'].asnumpy(), values.reshape(2, 3))
    np.testing.assert_array_equal(read_arrays(path)['a'], values.reshape(2, 3))


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16', 'uint8', 'int32', 'int8', 'int64', 'bool'])
def test_header_is_what_mxnet_loads(tmp_path, dtype):
    path = str(tmp_path / 'a.params')
    nd.save(path, {'arg:w': nd.ones((4, 1, 3, 3), dtype=dtype), 'aux:β': nd.ones((5,), dtype='float32')})
    assert read_header(path) == [('arg:w', (4, 1, 3, 3), dtype), ('aux:β', (5,), 'float32')]
    assert {name: array.shape for name, array in load_arrays_file(path).items()} == {
        name: shape for name, shape, _ in read_header(path)}
    found, loaded = read_arrays(path), load_arrays_file(path)
    assert list(found) == list(loaded) and found['arg:w'].dtype == dtype and not found['arg:w'].flags.owndata
    assert all((found[name] == loaded[name].asnumpy()).all() for name in found)
    nd.save(path, [nd.ones((2,))])
    assert read_arrays(path)[0].tolist() == [1, 1]
    assert read_header(path) == [('', (2,), 'float32')]


@pytest.mark.parametrize('data, message', [
    (b'', 'cut off'), (b'text ' * 30, 'magic number is another'), (content()[:-1], 'cut off'),
    (content()[:72], 'needs 16 bytes more than there are'), (content() + b'?', '1 bytes follow the names'),
    (content(shape=(1 << 20, 512)), r'an array of shape \(1048576, 512\) needs'),  # 2 GB of a file of 130 bytes
    (content('oldest', shape=(1 << 31, 1 << 31, 1 << 31)), 'needs'),
    (content('v1', shape=(-1, 6)), r'has the shape \(-1, 6\)'), (content(shape=(0, 6)), 'has the shape'),
    (content(shape=()), 'has 0 sides'), (content(shape=(1,) * 40), 'has 40 sides'),
    (content(arrays=1 << 60), 'arrays cannot be in the'), (content(count=1 << 40), 'names cannot be in the'),
    (content(arrays=2), 'a name for each of its 2 arrays, got 1'),
    (content(arrays=2, names=(b'a', b'a')), 'got 2, 1 of them different'),
    (content(names=(b'',)), 'a name has 0 bytes'), (content(names=(b'x' * 5000,)), 'a name has 5,000 bytes'),
    (content(names=(b'\xff',)), "can't decode"), (content(kind=99), 'type 99'), (content(device=(7, 0)), 'device 7, 0'),
    (content(device=(2, -5)), 'device 2, -5'),
    (content().replace(b'\xc9\xfa\x93\xf9\0', b'\xc9\xfa\x93\xf9\7'), 'the kind of storage 7'),
    (content().replace(b'\xc9\xfa\x93\xf9', b'\xca\xfa\x93\xf9'), 'saved with mxnet.npx.set_np')],
    ids=lambda value: 'file' if isinstance(value, bytes) else value)
def test_what_the_size_of_the_file_denies(tmp_path, monkeypatch, data, message):
    monkeypatch.setattr(nd, 'load', lambda path: pytest.fail('MXNet saw it'))
    path = str(tmp_path / 'a.params')
    with open(path, 'wb') as file:
        file.write(data)
    with pytest.raises(ValueError, match='a.params is no file of MXNet arrays, or is damaged: .*' + message):
        load_arrays_file(path)
    if 'set_np' not in message:
        with pytest.raises(ValueError, match='a.params is no file of MXNet arrays, or is damaged: .*' + message):
            read_arrays(path)


@pytest.mark.parametrize('kind', ['row_sparse', 'csr'])
def test_a_sparse_array_is_refused_by_its_name(tmp_path, kind):
    path = str(tmp_path / 'a.params')
    thin = nd.array([[0, 0], [1, 2]]).tostype(kind)
    thin.wait_to_read()  # else MXNet may write its shape before it is known
    nd.save(path, {'dense': nd.ones((2,)), 'arg:thin': thin})
    for read in (read_arrays, load_arrays_file):
        with pytest.raises(ValueError, match=r'must be dense: arg:thin \({}\)\. In MXNet'.format(kind)):
            read(path)


def test_types_and_shapes_that_mxnet_alone_has(tmp_path):
    path = str(tmp_path / 'a.params')
    with open(path, 'wb') as file:
        file.write(content(shape=(1, 2), kind=12, values=b'\xc0?@\xc0'))
    assert read_arrays(path)['a'].tolist() == [[1.5, -3.0]]
    with open(path, 'wb') as file:  # saved with mxnet.npx.set_np on: a number
        file.write(content(shape=(), values=b'\0\0\x80?').replace(b'\xc9\xfa\x93\xf9', b'\xca\xfa\x93\xf9'))
    assert read_arrays(path)['a'] == 1 and read_arrays(path)['a'].shape == ()


def test_files_packed_by_gzip(tmp_path):
    path = str(tmp_path / 'a.params.gz')
    with gzip.open(path, 'wb') as file:
        file.write(content())
    assert read_arrays(path)['a'].shape == (2, 3)
    with open(path, 'rb') as file:
        damaged = file.read()[:-9]
    with open(path, 'wb') as file:
        file.write(damaged)
    with pytest.raises(ValueError, match='a.params.gz is no file of gzip, or is damaged'):
        read_arrays(path)


def test_every_reader_of_weights_checks_first(tmp_path):
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Flatten(), mx.gluon.nn.Dense(4))
    net.initialize()
    net.hybridize()
    net(nd.zeros((1, 3, 16, 16)))
    net.export(str(tmp_path / 'm'))
    path = str(tmp_path / 'm-0000.params')
    with open(path, 'wb') as file:
        file.write(content(shape=(1 << 20, 512)))
    message = r'an array of shape \(1048576, 512\) needs 2,147,483,\d+ bytes more than there are'
    with pytest.raises(ValueError, match='load_symbol: .*' + message):
        load_symbol(str(tmp_path / 'm-symbol.json'), size=(16, 16))
    with pytest.raises(ValueError, match='does not hold the weights of LeNetPlus .*' + message):
        load_net('lenetplus', path)
    with pytest.raises(ConvertError, match=message):
        load_arrays(path)


def test_zeros_packed_a_thousand_to_one_are_refused(tmp_path):
    path = str(tmp_path / 'a.params.gz')
    with gzip.open(path, 'wb') as file:
        file.write(bytes(1 << 24))
    with pytest.raises(ValueError, match='unpacks to more than 50 times its size'):
        load_net('lenetplus', path)
    with pytest.raises(ValueError, match='unpacks to more than 50 times its size'):
        read_arrays(path)
