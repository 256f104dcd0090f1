"""gluonfr.deploy: cards, and nets from files."""
import json
import os
import re

import mxnet as mx
import numpy as np
import pytest
from deploy_cases import SPEC, images, lenet
from mxnet import gluon, nd

from gluonfr.data import read_bin
from gluonfr.data.pairs import BinFile
from gluonfr.deploy import CardError, Embedder, load_net, load_symbol, read_card, write_card
from gluonfr.deploy.verify import verify_pairs
from gluonfr.model_zoo import InputSpec, get_model, load_parameters
from gluonfr.model_zoo.parameters import _faults


INPUT = {'size': [28, 28], 'mean': [0], 'std': [255], 'colour': 'grey'}


@pytest.fixture
def saved(tmp_path):
    """(folder, net) of a net with its card."""
    net = lenet(embedding_size=3, classes=4, need_cls_layer=True)
    net(nd.zeros((1, 1, 28, 28)))
    net.save_parameters(str(tmp_path / 'w.params'))
    write_card(str(tmp_path / 'card.json'), str(tmp_path / 'w.params'), 'lenetplus', {'embedding_size': 3},
               SPEC._replace(embedding_size=3), command='gluonfr train', metrics={'lfw': {'acc': 0.5}})
    return tmp_path, net


def test_card_round_trip(saved):
    folder, _ = saved
    card, params, spec = read_card(str(folder / 'card.json'))
    assert spec == SPEC._replace(embedding_size=3) and isinstance(spec, InputSpec)
    assert os.path.samefile(params, str(folder / 'w.params')) and card['params'] == 'w.params'
    assert card['metrics'] == {'lfw': {'acc': 0.5}} and card['arguments'] == {'embedding_size': 3}
    again = write_card(str(folder / 'two.json'), params, card['model'], card['arguments'], spec,
                       command=card['command'], metrics=card['metrics'])
    assert again == card and not list(folder.glob('.*.tmp'))


@pytest.mark.parametrize('place', ['', 'card.json'])
def test_load_net_from_a_card(saved, place, monkeypatch):
    folder, net = saved
    loaded = load_net(str(folder / place))
    assert loaded.input_spec == SPEC._replace(embedding_size=3)
    net.input_spec = loaded.input_spec
    np.testing.assert_allclose(Embedder(loaded)(images(3)), Embedder(net)(images(3)), atol=1e-6)
    monkeypatch.chdir(folder)
    load_net('card.json')  # a bare name
    load_net('.', ctx=mx.cpu(1))


@pytest.mark.parametrize('argument', [{'pretrained': True}, {'pretrained_base': True, 'root': 'models'},
                                      {'ctx': 'gpu'}], ids=lambda argument: ' '.join(argument))
def test_a_card_only_builds_and_never_fetches(saved, monkeypatch, argument):
    folder, _ = saved
    fetched = []
    for module in ('making', 'model_store'):
        monkeypatch.setattr('gluonfr.model_zoo.{}.get_model_file'.format(module), lambda *a, **k: fetched.append(a))
    card = json.loads((folder / 'card.json').read_text())
    change(folder / 'card.json', model='resnet18_v1b_face', arguments=dict(card['arguments'], **argument))
    with pytest.raises(CardError, match='arguments must not hold {}: they have other weights downloaded'.format(
            ', '.join(argument))):
        load_net(str(folder))
    assert not fetched and not (folder / 'models').exists()
    card = write_card(str(folder / 'card.json'), str(folder / 'w.params'), 'lenetplus',
                      {'embedding_size': 3, **argument}, SPEC._replace(embedding_size=3))
    assert card['arguments'] == {'embedding_size': 3} and load_net(str(folder)).embedding_size == 3


def change(path, **entries):
    with open(str(path), encoding='utf-8') as stream:
        card = json.load(stream)
    card.update(entries)
    path.write_text(json.dumps({key: value for key, value in card.items() if value is not None}))


@pytest.mark.parametrize('spoil, error, message', [
    (lambda f: (f / 'w.params').write_bytes((f / 'w.params').read_bytes()[:-1]), CardError, 'must have the SHA-256'),
    (lambda f: (f / 'w.params').unlink(), CardError, 'w.params are missing'),
    (lambda f: (f / 'card.json').write_text('{"format"'), CardError, 'is no card'),
    (lambda f: (f / 'card.json').write_bytes(b'\xff\xfe'), CardError, 'is no card'),
    (lambda f: (f / 'card.json').write_text('[]'), CardError, 'it must be an object, got a list'),
    (lambda f: change(f / 'card.json', sha256=None, input=None), CardError, 'the card lacks sha256, input'),
    (lambda f: change(f / 'card.json', input={'size': [28, 28], 'smell': 1}), CardError, 'input must hold size, mean'),
    (lambda f: (f / 'card.json').write_text('{"format":' + '[' * 100000), CardError, 'nested too deeply'),
    (lambda f: change(f / 'card.json', input={'size': [28, 28], 'mean': 0, 'std': [1], 'colour': 'grey'}), CardError,
     'input must hold size, mean'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, mean=[0, 0, 0])), CardError, 'spec.mean must have a value'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, std=[0])), CardError, 'spec.std must be > 0'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, mean=['x'])), CardError, 'input must hold'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, size=[10 ** 9, 28])), CardError, 'size must be in'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, size=[28])), CardError, r'size must be \(height, width\)'),
    (lambda f: change(f / 'card.json', input=dict(INPUT, colour=7)), CardError, 'colour must be one of'),
    (lambda f: change(f / 'card.json', input=[1]), CardError, r'input must be an object of plain values, got \[1\]'),
    (lambda f: change(f / 'card.json', embedding_size='many'), CardError, 'embedding_size must be a number'),
    (lambda f: change(f / 'card.json', embedding_size=-3), CardError, 'embedding_size must be in'),
    (lambda f: change(f / 'card.json', params=['w.params']), CardError, 'params must be text'),
    (lambda f: change(f / 'card.json', model={}), CardError, 'model must be text'),
    (lambda f: change(f / 'card.json', arguments={'embedding_size': 1e30}), CardError, 'arguments must be an object'),
    (lambda f: change(f / 'card.json', arguments={'units': list(range(99))}), CardError, 'arguments must be an object'),
    (lambda f: change(f / 'card.json', model='lenetpluss'), ValueError, "Did you mean 'lenetplus'"),
    (lambda f: change(f / 'card.json', arguments={'embedding_size': 4}), ValueError, 'does not hold the weights of'),
    (lambda f: (f / 'card.json').unlink(), FileNotFoundError, 'must hold card.json, got: w.params')])
def test_load_net_from_a_spoilt_card(saved, spoil, error, message):
    folder, _ = saved
    spoil(folder)
    with pytest.raises(error, match=message):
        load_net(str(folder))


def test_load_net_from_a_name_and_weights(saved):
    folder, net = saved
    weights = str(folder / 'w.params')
    want = Embedder(net)(images(3))
    net.cast('float16')
    net.save_parameters(str(folder / 'half.params'))
    for path, tolerance in ((weights, 1e-6), (str(folder / 'half.params'), 2e-3)):
        loaded = load_net('LeNetPlus', path, embedding_size=3)
        assert {np.dtype(param.dtype) for param in loaded.collect_params().values()} == {np.dtype('float32')}
        np.testing.assert_allclose(Embedder(loaded)(images(3)), want, atol=tolerance)


@pytest.mark.parametrize('arguments, error, message', [
    (('miniresnet18',), ValueError, 'miniresnet18 has no pretrained weights of its own'),
    (('lenetplus', 'nowhere.params'), FileNotFoundError, 'there are no weights nowhere.params'),
    (('lenetpluss', 'w.params'), ValueError, "unknown model 'lenetpluss'. Did you mean 'lenetplus'"),
    (('runs/nowhere',), FileNotFoundError, 'there is no folder runs/nowhere'),
    (('a.JPG',), ValueError, 'load_net: a.JPG is an image, and the network must be given first. Give the folder or'),
    (('photos/a.png',), ValueError, 'photos/a.png is an image, and the network must be given first'),
    (('text.params',), ValueError, 'load_net: text.params is a file that says no network. Give .* and its params'),
    (('nowhere.json',), FileNotFoundError, 'there is no card nowhere.json'),
    (('no-symbol.json',), FileNotFoundError, 'there is no no-symbol.json'),
    (('card.json', 'w.params'), ValueError, 'a card names its weights and arguments itself'),
    (('lenetplus', 'text.params'), ValueError, 'text.params does not hold the weights of LeNetPlus .* is damaged'),
    (('lenetplus', 'empty.params'), ValueError, 'empty.params does not hold the weights'),
    (('miniresnet18', 'w.params'), ValueError, 'w.params does not hold the weights of MiniResNet18')])
def test_load_net_says_what_is_wrong(saved, monkeypatch, arguments, error, message):
    folder, _ = saved
    (folder / 'text.params').write_text('no weights at all' * 10)
    (folder / 'empty.params').write_bytes(b'')
    monkeypatch.chdir(folder)
    with pytest.raises(error, match=message) as caught:
        load_net(*arguments)
    assert '\n' not in str(caught.value)


def faults(model, of, **arguments):
    """What `load_parameters` finds wrong in the weights of another net."""
    arrays = get_model(of, **arguments)._collect_params_with_prefix()  # shapes are all that counts
    return '; '.join(_faults(get_model(model, need_cls_layer=False), arrays))


@pytest.mark.parametrize('model, of, arguments, message', [
    ('mobilefacenet', 'mobilefacenet', {'use_se': True}, 'extra features.2.*'),
    ('mobilefacenet', 'mobilefacenet', {'last_prelu': True}, 'extra features.22.alpha'),
    ('mobilefacenet', 'mobilefacenet_y1', {}, 'extra features.20.bias'),
    ('mobilefacenet', 'mobilefacenet_shared', {}, r'features.0.2.alpha must be .*, got \(1,\).* and 29 more'),
    ('mobilefacenet_shared', 'mobilefacenet_ring', {'embedding_size': 128}, 'extra features.22.alpha'),
    ('mobilefacenet', 'mobilefacenet', {'embedding_size': 64}, r'must be \(128, 512\), got \(64, 512\)'),
    ('resnet18_v1b_face', 'resnet34_v1b_face', {}, 'extra features.4.2.conv1.weight.* and 76 more'),
    ('resnet34_v1b_face', 'resnet18_v1b_face', {}, 'missing features.4.2.conv1.weight.* and 76 more'),
    ('iresnet18', 'iresnet34', {}, 'extra '), ('iresnet18', 'se_resnet18_v2', {}, 'missing .*; extra ')])
def test_weights_of_another_net_are_refused(model, of, arguments, message):
    assert re.fullmatch('.*' + message + '.*', faults(model, of, **arguments))
    arrays = get_model(of, classes=7, need_cls_layer=True, **arguments)._collect_params_with_prefix()
    assert not _faults(get_model(of, need_cls_layer=False, **arguments), arrays)


def test_a_class_layer_alone_may_be_extra(tmp_path):
    net = lenet(classes=4, need_cls_layer=True)
    net(nd.zeros((1, 1, 28, 28)))
    path = str(tmp_path / 'w.params')
    net.save_parameters(path)
    load_parameters(get_model('lenetplus'), path, mx.cpu())
    values = nd.load(path)
    for name, said in (('output.bias', None), ('outputs.weight', 'extra outputs.weight'), ('ring', 'extra ring')):
        nd.save(path, {**values, name: nd.zeros((4,))})
        if said is None:
            load_parameters(get_model('lenetplus'), path, mx.cpu())
            continue
        with pytest.raises(ValueError, match='w.params does not hold the weights of LeNetPlus with these arguments: '
                                             + said + '. Name the network'):
            load_parameters(get_model('lenetplus'), path, mx.cpu())
    nd.save(path, {**values, 'output.bias': nd.zeros((4,))})
    with pytest.raises(ValueError, match='extra output.bias'):  # the net has a class layer, but another
        load_parameters(get_model('lenetplus', classes=4, need_cls_layer=True), path, mx.cpu())
    net.collect_params().save(path, strip_prefix=net.prefix)  # as Gluon did at first
    loaded = get_model('lenetplus')
    load_parameters(loaded, path, mx.cpu())
    x = nd.random.uniform(shape=(2, 1, 28, 28))
    np.testing.assert_array_equal(loaded(x).asnumpy(), net(x)[0].asnumpy())
    nd.save(path, list(values.values()))
    with pytest.raises(ValueError, match='arrays without names'):
        load_parameters(get_model('lenetplus'), path, mx.cpu())


@pytest.mark.parametrize('normalises', [False, True])
def test_load_symbol(tmp_path, normalises):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(2, 3), gluon.nn.Flatten(), gluon.nn.Dense(4))
    net.initialize()
    if normalises:
        data = mx.sym.var('data')
        symbol = net((mx.sym.identity(data) - 127.5) * 0.0078125)
        net(nd.zeros((1, 3, 16, 16)))
        symbol.save(str(tmp_path / 'm-symbol.json'))
        nd.save(str(tmp_path / 'm-0003.params'),
                {'arg:' + name: p.data() for name, p in net.collect_params().items()})
    else:
        net.hybridize()
        net(nd.zeros((1, 3, 16, 16)))
        net.export(str(tmp_path / 'm'), epoch=3)
    (tmp_path / 'm-0002.params').write_bytes(b'an older one')
    loaded = load_symbol(str(tmp_path / 'm-symbol.json'), size=(16, 16))
    std = 1.0 if normalises else 127.5
    assert loaded.input_spec == InputSpec((16, 16), (0.0 if normalises else 127.5,) * 3, (std,) * 3, 'rgb', 4)
    data = images(3, 16)
    own = InputSpec((16, 16), (127.5,) * 3, (128.0 if normalises else 127.5,) * 3)
    np.testing.assert_allclose(Embedder(loaded)(data), Embedder(net, own)(data), atol=1e-5)


@pytest.mark.parametrize('symbol, weights, message', [
    ('{', None, 'is no MXNet symbol'), ('[]', None, 'is no MXNet symbol, or is damaged: it must be an object'),
    ('{"nodes": []}', None, 'must be an MXNet symbol'), (None, b'text', 'is no file of MXNet arrays'),
    (None, 'missing', 'needs weights, .*-NNNN.params'), (None, 'named', 'there are no weights')])
def test_load_symbol_says_what_is_wrong(tmp_path, symbol, weights, message):
    net = lenet()
    net.hybridize()
    net(nd.zeros((1, 1, 28, 28)))
    net.export(str(tmp_path / 'm'))
    path, params = tmp_path / 'm-symbol.json', tmp_path / 'm-0000.params'
    if symbol is not None:
        path.write_text(symbol)
    if isinstance(weights, bytes):
        params.write_bytes(weights)
    elif weights:
        params.unlink()
    with pytest.raises((ValueError, FileNotFoundError), match='load_symbol: .*' + message) as caught:
        load_symbol(str(path), str(params) if weights == 'named' else None)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('end, message', [
    (lambda scores: mx.sym.softmax(scores), r'ends in class scores \(softmax\), not in an embedding'),
    (lambda scores: mx.sym.SoftmaxOutput(scores, mx.sym.var('y_label')), r'takes labels, for training \(y_label\)'),
    (lambda scores: scores.get_children()[0], r'has no use for the weights fc_weight, fc_bias')],
    ids=['softmax', 'label', 'unused'])
def test_load_symbol_of_a_training_names_convert(tmp_path, end, message):
    embedding = mx.sym.Flatten(mx.sym.Convolution(mx.sym.var('data'), num_filter=2, kernel=(3, 3), name='conv'))
    scores = mx.sym.FullyConnected(embedding, num_hidden=4, name='fc')
    end(scores).save(str(tmp_path / 'm-symbol.json'))
    shapes = dict(zip(scores.list_arguments(), scores.infer_shape(data=(1, 3, 8, 8))[0]))
    nd.save(str(tmp_path / 'm-0000.params'), {'arg:' + name: nd.ones(shape) for name, shape in shapes.items()
                                              if name != 'data'})
    with pytest.raises(ValueError, match='load_symbol: .*{}. `gluonfr convert .*m-symbol.json --out DIR` makes a '
                                         'network of what leads to the embedding.$'.format(message)):
        load_net(str(tmp_path / 'm-symbol.json'))


def test_published_y1_symbol(test_data):
    net = load_net(str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json')))
    assert net.input_spec == InputSpec((112, 112), (0,) * 3, (1,) * 3, 'rgb', 128)  # the graph normalises
    pairs = read_bin(str(test_data('lfw/lfw.bin')))
    few = list(range(12)) + list(range(300, 312))  # same people, then different ones
    part = BinFile(pairs.path, pairs.sha256, [pairs.images[2 * p + side] for p in few for side in (0, 1)],
                   pairs.issame[few])
    result = verify_pairs(Embedder(net, batch_size=16), part, 'lfw', nfolds=1)
    assert result.row['acc'] == 1.0 and 0.1 < result.row['threshold'] < 0.6
