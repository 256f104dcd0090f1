"""gluonfr.convert.to_int8: nets as ONNX files with layers in 8 bits, and their certificates."""
import json
import os

import numpy as np
import pytest
from cli_cases import run
from convert_cases import random_net
from mxnet import nd

from gluonfr.convert import export_symbol, to_int8
from gluonfr.data import encode, write_bin
from gluonfr.data.synthetic import SyntheticFaces
from gluonfr.deploy import Embedder
from gluonfr.utils.files import file_sha256

onnx = pytest.importorskip('onnx', reason='the extra onnx')
pytest.importorskip('onnxruntime', reason='the extra onnx')


@pytest.fixture(scope='module')
def faces():
    drawn = SyntheticFaces(10, 2, size=32)
    return np.stack([drawn.read(i)[0] for i in range(len(drawn))])


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A symbol with weights whose channels have values of very different sizes."""
    net = random_net('mobilefacenet', blocks=(1, 1, 1, 1), input_size=32)
    for name, param in net.collect_params().items():
        if name.endswith('gamma') and param.grad_req != 'null':
            param.set_data(param.data() * nd.array(np.geomspace(0.05, 2, param.shape[0])))
    prefix = str(tmp_path_factory.mktemp('symbol') / 'net')
    export_symbol(net, prefix, normalise=True)
    return prefix + '-symbol.json'


def test_layers_in_8_bits_and_their_certificate(source, faces, tmp_path):
    pairs = str(tmp_path / 'mine.bin')
    write_bin(pairs, [encode(face, '.png') for face in faces], [True, False] * 5)
    path = str(tmp_path / 'out' / 'net.onnx')
    found = to_int8(source, path, faces, verify=pairs, command='mine')
    assert sorted(os.listdir(os.path.dirname(path))) == ['net-int8.json', 'net.onnx']
    with open(os.path.join(os.path.dirname(path), 'net-int8.json'), encoding='utf-8') as stream:
        assert json.load(stream) == found
    assert found['int8']['bytes'] == os.path.getsize(path) < 0.5 * found['float32']['bytes']
    assert found['int8']['sha256'] == file_sha256(path) and found['source']['sha256'] == file_sha256(source)
    ours, exact = Embedder(path, engine='onnxruntime'), Embedder(source)
    cosines = np.sum(ours(faces) * exact(faces), axis=1)
    assert cosines.min() > 0.98
    np.testing.assert_allclose([found['calibration']['mean_cosine'], found['calibration']['lowest_cosine']],
                               [cosines.mean(), cosines.min()], atol=1e-5)
    row, = found['verification']
    assert (row['set'], row['pairs'], row['sha256'], found['command']) == ('mine', 10, file_sha256(pairs), 'mine')
    for side in ('float32', 'int8'):
        assert row[side]['interval'][0] <= row[side]['acc'] <= row[side]['interval'][1]
    model = onnx.load(path)
    weights = {entry.name: entry for entry in model.graph.initializer}
    by = {name: node for node in model.graph.node for name in node.output}
    layers = [node for node in model.graph.node if node.op_type in ('Conv', 'Gemm')]
    for layer in layers:
        value, scale = (weights[name] for name in by[layer.input[1]].input[:2])
        assert value.data_type == onnx.TensorProto.INT8 and list(scale.dims) == [value.dims[0]]
        assert by[layer.input[0]].op_type == 'DequantizeLinear'
    kinds = {node.op_type for node in model.graph.node}
    assert len(layers) > 10 and 'PRelu' not in kinds
    assert [entry.domain for entry in model.opset_import] == ['']


def test_channels_of_one_size_keep_what_8_bits_lose(source, faces, tmp_path, monkeypatch):
    with_it = to_int8(source, tmp_path / 'a.onnx', faces)['calibration']['mean_cosine']
    monkeypatch.setattr('gluonfr.convert.int8.quantize.equalize', lambda model, images: None)
    without = to_int8(source, tmp_path / 'b.onnx', faces)['calibration']['mean_cosine']
    assert 1 - with_it < 0.7 * (1 - without)


@pytest.mark.parametrize('change, error, message', [
    (lambda faces: faces[:15], ValueError, 'at least 16 faces such as will come, better 128, got 15'),
    (lambda faces: [], ValueError, 'at least 16 faces .* got 0'),
    (lambda faces: faces[:, :16], ValueError, r'images must be RGB of shape \(32, 32, 3\), got \(16, 32, 3\)'),
    (lambda faces: 'nowhere', FileNotFoundError, 'nowhere')])
def test_faces_that_do_not_calibrate(source, faces, tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        to_int8(source, tmp_path / 'net.onnx', change(faces))
    assert not list(tmp_path.iterdir())


def test_command(source, faces, tmp_path, capsys):
    for i, face in enumerate(faces):
        (tmp_path / 'people' / str(i)).mkdir(parents=True)
        (tmp_path / 'people' / str(i) / '0.png').write_bytes(encode(face, '.png'))
    run('export', source, '--onnx', tmp_path / 'n.onnx', '--int8', '--calibrate', tmp_path / 'people')
    said = capsys.readouterr().out
    assert 'bytes (' in said and 'cosine with float32 on 20 faces 0.9' in said and 'certificate: ' in said
    assert (tmp_path / 'n-int8.json').exists()


@pytest.mark.parametrize('words, message', [
    (['--onnx', 'n.onnx', '--int8'], '--int8 and --calibrate DATA, faces such as will come, must be given together'),
    (['--onnx', 'n.onnx', '--calibrate', 'people'], '--int8 and --calibrate DATA'),
    (['--symbol', 'n', '--int8', '--calibrate', 'people'], '--int8 is for --onnx FILE, alone'),
    (['--onnx', 'n.onnx', '--verify', 'a.bin'], '--verify is for --int8: `gluonfr verify')])
def test_command_says_what_is_wrong(source, words, message, capsys):
    run('export', source, *words, code=2)
    assert message in capsys.readouterr().err
