"""gluonfr.convert: nets as ONNX files and MXNet symbols, and `gluonfr export`."""
import ctypes
import json
import os
import sys

import mxnet as mx
import numpy as np
import pytest
from cli_cases import run
from convert_cases import BLOCKS, UNITS, make
from deploy_cases import images
from mxnet import gluon, nd
from mxnet.base import _LIB

from gluonfr.compat import install_command
from gluonfr.convert import ConvertError, convert, export_onnx, export_symbol
from gluonfr.data.normalize import normalize
from gluonfr.deploy import Embedder, load_net, write_card
from gluonfr.model_zoo import MODELS, InputSpec
from gluonfr.model_zoo.model_store import choose_card
from gluonfr.model_zoo.sizes import SIZES

# One net for each way in which nets of the zoo are built; of a family that is not named, its smallest
NETS = [('mobilefacenet', {}), ('mobilefacenet', {'use_se': True, 'blocks': (2, 1, 1, 1)}),
        ('mobilefacenet_ring', BLOCKS), ('mobilefacenet_y1', dict(BLOCKS, feature_norm=True)), ('mbf', BLOCKS),
        ('iresnet18', UNITS),
        ('se_resnet18_v2', {'pooling': 'average'}), ('attention_net56', {}),
        ('resnet18_v1b_face', {}), ('resnet50_v1d_face', {'stem_stride': 2, 'input_size': 48}), ('lenetplus', {}),
        ('lenetplus', {'prelu_last': True}), ('miniresnet18', {})]
FAMILIES = {MODELS.get(name).__module__ for name, _ in NETS}
for _name in sorted(SIZES, key=lambda name: SIZES[name].macs):
    if MODELS.get(_name).__module__ not in FAMILIES:
        FAMILIES.add(MODELS.get(_name).__module__)
        NETS.append((_name, {}))
IDS = [' '.join([name] + ['{}={}'.format(*pair) for pair in arguments.items()]) for name, arguments in NETS]


@pytest.fixture(scope='module')
def onnx():
    pytest.importorskip('onnxruntime', reason='the extra onnx')
    return pytest.importorskip('onnx', reason='the extra onnx')


def levels(data, spec):
    """Images as a graph that normalises takes them: channels first, 0 to 255."""
    return normalize(data, spec._replace(mean=(0,) * len(spec.mean), std=(1,) * len(spec.std)))


def run_onnx(path, x):
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(['embedding'], {'data': x})[0]


def operators(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize('name, arguments', NETS, ids=IDS)
def test_onnx_of_every_kind_of_net(onnx, name, arguments, tmp_path):
    net, path = make(name, **arguments), tmp_path / 'net.onnx'
    assert export_onnx(net, str(path)) < 1e-5
    x = np.random.uniform(-1, 1, (5,) + net.input_spec.shape).astype('float32')
    wanted = net(nd.array(x)).asnumpy()
    np.testing.assert_allclose(run_onnx(path, x), wanted, atol=1e-4 * np.abs(wanted).max())
    found = operators(onnx.load(str(path)))
    layers = json.loads(net(mx.sym.var('data')).tojson())['nodes']
    count = [sum(isinstance(block, kind) for block in blocks(net)) for kind in (
        mx.gluon.nn.BatchNorm, mx.gluon.nn.Conv2D, mx.gluon.nn.Dense)]
    assert [found.count(kind) for kind in ('BatchNormalization', 'Conv', 'Gemm')] == count
    assert found.count('PRelu') == sum(type(block).__name__ == 'PReLU' for block in blocks(net))
    assert 'Reshape' not in found and found.count('Flatten') == 1 and len(found) < len(layers)


def blocks(net):
    found = []
    net.apply(found.append)
    return found


@pytest.mark.parametrize('flip, opset', [('none', 13), ('sum', 13), ('concat', 13), ('concat', 15), ('sum', 18),
                                         ('concat', 20), ('sum', 22)])
def test_onnx_with_everything_inside_gives_what_an_embedder_gives(onnx, flip, opset, tmp_path):
    if opset > onnx.defs.onnx_opset_version():
        pytest.skip('needs an onnx that knows opset {}'.format(opset))
    net, path, data = make('mobilefacenet', blocks=(1, 1, 1, 1)), tmp_path / 'net.onnx', images(3, 32)
    try:
        difference = export_onnx(net, str(path), normalise=True, flip=flip, l2=True, opset=opset)
    except ValueError as error:
        if 'ONNX Runtime' in str(error) and opset > 20:
            pytest.skip('needs an ONNX Runtime that knows opset {}'.format(opset))
        raise
    assert difference < 1e-5
    wanted = Embedder(net, flip=flip)(data)
    for count in (3, 1):
        np.testing.assert_allclose(run_onnx(path, levels(data[:count], net.input_spec)), wanted[:count], atol=1e-5)
    model = onnx.load(str(path))
    assert [version.version for version in model.opset_import] == [opset]


def test_onnx_of_a_fixed_batch_and_a_class_layer_and_other_colours(onnx, tmp_path):
    net, path = make('iresnet18', classes=4, need_cls_layer=True, **UNITS), tmp_path / 'net.onnx'
    net.input_spec = InputSpec((32, 32), (123.7, 116.3, 103.5), (58.4, 57.1, 57.4), 'bgr', 16)
    export_onnx(net, str(path), normalise=True, batch=2, licence='CC0-1.0', model='iresnet18', arguments={'units': 1})
    model, data = onnx.load(str(path)), images(2, 32)
    rows = run_onnx(path, levels(data, net.input_spec))
    np.testing.assert_allclose(rows / np.linalg.norm(rows, axis=1, keepdims=True), Embedder(net)(data), atol=1e-5)
    places = list(model.graph.input) + list(model.graph.output)
    shapes = [[d.dim_param or d.dim_value for d in place.type.tensor_type.shape.dim] for place in places]
    assert [place.name for place in places] == ['data', 'embedding'] and shapes == [[2, 3, 32, 32], [2, 16]]
    facts = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(facts.pop('input')) == {'size': [32, 32], 'mean': [0, 0, 0], 'std': [1, 1, 1], 'colour': 'bgr'}
    assert facts == {'embedding_size': '16', 'licence': 'CC0-1.0', 'model': 'iresnet18', 'arguments': '{"units": 1}'}
    assert model.producer_name == 'gluonfr'


@pytest.mark.parametrize('normalise', [True, False])
def test_onnx_names(onnx, normalise, tmp_path):
    paths = [str(tmp_path / name) for name in 'ab']
    for path in paths:  # two nets of one process have different prefixes, their files have not
        export_onnx(make('iresnet18', **UNITS), path, normalise=normalise)
    one, two = map(onnx.load, paths)
    assert [node.name for node in one.graph.node] == [node.name for node in two.graph.node]
    assert {'features.0.weight', 'features.3.body.3.alpha', 'features.11.running_mean'} <= {
        tensor.name for tensor in one.graph.initializer}
    # by these names in the first eight nodes InsightFace's reader tells whether a graph normalises
    first = [node.name for node in one.graph.node[:8]]
    for words in (('Sub', '_minus'), ('Mul', '_mul')):
        assert any(name.startswith(words) for name in first) == normalise


class Untrue(gluon.HybridBlock):
    """Gives another embedding where it is traced."""

    input_spec = InputSpec((8, 8), embedding_size=4)

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.dense = gluon.nn.Dense(4)

    def hybrid_forward(self, F, x):
        return self.dense(x) + (0 if F is mx.nd else 1e-3)


def test_an_opset_that_the_runtime_does_not_know_is_refused(onnx, tmp_path, monkeypatch):
    runtime = pytest.importorskip('onnxruntime')

    def session(*args, **kwargs):
        raise RuntimeError('Opset 19 is under development\nmore')

    monkeypatch.setattr(runtime, 'InferenceSession', session)
    with pytest.raises(ValueError, match=r'opset must be one that .* runs, .* got 19: RuntimeError: Opset 19 [a-z ]+$'):
        export_onnx(make('mobilefacenet', blocks=(1, 1, 1, 1)), str(tmp_path / 'net.onnx'), opset=19)
    assert not os.listdir(str(tmp_path))


class Sine(Untrue):
    def hybrid_forward(self, F, x):
        return F.sin(self.dense(x))


@pytest.mark.parametrize('kind, options, error, message', [
    (Untrue, {}, ConvertError, 'must be those of the network within 0.0001, got a difference .*: nothing is written'),
    (Sine, {}, ValueError, 'operators must be Activation, .*, got sin'),
    (Untrue, {'opset': 12}, ValueError, r'opset must be in \[13, \d+\], got 12'),
    (Untrue, {'opset': 999}, ValueError, r'opset must be in \[13, \d+\], got 999'),
    (Untrue, {'batch': 0}, ValueError, 'batch must be >= 1, got 0'),
    (Untrue, {'flip': True}, ValueError, "flip must be one of 'none', 'sum', 'concat', got True")])
def test_onnx_says_what_is_wrong(onnx, kind, options, error, message, tmp_path):
    net = kind()
    net.initialize()
    with pytest.raises(error, match=message):
        export_onnx(net, str(tmp_path / 'net.onnx'), **options)
    assert not list(tmp_path.iterdir())


def test_half_precision_and_nets_without_an_input_spec_are_refused(onnx, tmp_path):
    net = make('lenetplus')
    net.cast('float16')
    with pytest.raises(ValueError, match='the network must be float32, got float16'):
        export_onnx(net, str(tmp_path / 'net.onnx'))
    with pytest.raises(TypeError, match='spec must be an InputSpec'):
        export_onnx(gluon.nn.Dense(2), str(tmp_path / 'net.onnx'))


def test_missing_packages(onnx, tmp_path, monkeypatch, caplog):
    net, path = make('lenetplus'), tmp_path / 'net.onnx'
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)  # as where it is not installed
    assert export_onnx(net, str(path)) is None and path.exists()
    assert 'is unverified' in caplog.text and install_command('onnx') in caplog.text
    monkeypatch.setitem(sys.modules, 'onnx', None)
    with pytest.raises(ImportError, match=r'need the onnx package .*: pip install .*\[onnx\]'):
        export_onnx(net, str(path))


def test_folders_that_are_not_there_are_made(tmp_path):
    export_symbol(make('lenetplus'), str(tmp_path / 'new' / 'folder' / 'net'))
    found = sorted(path.name for path in (tmp_path / 'new' / 'folder').iterdir())
    assert found == ['net-0000.params', 'net-symbol.json']


@pytest.mark.parametrize('name, arguments', [
    ('mobilefacenet_ring', {'feature_norm': True, 'use_se': True}), ('iresnet18', UNITS), ('resnet18_v1b_face', {}),
    ('lenetplus', {'prelu_last': True}), ('miniresnet18', {})])
def test_symbol(name, arguments, tmp_path):
    net, prefix = make(name, **arguments), str(tmp_path / 'net')
    assert export_symbol(net, prefix) < 1e-5
    assert sorted(path.name for path in tmp_path.iterdir()) == ['net-0000.params', 'net-symbol.json']
    block = gluon.SymbolBlock.imports(prefix + '-symbol.json', ['data'], prefix + '-0000.params')
    x = nd.random.uniform(-1, 1, (3,) + net.input_spec.shape)
    wanted = net(x).asnumpy()
    np.testing.assert_allclose(block(x).asnumpy(), wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize('flip', ['none', 'sum', 'concat'])
@pytest.mark.parametrize('mean', [(127.5,) * 3, (123.7, 116.3, 103.5)])
def test_symbol_with_everything_inside(flip, mean, tmp_path):
    net, prefix, data = make('mobilefacenet', blocks=(1, 1, 1, 1)), str(tmp_path / 'net'), images(3, 32)
    net.input_spec = net.input_spec._replace(mean=mean)
    assert export_symbol(net, prefix, normalise=True, flip=flip, l2=True) < 1e-5
    wanted = Embedder(net, flip=flip)(data)
    x = levels(data, net.input_spec)
    for count in (3, 1):
        np.testing.assert_allclose(predict(prefix, x[:count]), wanted[:count], atol=1e-5)


def test_load_net_sees_that_a_symbol_normalises(tmp_path):
    net, prefix = make('mobilefacenet', input_size=112, blocks=(1, 1, 1, 1)), str(tmp_path / 'net')
    for mean in ((127.5,) * 3, (123.7, 116.3, 103.5)):
        net.input_spec = net.input_spec._replace(mean=mean)
        export_symbol(net, prefix, normalise=True)
        loaded = load_net(prefix + '-symbol.json')
        assert loaded.input_spec == InputSpec((112, 112), (0,) * 3, (1,) * 3, 'rgb', 16)
        np.testing.assert_allclose(Embedder(loaded)(images(1, 112)), Embedder(net)(images(1, 112)), atol=1e-5)
    assert export_symbol(loaded, prefix + '2', flip='sum') < 1e-5  # a symbol that was loaded can be written again


@pytest.mark.parametrize('name, change', [
    ('mobilefacenet', dict(mean=(0,) * 3, std=(255,) * 3, colour='bgr')), ('lenetplus', {})])
def test_what_a_symbol_of_gluonfr_takes_is_read_from_it(name, change, tmp_path, caplog):
    net, prefix = make(name, **({'blocks': (1, 1, 1, 1)} if change else {})), str(tmp_path / 'net')
    net.input_spec = net.input_spec._replace(**change)
    export_symbol(net, prefix)
    loaded = load_net(prefix + '-symbol.json')
    assert loaded.input_spec == net.input_spec and not caplog.records
    if change:
        data = images(3, 32)
        np.testing.assert_allclose(Embedder(loaded)(data), Embedder(net)(data), atol=1e-5)
        convert(prefix + '-symbol.json', str(tmp_path / 'again'))
        assert load_net(str(tmp_path / 'again')).input_spec == net.input_spec and not caplog.records
    path = tmp_path / 'net-symbol.json'
    path.write_text(path.read_text().replace('colour', 'smell'))
    with pytest.raises(ValueError, match='the symbol must say its input as gluonfr writes it'):
        load_net(str(path))


def predict(prefix, x):
    """Embeddings by MXNet's C predict API."""
    with open(prefix + '-symbol.json', 'rb') as stream:
        symbol = stream.read()
    with open(prefix + '-0000.params', 'rb') as stream:
        weights = stream.read()
    handle, number = ctypes.c_void_p(), ctypes.c_uint32
    names, place = (ctypes.c_char_p * 1)(b'data'), (number * 2)(0, 4)

    def call(function, *arguments):
        assert function(*arguments) == 0, _LIB.MXGetLastError()

    _LIB.MXGetLastError.restype = ctypes.c_char_p
    call(_LIB.MXPredCreate, symbol, weights, len(weights), 1, 0, 1, names, place, (number * 4)(*x.shape),
         ctypes.byref(handle))
    data = np.ascontiguousarray(x)
    call(_LIB.MXPredSetInput, handle, b'data', data.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
         number(data.size))
    call(_LIB.MXPredForward, handle)
    shape, length = ctypes.POINTER(number)(), number()
    call(_LIB.MXPredGetOutputShape, handle, number(0), ctypes.byref(shape), ctypes.byref(length))
    out = np.empty([shape[i] for i in range(length.value)], 'float32')
    call(_LIB.MXPredGetOutput, handle, number(0), out.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
         number(out.size))
    call(_LIB.MXPredFree, handle)
    return out


@pytest.fixture
def trained(tmp_path):
    """The folder of a card and its net."""
    folder, net = tmp_path / 'run', make('iresnet18', **UNITS)
    folder.mkdir()
    net.save_parameters(str(folder / 'w.params'))
    write_card(str(folder / 'card.json'), str(folder / 'w.params'), 'iresnet18',
               dict(UNITS, input_size=32, embedding_size=16), net.input_spec, licence='CC0-1.0')
    return folder, net


def test_command(onnx, trained, tmp_path, capsys):
    (folder, net), data = trained, images(2, 32)
    run('export', folder, '--onnx', tmp_path / 'n.onnx', '--symbol', tmp_path / 'n', '--normalise', '--l2', '--flip',
        'sum', '--opset', 17, '--batch', 2)
    text = capsys.readouterr().out
    assert 'n.onnx: takes (2, 3, 32, 32) rgb, 0 to 255; differs by' in text and 'in ONNX Runtime' in text
    assert 'n-symbol.json: takes (B, 3, 32, 32) rgb, 0 to 255; differs by' in text
    wanted, x = Embedder(net, flip='sum')(data), levels(data, net.input_spec)
    np.testing.assert_allclose(run_onnx(tmp_path / 'n.onnx', x), wanted, atol=1e-5)
    np.testing.assert_allclose(predict(str(tmp_path / 'n'), x), wanted, atol=1e-5)
    facts = {prop.key: prop.value for prop in onnx.load(str(tmp_path / 'n.onnx')).metadata_props}
    assert facts['licence'] == 'CC0-1.0' and facts['model'] == 'iresnet18'
    assert json.loads(facts['arguments'])['units'] == [1, 1, 1, 1]
    run('export', 'iresnet18', '--params', folder / 'w.params', '--network-args', 'units=(1, 1, 1, 1)',
        'input_size=32', 'embedding_size=16', '--onnx', tmp_path / 'm.onnx')
    assert 'm.onnx: takes (B, 3, 32, 32) rgb, (x - 127.5) / 127.5; differs by' in capsys.readouterr().out


def test_command_with_pretrained_weights(onnx, tmp_path):
    run('export', 'lenetplus_arcface', '--onnx', tmp_path / 'n.onnx', '--normalise')
    facts = {prop.key: prop.value for prop in onnx.load(str(tmp_path / 'n.onnx')).metadata_props}
    assert facts['model'] == 'lenetplus' and facts['licence'] == choose_card('lenetplus_arcface').licence
    net, data = load_net('lenetplus_arcface'), images(3)
    np.testing.assert_allclose(run_onnx(tmp_path / 'n.onnx', levels(data, net.input_spec)),
                               Embedder(net, normalize=False)(data), rtol=1e-4)


def test_command_for_pytorch(trained, tmp_path, capsys):
    torch = pytest.importorskip('torch', minversion='2.6', reason="pip install 'torch>=2.6'")
    run('export', trained[0], '--torch', tmp_path / 'n.pth')
    assert 'n.pth: takes (B, 3, 32, 32) rgb, (x - 127.5) / 127.5; differs by' in capsys.readouterr().out
    assert torch.load(str(tmp_path / 'n.pth'), weights_only=True)['fc.weight'].shape == (16, 2048)


@pytest.mark.parametrize('words, message', [
    ([], 'say what to write: --onnx FILE, --symbol PREFIX or --torch FILE'),
    (['--torch', 'n.pth', '--l2'], '--normalise, --flip and --l2 are for --onnx and --symbol'),
    (['--symbol', 'run/card.json/n'], 'card.json')])
def test_command_says_what_is_wrong(trained, words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run('export', trained[0], *words, code=2)
    assert message in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ['run']
