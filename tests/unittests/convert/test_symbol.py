"""gluonfr.convert: InsightFace's MXNet symbols."""
import json
from random import Random

import mxnet as mx
import numpy as np
import pytest
from convert_cases import lresnet, mobile, parameters, write_symbol
from deploy_cases import images
from mxnet import gluon, nd

from gluonfr.convert import ConvertError, convert
from gluonfr.convert.match.by_graph import Mismatch, match
from gluonfr.data import read_bin
from gluonfr.deploy import CardError, Embedder, load_net, load_symbol
from gluonfr.graph.from_mxnet import behind_embedding, check_shapes, embedding_of, layers_of, read_symbol
from gluonfr.graph.nodes import nodes_of
from gluonfr.graph.shapes import with_values
from gluonfr.graph.symbol_file import load_weights, read_symbol_file, read_symbol_nodes
from gluonfr.model_zoo import IResNet, MobileFaceNet


def converted(source, folder, **arguments):
    with open(convert(source, str(folder), **arguments), encoding='utf-8') as stream:
        return json.load(stream), load_net(str(folder))


SYMBOLS = {
    'lresnet': (lresnet(), IResNet, 'iresnet50', {'units': [1, 1, 1, 1], 'embedding_size': 32, 'std': 128}),
    'y2': (mobile((2, 8, 16, 4), 256), MobileFaceNet, 'mobilefacenet_y2', {'fc_bias': True}),
    'y1': (mobile((1, 2, 0, 1), 16, divide=True, l2=True), MobileFaceNet, 'mobilefacenet_y1',
           {'blocks': [1, 2, 0, 1], 'embedding_size': 16})}


@pytest.mark.parametrize('kind', SYMBOLS)
def test_insightface_symbols(tmp_path, kind):
    symbol, family, model, arguments = SYMBOLS[kind]
    source = write_symbol(symbol, str(tmp_path / 'model'))
    card, net = converted(source, tmp_path / 'net')
    assert isinstance(net, family) and card['parity']['max_abs_diff'] < 1e-5
    assert card['model'] == model and card['arguments'] == dict(arguments, input_size=[32, 32])
    assert net.input_spec.mean == (127.5,) * 3 and net.input_spec.std == (128,) * 3
    assert (card['source']['file'], card['source']['params']) == ('model-symbol.json', 'model-0000.params')
    data = images(3, 32)
    want = Embedder(load_symbol(source, size=(32, 32)))(data)
    np.testing.assert_allclose(Embedder(net)(data), want, atol=1e-5)
    assert np.linalg.norm(want[0] - want[1]) > 1e-2


def test_every_weight_is_where_it_was(tmp_path):
    source = write_symbol(lresnet(), str(tmp_path / 'model'))
    _, net = converted(source, tmp_path / 'net')
    theirs = sorted(value.asnumpy().tobytes() for name, value in nd.load(str(tmp_path / 'model-0000.params')).items()
                    if name != 'arg:fc1_gamma')  # fixed at 1
    ours = parameters(net)
    assert (ours.pop('features.10.gamma' if 'features.10.gamma' in ours else 'features.11.gamma') == 1).all()
    assert sorted(value.tobytes() for value in ours.values()) == theirs


def test_a_symbol_for_training_ends_at_its_embedding(tmp_path, caplog):
    embedding = mobile()
    scores = mx.sym.FullyConnected(mx.sym.L2Normalization(embedding), num_hidden=7, no_bias=True, name='fc7')
    training = mx.sym.Group([mx.sym.BlockGrad(embedding), mx.sym.SoftmaxOutput(scores, name='softmax')])
    write_symbol(training, str(tmp_path / 'train'))
    write_symbol(embedding, str(tmp_path / 'net'))
    weights = nd.load(str(tmp_path / 'train-0000.params'))
    nd.save(str(tmp_path / 'net-0000.params'), {k: v for k, v in weights.items() if 'fc7' not in k})
    with pytest.raises(ValueError, match='takes labels, for training .softmax_label.. `gluonfr convert .* a network'):
        load_symbol(str(tmp_path / 'train-symbol.json'))
    card, net = converted(str(tmp_path / 'train-symbol.json'), tmp_path / 'one')
    assert card['unused'] == ['fc7_weight'] and 'without use for an embedding: fc7_weight' in caplog.text
    _, same = converted(str(tmp_path / 'net-symbol.json'), tmp_path / 'two')
    for name, value in parameters(net).items():
        np.testing.assert_array_equal(value, parameters(same)[name], name)


@pytest.mark.parametrize('end, said', [
    (lambda scores: mx.sym.SoftmaxOutput(scores, name='s'), r'takes labels, for training (s_label)'),
    (lambda scores: mx.sym.softmax(scores), 'ends in class scores (softmax), not in an embedding'),
    (lambda scores: scores, 'ends in the layer fc7 behind its embedding, fc1')], ids=['loss', 'softmax', 'scores'])
def test_what_stands_behind_an_embedding(end, said):
    dense = mx.sym.FullyConnected(mx.sym.var('data'), num_hidden=4, name='pre_fc1')
    embedding = mx.sym.BatchNorm(dense, name='fc1')
    whole = end(mx.sym.FullyConnected(mx.sym.L2Normalization(embedding), num_hidden=7, no_bias=True, name='fc7'))
    assert behind_embedding(whole) == said
    assert embedding_of(whole).list_outputs() == ['fc1_output'] == embedding_of(embedding).list_outputs()
    assert embedding_of(nodes_of(whole)).heads[0][0].name == 'fc1'
    for alone in (embedding, dense, mx.sym.FullyConnected(dense, num_hidden=4, name='fc1')):
        assert not behind_embedding(alone)


def other_net(channels=8):
    """A symbol of no net of ours."""
    x = mx.sym.Convolution(mx.sym.var('data') - 127.5, num_filter=channels, kernel=(3, 3), stride=(2, 2), name='c')
    return mx.sym.FullyConnected(mx.sym.Activation(x, act_type='softsign', name='a'), num_hidden=5, name='f')


def test_another_net_is_taken_as_it_is(tmp_path, caplog):
    source = write_symbol(other_net(), str(tmp_path / 'model'))
    from gluonfr.model_zoo import InputSpec
    card, net = converted(source, tmp_path / 'net', spec=InputSpec((32, 32), (0,) * 3, (1,) * 3))
    assert card['model'] == 'symbol' and isinstance(net, gluon.SymbolBlock)
    assert 'halves the image 1 times' in card['as_it_is'] and 'will not train' in caplog.text
    data = images(3, 32)
    np.testing.assert_allclose(Embedder(net)(data), Embedder(load_symbol(source, size=(32, 32)))(data), atol=1e-6)
    graph = tmp_path / 'net' / 'net-symbol.json'
    graph.write_text(graph.read_text().replace('softsign', 'tanh'))
    with pytest.raises(CardError, match='net-symbol.json is missing, or was changed'):
        load_net(str(tmp_path / 'net'))


def test_a_graph_that_is_too_deep_to_be_compared_is_taken_as_it_is(tmp_path, monkeypatch):
    def match(ours, theirs):
        return match(ours, theirs)

    monkeypatch.setattr('gluonfr.convert.native.by_graph.match', match)
    card, _ = converted(write_symbol(mobile(), str(tmp_path / 'model')), tmp_path / 'net', spec={'size': 32})
    assert card['model'] == 'symbol' and 'it is too deep' in card['as_it_is']


def test_a_symbol_of_class_scores_without_an_embedding_is_refused(tmp_path):
    source = write_symbol(mx.sym.softmax(other_net()), str(tmp_path / 'model'))
    with pytest.raises(ConvertError, match='model-symbol.json ends in class scores .softmax., not in an embedding'):
        convert(source, str(tmp_path / 'net'))
    assert not (tmp_path / 'net').exists()


def changed(path, change):
    weights = nd.load(path)
    change(weights)
    nd.save(path, weights)


def rename(weights):
    weights['arg:conv_x_weight'] = weights.pop('arg:conv_1_conv2d_weight')


def spoil(weights):
    weights['arg:pre_fc1_weight'][:] = np.nan


@pytest.mark.parametrize('change, message', [
    (lambda w: w.pop('aux:fc1_moving_mean'), 'missing fc1_moving_mean; unused none'),
    (rename, 'missing conv_1_conv2d_weight; unused conv_x_weight'),
    (lambda w: w.update({'arg:fc1_beta': nd.zeros((5,))}), r'fc1_beta must be \(32,\), got \(5,\)'),
    (spoil, 'finite')])
def test_wrong_weights(tmp_path, change, message):
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    changed(str(tmp_path / 'model-0000.params'), change)
    with pytest.raises(ConvertError, match=message) as caught:
        convert(source, str(tmp_path / 'net'))
    assert '\n' not in str(caught.value) and not (tmp_path / 'net').exists()


def test_weights_of_another_symbol(tmp_path):
    write_symbol(lresnet(), str(tmp_path / 'other'))
    source = write_symbol(mobile(), str(tmp_path / 'model'))
    with pytest.raises(ConvertError, match='not those of the symbol: missing conv_1_.* and [0-9]+ more; unused conv0_'):
        convert(source, str(tmp_path / 'net'), params=str(tmp_path / 'other-0000.params'))


@pytest.mark.parametrize('name, content, message', [
    ('model-symbol.json', b'{', 'no MXNet symbol, or is damaged'),
    ('model-symbol.json', b'', 'no MXNet symbol, or is damaged'),
    ('model-symbol.json', b'{"nodes": []}', 'it must have nodes'),
    ('model-0000.params', b'', 'no file of MXNet arrays, or is damaged'),
    ('model-0000.params', b'words' * 20, 'no file of MXNet arrays, or is damaged'),
    ('model-0000.params', 1000, 'no file of MXNet arrays, or is damaged')])
def test_damaged_files(tmp_path, name, content, message):
    source, path = write_symbol(other_net(), str(tmp_path / 'model')), tmp_path / name
    path.write_bytes(path.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.raises(ConvertError, match=message) as caught:
        convert(source, str(tmp_path / 'net'))
    assert '\n' not in str(caught.value)


def damage(nodes, random):
    """Change one thing in a symbol."""
    node = random.choice([node for node in nodes if node['op'] != 'null'])
    random.choice([
        lambda: node.update(op=random.choice(['Convolution', '_plus_scalar', 'broadcast_sub', 'BatchNorm', 'null'])),
        lambda: node.update(inputs=node['inputs'][:-1]), lambda: node.update(inputs=node['inputs'][::-1]),
        lambda: node.update(attrs={}), lambda: node.update(inputs=[]),
        lambda: node.update(attrs={name: random.choice(['None', '(1, 2, 3)', '-1', '1e9']) for name in node['attrs']}),
        lambda: random.choice(nodes).update(name=node['name'])])()


def test_whatever_is_damaged_ends_in_a_sentence(tmp_path):
    source, told = write_symbol(lresnet(), str(tmp_path / 'model')), 0
    told_without_mxnet, weights = 0, load_weights(str(tmp_path / 'model-0000.params'))
    with open(source, encoding='utf-8') as stream:
        whole = stream.read()
    for seed in range(30):
        graph = json.loads(whole)
        damage(graph['nodes'], Random(seed))
        with open(source, 'w', encoding='utf-8') as stream:
            json.dump(graph, stream)
        try:
            symbol = embedding_of(read_symbol_file(source))
            read_symbol(symbol, weights)
            check_shapes(symbol, weights, (3, 32, 32))
        except ConvertError as error:
            told += 1
            assert '\n' not in str(error) and len(str(error)) < 1000
        try:
            graph = embedding_of(read_symbol_nodes(source))
            with_values(graph, weights, 'data', (3, 32, 32))
        except ConvertError as error:
            told_without_mxnet += 1
            assert '\n' not in str(error) and len(str(error)) < 1000
    assert told > 12 and told_without_mxnet > 12


def test_an_operator_without_its_inputs_is_refused(tmp_path):
    """MXNet ends with a segmentation fault on it."""
    source = write_symbol(lresnet(), str(tmp_path / 'model'))
    with open(source, encoding='utf-8') as stream:
        graph = json.load(stream)
    next(node for node in graph['nodes'] if node['op'] == 'BatchNorm')['inputs'][3:] = []
    with open(source, 'w', encoding='utf-8') as stream:
        json.dump(graph, stream)
    for call in (lambda: load_symbol(source), lambda: convert(source, str(tmp_path / 'net'))):
        with pytest.raises(ValueError, match='must have the inputs data, gamma, beta, moving_mean, moving_var, got 3'):
            call()


@pytest.mark.parametrize('second, fits', [('same', True), ('other', False)])
def test_one_layer_of_ours_is_not_two_of_theirs(second, fits):
    def graph(*names):
        layers = [mx.sym.Convolution(mx.sym.var('data'), kernel=(1, 1), num_filter=2, no_bias=True, name=name)
                  for name in names]
        symbol = mx.sym.Activation(layers[0], act_type='relu') + mx.sym.Activation(layers[-1], act_type='tanh')
        weights = {'one_weight': 1, 'same_weight': 1, 'other_weight': 2}
        return layers_of(symbol, {name: np.full((2, 3, 1, 1), value, 'float32') for name, value in weights.items()})

    if fits:
        assert (match(graph('one'), graph('one', second))['one_weight'] == 1).all()
    else:
        with pytest.raises(Mismatch, match='where the network has .* the source has'):
            match(graph('one'), graph('one', second))


def test_published_y1(test_data, tmp_path):
    source = str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))
    pairs = read_bin(str(test_data('lfw/lfw.bin')))
    faces = [pairs.image(i) for i in range(0, 48, 2)]
    card, net = converted(source, tmp_path / 'net', images=faces)
    assert (card['model'], card['arguments']) == ('mobilefacenet_y1', {})
    assert card['parity']['max_abs_diff'] < 1e-5 and '24 given' in card['parity']['images']
    np.testing.assert_allclose(Embedder(net)(faces), Embedder(load_symbol(source))(faces), atol=1e-5)
