"""gluonfr.convert: PyTorch state dicts of AdaFace, face.evoLVe, TreB1eN and MagFace."""
import json

import numpy as np
import pytest
from deploy_cases import images
from mxnet import autograd, nd

from gluonfr.convert import ConvertError, convert
from gluonfr.convert.native import native_from_torch
from gluonfr.convert.readers.torch import load_torch
from gluonfr.convert.torch_names import PARAMETERS, ir_table
from gluonfr.deploy import Embedder, load_net
from gluonfr.model_zoo import InputSpec, get_model

torch = pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
import torch_cases as cases  # noqa: E402

UNITS = (2, 1, 1, 1)
ARGUMENTS = {'units': [2, 1, 1, 1], 'input_size': 32, 'embedding_size': 24, 'epsilon': 1e-5, 'subsample': True}
# {name: (net, what changes the names, arguments of iresnet50 but ARGUMENTS, colour)}
NETS = {
    'adaface': (lambda: cases.IrNet(UNITS, True, False, 24, 32), 'model.', {}, 'bgr'),
    'adaface se': (lambda: cases.IrNet(UNITS, True, True, 24, 32), 'model.', {'use_se': True}, 'bgr'),
    'evolve': (lambda: cases.IrNet(UNITS, False, False, 24, 32), '', {'middle_norm': False}, 'rgb'),
    'evolve se': (lambda: cases.IrNet(UNITS, False, True, 24, 32), 'module.',
                  {'middle_norm': False, 'use_se': True}, 'rgb')}


def saved(path, net, prefix, **more):
    """As the training code of these nets saves them."""
    state = dict({prefix + name: value for name, value in net.state_dict().items()}, **more)
    torch.save({'epoch': 1, 'state_dict': state}, str(path))
    return str(path)


def theirs(net, x):
    """Embeddings of length 1."""
    with torch.no_grad():
        rows = net(torch.from_numpy(x))
    rows = (rows[0] if isinstance(rows, tuple) else rows).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize('name', NETS)
def test_ir_nets_become_ours(tmp_path, name, caplog):
    caplog.set_level('INFO')
    make, prefix, arguments, colour = NETS[name]
    net = cases.randomised(make())
    more = {'head.kernel': torch.zeros(24, 9)} if prefix == 'model.' else {}
    path = saved(tmp_path / 'net.ckpt', net, prefix, **more)
    with open(convert(path, str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == 'iresnet50' and card['arguments'] == {**ARGUMENTS, **arguments}
    ours, data = load_net(str(tmp_path / 'net')), images(3, 32)
    assert ours.input_spec == InputSpec((32, 32), colour=colour, embedding_size=24)
    assert 'it is given {} as (pixel - 127.5) / 127.5'.format(colour.upper()) in caplog.text
    assert ('left out what is no part of the network: head.kernel' in caplog.text) == bool(more)
    x = (np.stack(data).astype('float32').transpose(0, 3, 1, 2) - 127.5) / 127.5
    want = theirs(net, np.ascontiguousarray(x[:, ::-1] if colour == 'bgr' else x))
    assert (want @ want.T)[0, 1] < 0.999
    np.testing.assert_allclose(Embedder(ours)(data), want, atol=1e-5)


@pytest.mark.filterwarnings('ignore::DeprecationWarning')  # PyTorch's own, of the exporter that needs no more packages
def test_an_ir_net_as_onnx_becomes_ours(tmp_path):
    pytest.importorskip('onnx', reason='pip install onnx')
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
    net = cases.randomised(NETS['adaface se'][0]())
    torch.onnx.export(net, (torch.zeros(2, 3, 32, 32),), str(tmp_path / 'net.onnx'), dynamo=False)
    with open(convert(str(tmp_path / 'net.onnx'), str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == 'iresnet50' and card['parity']['max_abs_diff'] < 1e-5
    wanted = {**ARGUMENTS, 'use_se': True, 'input_size': [32, 32]}
    assert {key: value for key, value in card['arguments'].items() if key != 'epsilon'} == {
        key: value for key, value in wanted.items() if key != 'epsilon'}


@pytest.mark.parametrize('units, adaface, se', [((3, 13, 30, 3), True, False), ((3, 8, 36, 3), False, True)])
def test_the_table_has_every_name_of_the_published_sizes(units, adaface, se):
    with torch.device('meta'):
        state = cases.IrNet(units, adaface, se).state_dict()
    wanted = {key: tuple(value.shape) for key, value in state.items() if not key.endswith('tracked')}
    net, found = get_model('iresnet50', units=units, middle_norm=adaface, subsample=True, use_se=se), {}
    table = ir_table(net, '5')
    for key, param in net._collect_params_with_prefix().items():
        layer, _, kind = key.rpartition('.')
        found['{}.{}'.format(table[layer], PARAMETERS[kind])] = param.shape
    more = {name for name in found if name.endswith(('.relu.weight', '.fc1.bias', '.fc2.bias'))} if se else \
        {'output_layer.4.weight', 'output_layer.4.bias'}  # what theirs does without
    assert {key: shape for key, shape in found.items() if key not in more} == wanted and more < set(found)


@pytest.mark.parametrize('prefix', ['features.', 'features.module.', 'module.features.'])
def test_magface(tmp_path, prefix):
    """Its names are arcface_torch's, its BatchNorms have eps 2e-5, and it takes BGR of 0 to 1."""
    net = cases.randomised(cases.IResNet(UNITS, 24, 32))
    for module in net.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.eps = 2e-5
            module.running_var.mul_(1e-2)
    path = saved(tmp_path / 'net.pth.tar', net, prefix, **{'fc.weight': torch.zeros(24, 9)})
    convert(path, str(tmp_path / 'net'))
    ours, data = load_net(str(tmp_path / 'net')), images(3, 32)
    assert ours.input_spec == InputSpec((32, 32), (0,) * 3, (255,) * 3, 'bgr', 24)
    x = np.stack(data)[..., ::-1].astype('float32').transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(Embedder(ours)(data), theirs(net, np.ascontiguousarray(x)), atol=1e-5)


def test_what_has_no_net_here_is_named(tmp_path):
    state = cases.IrNet(UNITS, True, False, 24, 32).state_dict()
    state['body.1.res_layer.1.weight'] = torch.zeros(16, 64, 1, 1)
    torch.save(state, str(tmp_path / 'a.pth'))
    with pytest.raises(ConvertError, match="16x64x1x1.* bottlenecks of AdaFace's IR-152 and IR-200. Export the netw"):
        native_from_torch(load_torch(str(tmp_path / 'a.pth')))
    torch.save({'conv1.conv.weight': torch.zeros(64, 3, 3, 3)}, str(tmp_path / 'b.pth'))
    with pytest.raises(ConvertError, match='names must be those of .* Export the network to ONNX .* and convert that'):
        native_from_torch(load_torch(str(tmp_path / 'b.pth')))
    with pytest.raises(ConvertError, match='missing: .* Export the network to ONNX .* and convert that'):
        native_from_torch(cases.IResNet(UNITS, 24, 32).state_dict(), 'mbf')
    both = {kind + name: value for kind in ('student.', 'teacher.') for name, value in state.items()}
    torch.save(both, str(tmp_path / 'c.pth'))
    with pytest.raises(ConvertError, match="must hold one network, got several, .* 'student.', 'teacher.'"):
        load_torch(str(tmp_path / 'c.pth'))


def test_an_ir_net_trains():
    net = get_model('iresnet18', units=(1, 1, 1, 1), input_size=32, middle_norm=False, subsample=True, use_se=True)
    net.initialize()
    x = nd.random.uniform(-1, 1, (2, 3, 32, 32))
    with autograd.record():
        loss = net(x).square().sum()
    loss.backward()
    assert all(float(param.grad().abs().sum().asscalar()) > 0 for param in net.collect_params('.*weight').values())
    plain = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), plain, atol=1e-5)
