"""ONNX models whose number of images is free in name only, as PyTorch's exporter writes them since 2.9."""
import json

import numpy as np
import pytest
from cli_cases import run
from convert_cases import IRESNET, MOBILE, OnnxWriter, random_net
from deploy_cases import images

from gluonfr.convert import convert, to_onnx
from gluonfr.data import encode, write_bin
from gluonfr.deploy import Embedder
from gluonfr.deploy.onnx_net import OnnxNet

pytest.importorskip('onnx', reason='pip install onnx')
pytest.importorskip('onnxruntime', reason='pip install onnxruntime')


@pytest.mark.parametrize('head, name, count', [((1, 2048), 'iresnet50', 1), ((1, -1), 'mobilefacenet', 1),
                                               ((2, -1), 'mobilefacenet', 2), ('reshape', 'mobilefacenet', None)])
def test_a_number_of_images_that_is_free_in_name_only(tmp_path, capfd, head, name, count):
    net = random_net(name, **(IRESNET if name == 'iresnet50' else MOBILE))
    path, data = str(tmp_path / 'net.onnx'), images(5, 32)
    OnnxWriter(head=head).write(net, path)
    block = OnnxNet(path)
    assert block._engine.batch == count and block.input_spec.embedding_size == 32
    np.testing.assert_allclose(Embedder(block)(data), Embedder(net, block.input_spec)(data), atol=1e-5)
    with open(convert(path, str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == name and card['parity']['max_abs_diff'] < 1e-5
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net'))(data), Embedder(net)(data), atol=1e-5)
    assert 'onnxruntime' not in capfd.readouterr().err


@pytest.mark.parametrize('engine', ['onnxruntime', 'openvino'])
def test_commands_take_it_too(tmp_path, engine, capsys):
    pytest.importorskip(engine, reason='pip install ' + engine)
    net, path, data = random_net('mobilefacenet', **MOBILE), str(tmp_path / 'net.onnx'), images(8, 32)
    OnnxWriter(head=(1, -1)).write(net, path)
    faces = [encode(image, '.png') for image in data]
    write_bin(str(tmp_path / 'set.bin'), faces, [True, False] * 2)
    (tmp_path / 'faces').mkdir()
    for i, face in enumerate(faces):
        (tmp_path / 'faces' / '{}.png'.format(i)).write_bytes(face)
    run('verify', path, '--data', tmp_path / 'set.bin', '--engine', engine, '--no-progress')
    assert 'set: accuracy' in capsys.readouterr().out
    run('embed', path, tmp_path / 'faces', '--out', tmp_path / 'e.npz', '--engine', engine, '--no-progress')
    want = Embedder(net)(data)
    np.testing.assert_allclose(np.load(str(tmp_path / 'e.npz'))['embeddings'], want, atol=1e-5)
    assert to_onnx(path, str(tmp_path / 'copy.onnx')).embedding_size == 32
    np.testing.assert_allclose(Embedder(str(tmp_path / 'copy.onnx'), engine=engine)(data), want, atol=1e-5)
