"""gluonfr.convert: ONNX graphs, in the forms that exporters give them."""
import json
import sys
from random import Random

import mxnet as mx
import numpy as np
import pytest
from convert_cases import IRESNET, MOBILE, OnnxWriter, parameters, random_net
from deploy_cases import images

from gluonfr.convert import ConvertError, convert
from gluonfr.deploy import Embedder, load_net
from gluonfr.deploy.onnx_net import OnnxNet
from gluonfr.graph.from_onnx import read_onnx, scaling_of_onnx
from gluonfr.graph.onnx_file import load_onnx
from gluonfr.graph.source import Scaling
from gluonfr.model_zoo import InputSpec

onnx = pytest.importorskip('onnx', reason='pip install onnx')
pytest.importorskip('onnxruntime', reason='pip install onnxruntime')

NETS = {'mobile': ('mobilefacenet', MOBILE), 'iresnet': ('iresnet50', IRESNET),
        'no middle': ('iresnet50', dict(IRESNET, middle_norm=False)),
        'shared': ('mobilefacenet_shared', dict(MOBILE, last_prelu=True)),
        'biased': ('mobilefacenet_y2', dict(MOBILE, fc_bias=True, last_bn=(True, True)))}


def converted(folder, net, writer, name='net', **arguments):
    """(card, net, its Embedder, that of the first net) after the way through ONNX."""
    path = str(folder / (name + '.onnx'))
    writer.write(net, path)
    with open(convert(path, str(folder / name), **arguments), encoding='utf-8') as stream:
        card = json.load(stream)
    loaded = load_net(str(folder / name))
    return card, loaded


def same_embeddings(ours, net, spec=None):
    data = images(3, 32)
    np.testing.assert_allclose(Embedder(ours)(data), Embedder(net, spec or ours.input_spec)(data), atol=1e-5)


@pytest.mark.parametrize('kind', NETS)
def test_a_graph_with_all_batchnorms_gives_the_same_parameters(tmp_path, kind):
    net = random_net(NETS[kind][0], **NETS[kind][1])
    card, loaded = converted(tmp_path, net, OnnxWriter())
    assert card['parity']['max_abs_diff'] < 1e-5 and 'statistics' not in card and 'as_it_is' not in card
    assert card['unused'] == card['missing'] == [] and card['source']['file'] == 'net.onnx'
    was, now = parameters(net), parameters(loaded)
    assert list(was) == list(now)
    for name in was:
        np.testing.assert_array_equal(now[name], was[name], name)
    same_embeddings(loaded, net)


@pytest.mark.parametrize('kind', NETS)
def test_a_graph_with_folded_batchnorms_gives_the_same_embeddings(tmp_path, kind):
    net = random_net(NETS[kind][0], **NETS[kind][1])
    card, loaded = converted(tmp_path, net, OnnxWriter(fold=True))
    assert card['parity']['max_abs_diff'] < 1e-5 and card['statistics'] == 'estimated on 32 drawn faces'
    assert type(loaded) is type(net)
    same_embeddings(loaded, net)


def test_a_net_with_folded_batchnorms_trains_on_from_what_it_can_do(tmp_path):
    net = random_net('mobilefacenet', **MOBILE)
    data = images(16, 32)
    card, loaded = converted(tmp_path, net, OnnxWriter(fold=True), images=data)
    assert card['statistics'] == 'estimated on 16 given images' and '16 given' in card['parity']['images']
    net, apart = load_net(str(tmp_path / 'net')), Embedder(loaded)(data)
    from gluonfr.data.normalize import normalize
    x = mx.nd.array(normalize(data, net.input_spec))
    body = net.features[:-1]  # the last BatchNorm was not folded: its statistics are those of another time
    with mx.autograd.train_mode():
        trains = body(x).asnumpy()
    np.testing.assert_allclose(trains, body(x).asnumpy(), rtol=1e-3, atol=1e-3)
    with mx.autograd.record():
        loss = net(x).square().sum()
    loss.backward()
    gradients = [param.grad() for param in net.collect_params().values() if param.grad_req != 'null']
    assert all(np.isfinite(grad.asnumpy()).all() for grad in gradients) and apart.std(axis=0).max() > 1e-3


VARIANTS = [
    dict(opset=11, slopes='C', head='squeeze'), dict(opset=12, slopes='1C11', fold=True, l2='reduce'),
    dict(opset=13, dense='gemm', l2='sum'), dict(opset=14, dense='alpha', fold=True, swap=True),
    dict(opset=15, dense='matmul', head='reshape'), dict(opset=16, dense='transpose', fold=True, constants='constant'),
    dict(opset=17, dense='conv', batch=1), dict(opset=18, head='dynamic', fold=True, batch=2),
    dict(opset=19, head='squeeze', constants='identity'), dict(opset=20, norms='affine', fold=True, dense='matmul'),
    dict(norms='affine', swap=True, l2='lp'), dict(opset=20, head='dynamic', constants='constant')]


@pytest.mark.parametrize('variant', VARIANTS, ids=lambda v: '-'.join(map(str, v.values())))
def test_forms_and_opsets_of_graphs(tmp_path, variant):
    net = random_net('mobilefacenet_y2', **dict(MOBILE, blocks=(2, 1, 0, 1), fc_bias=True))
    card, loaded = converted(tmp_path, net, OnnxWriter(**variant))
    assert card['parity']['max_abs_diff'] < 1e-5 and 'as_it_is' not in card
    assert ('statistics' in card) == (variant.get('fold', False) or 'norms' in variant)
    same_embeddings(loaded, net)


def test_half_precision_weights(tmp_path):
    net = random_net('mobilefacenet', **MOBILE)
    card, loaded = converted(tmp_path, net, OnnxWriter(constants='half'))
    assert card['parity']['max_abs_diff'] < 1e-5
    for name, value in parameters(net).items():
        np.testing.assert_array_equal(parameters(loaded)[name], value.astype('float16').astype('float32'), name)


@pytest.mark.parametrize('slopes', ['one', 'leaky'])
def test_shared_slopes(tmp_path, slopes):
    net = random_net('mobilefacenet_shared', **MOBILE)
    if slopes == 'leaky':
        for param in net.collect_params('.*alpha').values():
            param.set_data(mx.nd.full(param.shape, 0.125))
    card, loaded = converted(tmp_path, net, OnnxWriter(slopes=slopes))
    assert card['model'] == 'mobilefacenet_shared' and card['parity']['max_abs_diff'] < 1e-5
    same_embeddings(loaded, net)


@pytest.mark.parametrize('scaling', ['scalar', 'channels', 'divide'])
def test_a_normalisation_in_the_graph_becomes_the_input_spec(tmp_path, scaling):
    net = random_net('mobilefacenet', **MOBILE)
    card, loaded = converted(tmp_path, net, OnnxWriter(scaling=scaling))
    assert loaded.input_spec == InputSpec((32, 32), (127.5,) * 3, (128,) * 3, 'rgb', 32)
    assert card['arguments']['std'] == 128
    same_embeddings(loaded, net)


def test_what_the_source_takes_can_be_said(tmp_path):
    net = random_net('mobilefacenet', **MOBILE)
    spec = InputSpec(mean=(100, 110, 120), std=(50, 60, 70), colour='bgr')
    _, loaded = converted(tmp_path, net, OnnxWriter(), spec=spec)
    assert loaded.input_spec == spec._replace(size=(32, 32), embedding_size=32)
    same_embeddings(loaded, net)
    _, scaled = converted(tmp_path, net, OnnxWriter(scaling='scalar'), 'scaled', spec=spec._replace(std=(2, 2, 2)))
    assert scaled.input_spec.mean == (100 + 255, 110 + 255, 120 + 255) and scaled.input_spec.std == (256,) * 3


@pytest.mark.parametrize('writer, reason', [
    (OnnxWriter(scaling='negative'), 'turns its input around'),
    (OnnxWriter(dense='trans', l2='reduce'), 'it halves the image 3 times, not 4')])
def test_what_is_no_net_of_ours_is_taken_as_it_is(tmp_path, writer, reason, caplog):
    net = random_net('mobilefacenet', **MOBILE)
    if 'halves' in reason:
        net = mx.gluon.nn.HybridSequential()
        for channels in (8, 8, 8):
            net.add(mx.gluon.nn.Conv2D(channels, 3, 2, 1, use_bias=False), mx.gluon.nn.BatchNorm())
        net.add(mx.gluon.nn.Flatten(), mx.gluon.nn.Dense(32))
        net.initialize(mx.init.Xavier())
        net(mx.nd.zeros((1, 3, 32, 32)))
        net.input_spec = InputSpec((32, 32), embedding_size=32)
    card, loaded = converted(tmp_path, net, writer)
    assert card['model'] == 'onnx' and reason in card['as_it_is'] and isinstance(loaded, OnnxNet)
    assert reason in caplog.text and 'will not train' in caplog.text
    spec = InputSpec((32, 32), (127.5,) * 3, (-128,) * 3) if writer.scaling else net.input_spec
    data = images(5, 32)
    x = np.stack([(image.transpose(2, 0, 1) - np.float32(spec.mean[0])) / spec.std[0] for image in data])
    want = net(mx.nd.array(x)).asnumpy()
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    np.testing.assert_allclose(Embedder(loaded, batch_size=2)(data), want, atol=1e-5)
    np.testing.assert_allclose(Embedder(str(tmp_path / 'net.onnx'), loaded.input_spec)(data), want, atol=1e-5)
    with pytest.raises(ConvertError, match='the source is not iresnet50: '):
        convert(str(tmp_path / 'net.onnx'), str(tmp_path / 'other'), 'iresnet50')
    with pytest.raises(ValueError, match="precision must be 'float32' or 'int8' for engine 'onnxruntime'"):
        Embedder(loaded, precision='bfloat16')


def test_without_onnx_runtime_nothing_is_compared(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)  # as Python has it for what cannot be imported
    net = random_net('mobilefacenet', **MOBILE)
    card, loaded = converted(tmp_path, net, OnnxWriter())
    assert card['parity'] is None and '[onnx]' in caplog.text
    same_embeddings(loaded, net)
    for writer, call in ((OnnxWriter(scaling='negative'), convert), (OnnxWriter(), lambda path, out: load_net(path))):
        writer.write(net, str(tmp_path / 'other.onnx'))
        with pytest.raises(ImportError, match=r'onnxruntime package .*pip install .*\[onnx\]'):
            call(str(tmp_path / 'other.onnx'), str(tmp_path / 'other'))
    monkeypatch.setitem(sys.modules, 'onnx', None)
    with pytest.raises(ImportError, match=r'pip install .*\[onnx\]'):
        convert(str(tmp_path / 'other.onnx'), str(tmp_path / 'other'))
    assert not (tmp_path / 'other').exists()


def test_a_checksum_tells_models_apart(tmp_path):
    crcs = []
    for i in range(2):
        net = random_net('mobilefacenet', **MOBILE)
        net.features[0][0].weight.set_data(net.features[0][0].weight.data() + i)
        OnnxWriter().write(net, str(tmp_path / 'net.onnx'))
        block = OnnxNet(str(tmp_path / 'net.onnx'))
        assert block.crc == OnnxNet((tmp_path / 'net.onnx').read_bytes()).crc == Embedder(block).fingerprint()
        crcs.append(block.crc)
        x = mx.nd.random.uniform(-1, 1, (2, 3, 32, 32))
        np.testing.assert_allclose(block(x).asnumpy(), net(x).asnumpy(), atol=1e-4)
    assert crcs[0] != crcs[1]


def test_a_named_model_is_that_one_or_refused(tmp_path):
    path = str(tmp_path / 'net.onnx')
    OnnxWriter().write(random_net('iresnet18', **dict(IRESNET, units=(2, 2, 2, 2))), path)
    with open(convert(path, str(tmp_path / 'net'), 'R18'), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == 'iresnet18' and card['arguments'] == {'embedding_size': 32, 'input_size': [32, 32]}
    for model, message in (('iresnet34', 'where the network has .* the source has'), ('mbf', 'the source is not mbf: '),
                           ('nothing', "unknown model 'nothing'")):
        with pytest.raises(ValueError, match=message):
            convert(path, str(tmp_path / 'other'), model)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['net', 'net.onnx']


def edited(path, edit):
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)


def without(model, name):
    kept = [entry for entry in model.graph.initializer if entry.name != name]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def shorter(model):
    entry = next(entry for entry in model.graph.initializer if len(entry.dims) == 1)
    entry.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(entry)[:-1], entry.name))


def training(model):
    next(node for node in model.graph.node if node.op_type == 'BatchNormalization').attribute.append(
        onnx.helper.make_attribute('training_mode', 1))


def statistics(model):
    next(node for node in model.graph.node if node.op_type == 'BatchNormalization').output.extend(['m', 'v'])


def drops(model):
    node = model.graph.node[1]
    dropped = onnx.helper.make_node('Dropout', [node.output[0], '', 'yes'], ['dropped'])
    model.graph.node[2].input[0] = 'dropped'
    model.graph.node.insert(2, dropped)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(True), 'yes'))


def more_inputs(model):
    model.graph.input.append(onnx.helper.make_tensor_value_info('other', 1, (1,)))


def not_a_number(model):
    entry = next(entry for entry in model.graph.initializer if len(entry.dims) == 1)
    entry.CopyFrom(onnx.numpy_helper.from_array(np.full(entry.dims, np.nan, 'float32'), entry.name))


@pytest.mark.parametrize('edit, message', [
    (lambda m: without(m, 'value_1'), 'the ONNX graph is not whole.*missing value_1'),
    (shorter, 'cannot be compared with what it becomes: '), (training, 'in training mode: export the network after'),
    (lambda m: m.graph.output[0].__setattr__('name', 'value_1'), 'does not depend on its input'),
    (statistics, 'is in training mode'), (drops, "Dropout 'dropped' is in training mode"),
    (more_inputs, 'inputs data, other'), (not_a_number, 'not finite|must be finite'),
    (lambda m: m.opset_import[0].__setattr__('version', 6), 'must be >= 7, got 6')])
def test_damaged_graphs(tmp_path, edit, message):
    path = str(tmp_path / 'net.onnx')
    OnnxWriter().write(random_net('mobilefacenet', **MOBILE), path)
    edited(path, edit)
    with pytest.raises(ConvertError, match=message) as caught:
        convert(path, str(tmp_path / 'net'))
    assert '\n' not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ['net.onnx']


KINDS = ['Conv', 'Gemm', 'Add', 'BatchNormalization', 'PRelu', 'Reshape', 'MatMul', 'MaxPool', 'ReduceMean', 'Clip',
         'Dropout', 'Constant', 'CastLike', 'If', 'Nothing']


def damage(model, random):
    """Change one thing in a graph."""
    node, tensor = random.choice(model.graph.node), random.choice(model.graph.initializer)
    ints = [entry for entry in node.attribute if entry.ints]
    random.choice([
        lambda: node.ClearField('input'), lambda: node.ClearField('output'), lambda: node.ClearField('attribute'),
        lambda: setattr(node, 'op_type', random.choice(KINDS)), lambda: setattr(node, 'domain', 'com.microsoft'),
        lambda: tensor.dims.append(random.choice([-3, 0, 7])),
        lambda: setattr(tensor, 'data_type', random.randrange(22)),
        lambda: [setattr(entry, 'type', random.randrange(12)) for entry in node.attribute],
        lambda: node.input.append(random.choice(model.graph.node).output[0]),
        lambda: [entry.ints.append(random.choice([0, -1, 1 << 40])) for entry in ints],
        lambda: model.graph.node.insert(0, model.graph.node[-1])])()


def test_whatever_is_damaged_ends_in_a_sentence(tmp_path):
    path, told = tmp_path / 'net.onnx', 0
    OnnxWriter(scaling='channels', head='dynamic').write(random_net('mobilefacenet', **MOBILE), str(path))
    whole = path.read_bytes()
    for seed in range(60):
        random, model = Random(seed), onnx.load_model_from_string(whole)
        damage(model, random)
        data = bytearray(model.SerializeToString())
        for _ in range(seed % 3):
            data[random.randrange(2000)] = random.randrange(256)
        path.write_bytes(bytes(data))
        try:
            model = load_onnx(str(path))
            assert isinstance(scaling_of_onnx(model), Scaling)
            read_onnx(model)
        except ConvertError as error:
            told += 1
            assert '\n' not in str(error) and len(str(error)) < 1000
    assert told > 15


@pytest.mark.parametrize('part', [0, 10, 0.5, 0.999])
def test_truncated_files(tmp_path, part):
    path = tmp_path / 'net.onnx'
    OnnxWriter().write(random_net('mobilefacenet', **MOBILE), str(path))
    data = path.read_bytes()
    path.write_bytes(data[:int(part if part >= 1 else part * len(data))])
    with pytest.raises(ConvertError, match='no ONNX model, or is damaged'):
        convert(str(path), str(tmp_path / 'net'))
    assert [entry.name for entry in tmp_path.iterdir()] == ['net.onnx']


def test_unused_names_are_told(tmp_path, caplog):
    path = str(tmp_path / 'net.onnx')
    OnnxWriter().write(random_net('mobilefacenet', **MOBILE), path)
    edited(path, lambda m: m.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(3, 'float32'), 'fc7')))
    with open(convert(path, str(tmp_path / 'net')), encoding='utf-8') as stream:
        assert json.load(stream)['unused'] == ['fc7']
    assert 'without use for an embedding: fc7' in caplog.text


def test_as_the_onnx_zoo_has_arcface(tmp_path):
    """Opset 8, initializers among the inputs, slopes (C,), `spatial`, the graph scales its input."""
    path = str(tmp_path / 'net.onnx')
    net = random_net('iresnet50', **IRESNET)
    OnnxWriter(8, slopes='C', scaling='scalar', dense='trans', batch=1).write(net, path)

    def age(model):
        model.ir_version = 3
        for entry in model.graph.initializer:
            model.graph.input.append(onnx.helper.make_tensor_value_info(entry.name, entry.data_type, entry.dims))
        for node in model.graph.node:
            if node.op_type == 'BatchNormalization':
                node.attribute.append(onnx.helper.make_attribute('spatial', 0))

    edited(path, age)
    with open(convert(path, str(tmp_path / 'net')), encoding='utf-8') as stream:
        card = json.load(stream)
    assert card['model'] == 'iresnet50' and card['parity']['max_abs_diff'] < 1e-5
    same_embeddings(load_net(str(tmp_path / 'net')), net)
