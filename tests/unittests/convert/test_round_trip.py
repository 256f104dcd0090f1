"""gluonfr.convert: nets that go out and come back."""
import json

import mxnet as mx
import numpy as np
import pytest
from convert_cases import BLOCKS, UNITS, make
from deploy_cases import images

from gluonfr.convert import convert, export_onnx, export_symbol, export_torch
from gluonfr.deploy import Embedder, load_net

# What a test takes grows with the number of layers: a bottleneck of each kind, and no more
NETS = [('mobilefacenet', BLOCKS), ('mobilefacenet_shared', BLOCKS), ('mobilefacenet_y1', BLOCKS), ('mbf', BLOCKS),
        ('iresnet18', UNITS), ('iresnet18', dict(UNITS, epsilon=1e-5))]
IDS = ['{}{}'.format(name, len(arguments)) for name, arguments in NETS]


def assert_back(net, folder):
    """The folder holds a native net of the same class that embeds as the first one does."""
    back = load_net(str(folder))
    assert type(back) is type(net)
    data = images(4, 32)
    np.testing.assert_allclose(Embedder(back)(data), Embedder(net)(data), atol=1e-5)
    with mx.autograd.record():  # and it can be trained on
        out = back(mx.nd.ones((2, 3, 32, 32))).sum()
    out.backward()
    assert any((param.grad().asnumpy() != 0).any() for param in back.collect_params().values()
               if param.grad_req != 'null')
    return back


@pytest.mark.parametrize('name, arguments, options', [net + ({},) for net in NETS] + [
    net + ({'normalise': True, 'l2': True, 'opset': 18, 'batch': 1},) for net in NETS[2:5:2]])
def test_by_onnx(name, arguments, options, tmp_path):
    for package in ('onnx', 'onnxruntime'):
        pytest.importorskip(package, reason='pip install ' + package)
    net = make(name, **arguments)
    export_onnx(net, str(tmp_path / 'net.onnx'), **options)
    convert(str(tmp_path / 'net.onnx'), str(tmp_path / 'back'))
    assert_back(net, tmp_path / 'back')
    # as it is, too: the file says what it takes
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net.onnx'))(images(2, 32)), Embedder(net)(images(2, 32)),
                               atol=1e-5)


@pytest.mark.parametrize('name, arguments', NETS[2:5], ids=IDS[2:5])
def test_by_symbol(name, arguments, tmp_path):
    net = make(name, **arguments)
    export_symbol(net, str(tmp_path / 'net'), normalise=True)
    convert(str(tmp_path / 'net-symbol.json'), str(tmp_path / 'back'))
    assert_back(net, tmp_path / 'back')


@pytest.mark.parametrize('name, arguments', NETS[1:5], ids=IDS[1:5])
def test_by_pytorch(name, arguments, tmp_path):
    pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
    net = make(name, **arguments)
    export_torch(net, str(tmp_path / 'net.pth'))
    card = convert(str(tmp_path / 'net.pth'), str(tmp_path / 'back'), spec=net.input_spec)
    assert_back(net, tmp_path / 'back')
    with open(card) as stream:
        assert json.load(stream)['unused'] == []


def test_published_weights_go_out_in_every_form(test_data, tmp_path):
    source = str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))
    for package in ('onnx', 'onnxruntime'):
        pytest.importorskip(package, reason='pip install ' + package)
    pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
    original, data = load_net(source), images(2, 112)
    convert(source, str(tmp_path / 'y1'))
    net, wanted = load_net(str(tmp_path / 'y1')), Embedder(original)(data)
    export_onnx(original, str(tmp_path / 'symbol.onnx'))  # the graph as it is: it normalises itself
    export_onnx(net, str(tmp_path / 'net.onnx'), normalise=True)
    export_torch(net, str(tmp_path / 'net.pth'))
    convert(str(tmp_path / 'net.pth'), str(tmp_path / 'torch'), spec=net.input_spec)
    for place in ('symbol.onnx', 'net.onnx', 'torch'):
        np.testing.assert_allclose(Embedder(str(tmp_path / place))(data), wanted, atol=1e-4)
