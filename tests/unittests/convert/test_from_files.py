"""gluonfr.convert.to_onnx: nets that lie in files as ONNX, without MXNet."""
import json
import subprocess
import sys

import mxnet as mx
import numpy as np
import pytest
from convert_cases import BLOCKS, UNITS, lresnet, make, mobile, write_symbol
from mxnet import nd

from gluonfr.convert import ConvertError, export_onnx, export_symbol, to_onnx
from gluonfr.data import read_bin
from gluonfr.deploy import Embedder, load_net, load_symbol, write_card
from gluonfr.model_zoo import InputSpec
from gluonfr.model_zoo.net_graph import graph_json

onnx = pytest.importorskip('onnx', reason='the extra onnx')
pytest.importorskip('onnxruntime', reason='the extra onnx')

NETS = [('mobilefacenet', dict(BLOCKS, use_se=True)), ('mobilefacenet_ring', dict(BLOCKS, feature_norm=True)),
        ('iresnet18', UNITS), ('se_resnet18_v2', {'pooling': 'average'}), ('attention_net56', {}),
        ('resnet50_v1d_face', {'stem_stride': 2, 'input_size': 48}), ('lenetplus', {'prelu_last': True}),
        ('miniresnet18', {})]


def card_of(net, folder, name, **arguments):
    """The card of a net, as a training writes it."""
    net.save_parameters(str(folder / 'w.params'))
    write_card(str(folder / 'card.json'), str(folder / 'w.params'), name, arguments, net.input_spec,
               graph=graph_json(net))
    return str(folder / 'card.json')


def embed(path, x):
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(None, {'data': x.astype('float32')})[0]


@pytest.mark.parametrize('name, arguments', NETS, ids=[name for name, _ in NETS])
def test_the_file_is_that_of_export_onnx(name, arguments, tmp_path):
    net = make(name, **arguments)
    options = dict(normalise=True, flip='concat', l2=True) if name == 'iresnet18' else {}
    export_onnx(net, str(tmp_path / 'a.onnx'), **options)
    spec = to_onnx(card_of(net, tmp_path, name), str(tmp_path / 'b.onnx'), **options)
    one, two = (onnx.load(str(tmp_path / file)) for file in ('a.onnx', 'b.onnx'))
    assert one.graph == two.graph and spec.embedding_size == one.graph.output[0].type.tensor_type.shape.dim[1].dim_value


@pytest.mark.parametrize('symbol', [lresnet(), mobile((1, 2, 0, 1), 16, divide=True, l2=True)], ids=['lresnet', 'y1'])
def test_symbols_of_insightface(symbol, tmp_path):
    source = write_symbol(symbol, str(tmp_path / 'model'))
    net = load_symbol(source, size=(32, 32))
    spec = to_onnx(source, tmp_path / 'net.onnx', spec=net.input_spec)
    assert spec == net.input_spec
    x = np.random.uniform(0, 255, (3,) + spec.shape)
    wanted = net(nd.array(x)).asnumpy()
    np.testing.assert_allclose(embed(tmp_path / 'net.onnx', x), wanted, atol=1e-4 * np.abs(wanted).max())


def test_operators_of_other_nets(tmp_path):
    sym = mx.sym
    x = sym.Convolution(1 - sym.var('data') / 255, num_filter=4, kernel=(3, 3), stride=(2, 2), name='c')
    for kind in ('tanh', 'softsign', 'softrelu', 'relu'):
        x = sym.Activation(x, act_type=kind) + sym.LeakyReLU(x, act_type='leaky', slope=0.1)
    x = sym.add_n(sym.sigmoid(x), sym.tanh(sym.cast(x, 'float32')), sym.BlockGrad(2 / (sym.exp(x) + 1)))
    x = sym.flatten(sym.concat(x, sym.sqrt(sym.relu(x) + 1) - 0.5, dim=1))
    symbol = sym.FullyConnected(x, num_hidden=5, name='f')
    source = write_symbol(symbol, str(tmp_path / 'model'))
    spec = to_onnx(source, tmp_path / 'net.onnx', spec=InputSpec((32, 32), (0,) * 3, (1,) * 3))
    levels = np.random.randint(0, 256, (3,) + spec.shape)
    wanted = load_symbol(source, size=(32, 32))(nd.array(levels)).asnumpy()
    np.testing.assert_allclose(embed(tmp_path / 'net.onnx', levels), wanted, atol=1e-5 * np.abs(wanted).max())


def test_what_a_symbol_of_ours_takes_is_read_from_it(tmp_path):
    net = make('lenetplus')
    export_symbol(net, str(tmp_path / 'net'))
    assert to_onnx(tmp_path / 'net-symbol.json', tmp_path / 'net.onnx') == net.input_spec


def test_the_oldest_symbols_lack_inputs_and_call_arguments_otherwise(tmp_path):
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    to_onnx(source, tmp_path / 'new.onnx', spec={'size': 32})
    with open(source, encoding='utf-8') as stream:
        graph = json.load(stream)
    states = [i for i, node in enumerate(graph['nodes']) if node['name'].endswith(('moving_mean', 'moving_var'))]
    places = {old: new for new, old in enumerate(i for i in range(len(graph['nodes'])) if i not in states)}
    nodes = [dict(node, param=node.pop('attrs', {}), inputs=[[places[source], n] for source, n, *_ in node['inputs']
                                                             if source in places])
             for i, node in enumerate(graph['nodes']) if i in places]
    with open(source, 'w', encoding='utf-8') as stream:
        json.dump({'nodes': nodes, 'heads': [[places[head[0]], 0] for head in graph['heads']]}, stream)
    to_onnx(source, tmp_path / 'old.onnx', spec={'size': 32})
    assert onnx.load(str(tmp_path / 'old.onnx')).graph == onnx.load(str(tmp_path / 'new.onnx')).graph


def test_shipped_weights_say_the_graph_that_their_net_has(tmp_path):
    for name in ('lenetplus_arcface', 'mobilefacenet_drawn'):
        export_onnx(load_net(name), str(tmp_path / 'a.onnx'))
        to_onnx(name, tmp_path / 'b.onnx')
        assert onnx.load(str(tmp_path / 'a.onnx')).graph == onnx.load(str(tmp_path / 'b.onnx')).graph


def test_an_onnx_is_copied_with_what_it_takes(tmp_path):
    export_onnx(make('lenetplus'), str(tmp_path / 'a.onnx'))
    other = onnx.load(str(tmp_path / 'a.onnx'))
    other.producer_name = 'pytorch'
    onnx.save(other, str(tmp_path / 'other.onnx'))
    spec = InputSpec((28, 28), (3,), (7,), 'grey')
    assert to_onnx(tmp_path / 'other.onnx', tmp_path / 'b.onnx', spec=spec, licence='CC0-1.0').embedding_size == 2
    assert to_onnx(tmp_path / 'b.onnx', tmp_path / 'c.onnx').mean == (3,)
    with pytest.raises(ValueError, match='an .onnx is copied as it is, got .*other.onnx with normalise, flip, l2 or b'):
        to_onnx(tmp_path / 'other.onnx', tmp_path / 'd.onnx', l2=True)


@pytest.mark.parametrize('location, message', [
    ('../w.bin', r'a.onnx keeps weights in \.\./w.bin, outside its folder, which is refused: put that file beside it'),
    ('/etc/passwd', 'a.onnx keeps weights in /etc/passwd, outside its folder'),
    ('w.bin', 'a.onnx keeps weights in w.bin, which is missing: put that file into')])
def test_external_data_must_lie_beside_an_onnx(location, message, tmp_path):
    folder = tmp_path / 'in'
    folder.mkdir()
    export_onnx(make('lenetplus'), str(folder / 'a.onnx'))
    model = onnx.load(str(folder / 'a.onnx'))
    tensor = model.graph.initializer[0]
    tensor.ClearField('raw_data')
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value=location)
    onnx.save(model, str(folder / 'a.onnx'))
    (tmp_path / 'w.bin').write_bytes(bytes(1000))
    with pytest.raises(ConvertError, match=message):
        to_onnx(folder / 'a.onnx', tmp_path / 'b.onnx')
    assert not (tmp_path / 'b.onnx').exists()


@pytest.mark.parametrize('change, message', [
    (lambda folder: (folder / 'card-symbol.json').unlink(), 'its graph .*card-symbol.json is missing, or was changed'),
    (lambda folder: (folder / 'w.params').write_bytes(b'words'), 'must have the SHA-256')])
def test_cards_that_do_not_do(change, message, tmp_path):
    path = card_of(make('lenetplus'), tmp_path, 'lenetplus')
    change(tmp_path)
    with pytest.raises(ValueError, match=message):
        to_onnx(path, tmp_path / 'net.onnx')


def test_a_card_of_an_earlier_version_needs_mxnet_once(tmp_path, monkeypatch):
    path = card_of(make('lenetplus'), tmp_path, 'lenetplus')
    to_onnx(path, tmp_path / 'new.onnx')
    card = json.loads((tmp_path / 'card.json').read_text())
    del card['graph']
    (tmp_path / 'card.json').write_text(json.dumps(card))
    to_onnx(path, tmp_path / 'old.onnx')
    to_onnx('lenetplus', tmp_path / 'name.onnx', params=str(tmp_path / 'w.params'))
    graphs = [onnx.load(str(tmp_path / (name + '.onnx'))).graph for name in ('new', 'old', 'name')]
    assert graphs[0] == graphs[1] == graphs[2]
    monkeypatch.setitem(sys.modules, 'mxnet', None)
    with pytest.raises(ConvertError, match='card.json does not say the graph of .* `gluonfr export .*card.json '
                                           '--symbol net` once, and take net-symbol.json'):
        to_onnx(path, tmp_path / 'net.onnx')


def spoiled(name, value):
    def change(weights):
        weights[name] = value
    return change


@pytest.mark.parametrize('change, message', [
    (lambda weights: weights.pop('fc1_moving_mean'), 'not the weights of .*: missing fc1_moving_mean; unused none'),
    (spoiled('fc1_beta', nd.zeros((5,))), r'fc1 \(BatchNorm\): fc1_beta must be \(32,\), got \(5,\)'),
    (spoiled('pre_fc1_weight', nd.array([[np.nan] * 512] * 32)), 'are the weights damaged')])
def test_weights_that_do_not_fit(change, message, tmp_path):
    source, path = write_symbol(mobile(), str(tmp_path / 'model')), str(tmp_path / 'model-0000.params')
    weights = {name.split(':')[1]: value for name, value in nd.load(path).items()}
    change(weights)
    nd.save(path, weights)
    with pytest.raises(ConvertError, match=message) as caught:
        to_onnx(source, tmp_path / 'net.onnx', spec={'size': 32})
    assert '\n' not in str(caught.value) and not (tmp_path / 'net.onnx').exists()


@pytest.mark.parametrize('source, error, message', [
    ('none-symbol.json', FileNotFoundError, 'there is no none-symbol.json'),
    ('none.onnx', FileNotFoundError, 'there is no none.onnx'), ('none.json', FileNotFoundError, 'is no card none'),
    ('a/b.pth', FileNotFoundError, 'there is no folder a/b.pth'), ('nonesuch', ValueError, 'nonesuch')])
def test_places_where_nothing_is(source, error, message, tmp_path):
    with pytest.raises(error, match=message):
        to_onnx(source, tmp_path / 'net.onnx')


@pytest.mark.parametrize('make_symbol', [lambda x: mx.sym.transpose(x), lambda x: mx.sym.sum(x, keepdims=True)])
def test_operators_in_a_form_that_onnx_lacks_are_a_sentence(make_symbol, tmp_path):
    symbol = mx.sym.broadcast_add(mx.sym.Flatten(make_symbol(mx.sym.var('data'))), mx.sym.var('w', shape=(1, 1)))
    symbol.save(str(tmp_path / 'm-symbol.json'))
    nd.save(str(tmp_path / 'm-0000.params'), {'arg:w': nd.ones((1, 1))})
    with pytest.raises(ConvertError, match='m-symbol.json is damaged, or has a form that cannot be written as ONNX'):
        to_onnx(str(tmp_path / 'm-symbol.json'), str(tmp_path / 'm.onnx'), spec=InputSpec((16, 16)))


def test_nothing_of_mxnet_is_imported(tmp_path):
    code = ("import sys; sys.modules['mxnet'] = None\n"
            "from gluonfr.cli import main\n"
            "for source in {!r}:\n"
            "    main(['export', source, '--onnx', source.split('/')[-1] + '.onnx', '--l2'])\n"
            "assert not [name for name in sys.modules if name.startswith(('mxnet.', 'gluoncv'))]")
    export_symbol(load_net('lenetplus_softmax'), str(tmp_path / 'net'))
    sources = [str(tmp_path / 'net-symbol.json'), 'lenetplus_softmax']
    done = subprocess.run([sys.executable, '-c', code.format(sources)], cwd=str(tmp_path), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert 'net-symbol.json.onnx: takes (B, 1, 28, 28) grey' in done.stdout
    assert (tmp_path / 'lenetplus_softmax.onnx').exists()


def test_published_y1(test_data, tmp_path):
    source = str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))
    pairs = read_bin(str(test_data('lfw/lfw.bin')))
    faces = np.stack([pairs.image(i) for i in range(64)])
    assert to_onnx(source, tmp_path / 'y1.onnx').mean == (0, 0, 0)
    wanted = Embedder(load_symbol(source))(faces)
    found = embed(tmp_path / 'y1.onnx', faces.transpose(0, 3, 1, 2))
    assert (np.sum(wanted * found, axis=1) / np.linalg.norm(found, axis=1)).min() >= 0.999999
