"""Every net of get_model_list: its size, form, gradient and types; MobileFaceNet and IResNet as published."""
import functools
import inspect
import json

import mxnet as mx
import numpy as np
import pytest
from family_cases import blocks
from mxnet import autograd, gluon
from mxnet.gluon import nn

from gluonfr.model_zoo import (MODELS, InputSpec, IResNet, LeNetPlus, MiniResNet18, MobileFaceNet, count_macs,
                               count_parameters, get_mobile_facenet, get_model, get_model_list)
from gluonfr.model_zoo.making import resizable
from gluonfr.model_zoo.sizes import SIZES, Size
from gluonfr.nn import Dropout, FrBase, PReLU, SELayer, plain_operators
from gluonfr.nn.basic_blocks import EmbeddingNorm

NAMES = get_model_list()
SIDE = 32
# Nets that are run, on small images; of the others the graph is looked at.
RUN = [n for n in NAMES if n in SIZES and SIZES[n].values < 3e7 and SIZES[n].macs < 3e9]
every = pytest.mark.parametrize('name', NAMES)
run = pytest.mark.parametrize('name', RUN)


@functools.lru_cache(maxsize=None)
def made(name):
    """The net by its default arguments, and its graph; shared among tests, which do not change it."""
    net = get_model(name)
    return net, net(mx.sym.var('data'))


def small(name, **kwargs):
    """The net for small images, ready to run."""
    if 'input_size' in MODELS.keywords(name):
        kwargs['input_size'] = SIDE
    net = get_model(name, **kwargs)
    net.initialize()
    return net


def images(net, batch=2):
    return mx.nd.array(np.random.RandomState(0).uniform(-1, 1, (batch,) + net.input_spec.shape))


# --- every net -------------------------------------------------------------------------------------------------------

def test_the_table_has_every_net_and_no_other():
    missing = ', '.join(sorted(set(NAMES) - set(SIZES)))
    assert not missing, 'add {0} to gluonfr/model_zoo/sizes.py: `gluonfr models {0}` prints the numbers'.format(missing)
    unknown = ', '.join(sorted(set(SIZES) - set(NAMES)))
    assert not unknown, 'gluonfr/model_zoo/sizes.py has {}, which no net is registered as'.format(unknown)


@every
def test_size(name):
    net, graph = made(name)
    found = Size(count_parameters(net), count_macs(net), net.embedding_size, tuple(MODELS.aliases(name)))
    assert found == SIZES.get(name), 'gluonfr/model_zoo/sizes.py must have {!r}: {}'.format(name, found)
    assert isinstance(net, FrBase) and isinstance(net.input_spec, InputSpec)
    assert net.input_spec.embedding_size == net.embedding_size
    assert graph.infer_shape(data=(2,) + net.input_spec.shape)[1] == [(2, net.embedding_size)]
    said = '{:,}'.format(SIZES[name].values)
    assert said in type(net).__doc__, 'the docstring of {} must name its {} values'.format(type(net).__name__, said)


@every
def test_every_parameter_is_in_the_graph(name):
    net, graph = made(name)
    assert set(graph.list_inputs()) == set(net.collect_params()) | {'data'}


@every
def test_class_layer_and_float16(name):
    """Data, scores and all weights are float16, BatchNorm keeps float32."""
    net = get_model(name, classes=7, need_cls_layer=True)
    assert net.output.weight.shape == (7, net.embedding_size)
    net.cast('float16')
    graph = mx.sym.Group(net(mx.sym.var('data')))
    assert graph.infer_shape(data=(1,) + net.input_spec.shape)[1] == [(1, net.embedding_size), (1, 7)]
    types, outs, running = graph.infer_type(data='float16')
    assert outs == [np.float16] * 2 and set(running) <= {np.float32}
    for key, dtype in zip(graph.list_arguments(), types):
        assert dtype == (np.float32 if key.endswith(('gamma', 'beta')) else np.float16), key


@every
def test_repr(name):
    assert repr(made(name)[0]).startswith(type(made(name)[0]).__name__ + '(')
    assert ' object at ' not in repr(made(name)[0])


@run
def test_hybridized_or_not_alone_or_in_a_batch_the_embedding_is_the_same(name):
    net = small(name)
    x = images(net, 3)
    plain = net(x).asnumpy()
    assert plain.shape == (3, net.embedding_size) and np.isfinite(plain).all()
    np.testing.assert_array_equal(net(x).asnumpy(), plain)
    net.hybridize(static_alloc=True, static_shape=True)
    np.testing.assert_allclose(net(x).asnumpy(), plain, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(net(x[1:2]).asnumpy(), plain[1:2], rtol=1e-3, atol=1e-4)
    assert np.abs(plain[0] - plain[1]).max() > 1e-3


@run
def test_every_parameter_gets_a_gradient(name):
    net = small(name, classes=5, need_cls_layer=True)
    net.hybridize()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    with autograd.record():
        value = loss(net(images(net, 4))[1], mx.nd.array([0, 1, 2, 3]))
    value.backward()
    grads = {k: p.grad().asnumpy() for k, p in net.collect_params().items() if p.grad_req != 'null'}
    assert all(np.isfinite(g).all() for g in grads.values())
    assert not [k for k, g in grads.items() if not g.any()]


@pytest.mark.parametrize('name', ['mobilefacenet_ring', 'mbf', 'miniresnet18'])
def test_weights_go_from_net_to_net(name, tmp_path):
    first, second = small(name), small(name)
    first.save_parameters(str(tmp_path / 'net.params'))
    second.load_parameters(str(tmp_path / 'net.params'))
    np.testing.assert_array_equal(first(images(first)).asnumpy(), second(images(first)).asnumpy())


@every
def test_unknown_argument(name):
    with pytest.raises(TypeError, match='colour_depth'):
        get_model(name, colour_depth=8)


# --- FrBase ----------------------------------------------------------------------------------------------------------

def test_embedding_without_classes_and_class_layer_with_them():
    assert small('mobilefacenet')(mx.nd.zeros((1, 3, SIDE, SIDE))).shape == (1, 128)
    assert small('mobilefacenet', classes=3, need_cls_layer=False)(mx.nd.zeros((1, 3, SIDE, SIDE))).shape == (1, 128)
    embedding, pred = small('mobilefacenet', classes=3)(mx.nd.zeros((1, 3, SIDE, SIDE)))
    assert embedding.shape == (1, 128) and pred.shape == (1, 3)
    with pytest.raises(ValueError, match='MobileFaceNet: classes must be given with need_cls_layer=True'):
        get_model('mobilefacenet', need_cls_layer=True)


def test_cosines_by_weight_norm_and_feature_norm():
    net = small('mobilefacenet', classes=5, weight_norm=True, feature_norm=True)
    embedding, pred = net(images(net))
    weight = net.output.weight.data().asnumpy()
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (embedding.asnumpy(), weight)]
    np.testing.assert_allclose(pred.asnumpy(), unit[0] @ unit[1].T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('shape', [(2, 3, 112, 96), (2, 1, 112, 112), (2, 112, 112, 3), (3, 112, 112)], ids=str)
def test_wrong_images(shape, hybridize):
    net = get_model('mobilefacenet')
    net.initialize()
    net.hybridize(hybridize)
    with pytest.raises(ValueError, match=r'MobileFaceNet: x must be images \(B, 3, 112, 112\), got \(.*112.*\)\.'):
        net(mx.nd.zeros(shape))


def test_a_net_of_any_size_checks_channels_only():
    net = MiniResNet18()
    net.initialize()
    assert net(mx.nd.zeros((1, 1, 32, 40))).shape == (1, 2)
    with pytest.raises(ValueError, match=r'MiniResNet18: x must be images \(B, 1, H, W\), got \(1, 3, 32, 40\)\.'):
        net(mx.nd.zeros((1, 3, 32, 40)))


def test_initialize_without_and_with_an_initializer():
    net = get_model('mobilefacenet')
    net.initialize()
    stem, deep = [net.features[i][0].weight.data().asnumpy() for i in (0, 1)]
    for weight, inputs in ((stem, 27), (deep, 9)):     # a depthwise filter sees one channel
        assert weight.std() == pytest.approx(np.sqrt(2 / (1 + 0.25 ** 2) / inputs), rel=0.1)
    net.initialize(mx.init.One(), force_reinit=True)
    assert (net.features[0][0].weight.data().asnumpy() == 1).all()
    assert (blocks(net, PReLU)[0].alpha.data().asnumpy() == 0.25).all()


@pytest.mark.parametrize('size', [16, 15])
def test_embedding_norm_is_batch_norm_after_one_of_single_pixels(size):
    """MXNet's own on (B, D) ends the process here for a size of 16: see the class."""
    values = np.random.RandomState(0).uniform(0.5, 2, (4, size))
    arrays = dict(zip(('gamma', 'beta', 'running_mean', 'running_var'), map(mx.nd.array, values)))
    x = mx.nd.array(np.random.RandomState(1).randn(3, size))
    kernel = mx.nd.ones((size, 1, 1, 1))
    pixels = mx.nd.Convolution(x.reshape((3, size, 1, 1)), kernel, kernel=(1, 1), num_filter=size, num_group=size,
                               no_bias=True)
    mx.nd.BatchNorm(pixels, *arrays.values(), eps=1e-3, fix_gamma=False).wait_to_read()
    norm = EmbeddingNorm(epsilon=1e-3, in_channels=size, prefix='norm_')
    norm.initialize()
    for key, value in arrays.items():
        getattr(norm, key).set_data(value)
    gamma, beta, mean, var = values
    embedding = mx.nd.FullyConnected(x, mx.nd.array(np.eye(size)), num_hidden=size, no_bias=True)
    np.testing.assert_allclose(norm(embedding).asnumpy(), (x.asnumpy() - mean) / np.sqrt(var + 1e-3) * gamma + beta,
                               rtol=1e-4, atol=1e-5)
    with autograd.record():
        got = norm(embedding).asnumpy()
    batch = x.asnumpy()
    np.testing.assert_allclose(got, (batch - batch.mean(0)) / np.sqrt(batch.var(0) + 1e-3) * gamma + beta, rtol=1e-4,
                               atol=1e-5)
    assert set(norm.collect_params()) == {'norm_' + key for key in arrays}


def test_input_spec_of_grey_nets():
    for cls in (LeNetPlus, MiniResNet18):
        assert cls().input_spec == InputSpec((28, 28), (0,), (255,), 'grey', 2)
        assert cls(embedding_size=5).input_spec.shape == (1, 28, 28)


# --- counting --------------------------------------------------------------------------------------------------------

def test_counts_by_hand():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, strides=2, padding=1, groups=2), nn.BatchNorm(), PReLU(8), nn.Conv2DTranspose(4, 2, 2),
            nn.Dense(5))
    weights = 8 * 2 * 9 + 8 + 2 * 8 + 8 + 8 * 4 * 4 + 4 + 4 * 36 * 5 + 5
    macs = 8 * 9 * 2 * 9 + 8 * 9 * 4 * 4 + 4 * 36 * 5
    shape = (1, 4, 6, 6)
    assert (count_parameters(net, shape=shape), count_macs(net, shape)) == (weights, macs)
    assert count_parameters(net, running_stats=True, shape=shape) == weights + 2 * 8
    assert count_macs(net, (3,) + shape[1:]) == 3 * macs
    net.initialize()
    net(mx.nd.zeros(shape))
    assert count_macs(net, shape) == macs  # PReLU now runs as convolutions, which do not count
    for count in (count_macs, count_parameters):
        with pytest.raises(ValueError, match=count.__name__ + ': shape must be given'):
            count(net)


@pytest.mark.parametrize('name,values', [('mobilefacenet_shared', 1015201), ('mobilefacenet_ring', 1081250)])
def test_values_with_running_statistics(name, values):
    assert count_parameters(made(name)[0], running_stats=True) == values


@pytest.mark.parametrize('name,millions', [
    ('mobilefacenet', 221), ('mbf', 437.5), ('mobilefacenet_y2', 468.8), ('iresnet18', 2610), ('iresnet34', 4460),
    ('iresnet50', 6310), ('iresnet100', 12090), ('iresnet200', 23420)])
def test_published_multiply_adds(name, millions):
    assert count_macs(made(name)[0]) / 1e6 == pytest.approx(millions, rel=5e-4)


# --- MobileFaceNet ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name,slopes', [('mobilefacenet', 7552), ('mobilefacenet_shared', 33),
                                         ('mobilefacenet_ring', 34), ('mbf', 7680)])
def test_slopes(name, slopes):
    assert sum(p.alpha.shape[0] for p in blocks(made(name)[0], PReLU)) == slopes


@pytest.mark.parametrize('name,gamma,beta', [
    ('mobilefacenet', 'null', 'write'), ('mobilefacenet_y1', 'null', 'write'), ('mobilefacenet_y2', 'null', 'write'),
    ('mobilefacenet_shared', 'null', 'null'), ('mobilefacenet_ring', 'null', 'null'), ('mbf', 'write', 'write'),
    ('iresnet18', 'null', 'write'), ('iresnet200', 'null', 'write')])
def test_what_the_last_batch_norm_learns(name, gamma, beta):
    *others, last = blocks(made(name)[0], nn.BatchNorm)
    assert (last.gamma.grad_req, last.beta.grad_req) == (gamma, beta)
    assert {(b.gamma.grad_req, b.beta.grad_req) for b in others} == {('write', 'write')}


@pytest.mark.parametrize('name,options,epsilon,last', [
    ('mobilefacenet', {}, 1e-5, 1e-5), ('mobilefacenet_shared', {}, 1e-5, 1e-5), ('mbf', {}, 1e-5, 1e-5),
    ('mobilefacenet_y1', {}, 1e-3, 2e-5), ('mobilefacenet_y2', {}, 1e-3, 2e-5), ('mbf', {'epsilon': 1e-4}, 1e-4, 1e-4),
    ('iresnet50', {}, 2e-5, 2e-5), ('iresnet50', {'epsilon': 1e-5}, 1e-5, 1e-5)])
def test_epsilon(name, options, epsilon, last):
    net = get_model(name, **options) if options else made(name)[0]
    *others, final = [b._kwargs['eps'] for b in blocks(net, nn.BatchNorm)]
    assert set(others) == {epsilon} and final == last


@pytest.mark.parametrize('name', ['mobilefacenet', 'mobilefacenet_ring', 'mbf'])
def test_squeeze_and_excitation(name):
    net = get_model(name, use_se=True)
    layers = blocks(net, SELayer)
    assert len(layers) == 15
    # each: two 1x1 convolutions with bias around C // 16 channels, and one slope
    extra = sum(2 * c * (c // 16) + c + c // 16 + 1 for c in (layer.fc[2].weight.shape[0] for layer in layers))
    assert count_parameters(net) == SIZES[name].values + extra


def test_squeeze_and_excitation_gets_gradients():
    net = small('mobilefacenet', use_se=True)
    with autograd.record():
        out = net(images(net, 4))
        value = (out * mx.nd.random.normal(shape=out.shape)).sum()
    value.backward()
    assert all(p.grad().asnumpy().any() for p in net.collect_params().values() if p.grad_req != 'null')


def test_names_of_1_0():
    from gluonfr.model_zoo import mobile_facenet
    assert mobile_facenet.get_mobile_facenet is get_mobile_facenet and mobile_facenet.MobileFaceNet is MobileFaceNet
    assert list(inspect.signature(MobileFaceNet).parameters)[:5] == [
        'classes', 'use_se', 'weight_norm', 'feature_norm', 'need_cls_layer']
    assert list(inspect.signature(get_mobile_facenet).parameters)[:2] == ['classes', 'need_cls_layer']
    assert get_mobile_facenet(5).output.weight.shape == (5, 128)
    assert get_mobile_facenet(5, False).need_cls_layer is False


def test_a_variant_takes_other_settings_and_refuses_what_its_net_does():
    assert get_model('mbf', embedding_size=128).input_spec.embedding_size == 128
    assert get_model('MobileFaceNet_Ring', classes=3, prefix='mine_').prefix == 'mine_'
    assert get_model('r50').features[-2].weight.shape == (512, 25088)
    signature = r"unknown argument 'epsilons'.*mbf\(classes=None, need_cls_layer=None, \*, .*scale=2"
    with pytest.raises(TypeError, match=signature):
        get_model('mbf', epsilons=1)


@pytest.mark.parametrize('name,wrong,message', [
    ('mobilefacenet', {'blocks': (1, 4, 6)}, r'MobileFaceNet: blocks must be four numbers, got \(1, 4, 6\)'),
    ('mobilefacenet', {'blocks': (0, 4, 6, 2)}, 'MobileFaceNet: blocks must be >= 1, got 0'),
    ('mobilefacenet', {'scale': 0}, 'MobileFaceNet: scale must be >= 1, got 0'),
    ('mbf', {'input_size': 100}, 'MobileFaceNet: input_size must be multiples of 16, got 100'),
    ('mbf', {'input_size': (112, 112, 3)}, r'input_size must be a side or \(height, width\), got \(112, 112, 3\)'),
    ('mbf', {'std': 0}, 'MobileFaceNet: std must be > 0, got 0'),
    ('mbf', {'embedding_size': 0}, 'MobileFaceNet: embedding_size must be >= 1, got 0'),
    ('iresnet18', {'units': (2, 2)}, r'IResNet: units must be four numbers, got \(2, 2\)'),
    ('iresnet18', {'units': (2, 2, 0, 2)}, 'IResNet: units must be >= 1, got 0'),
    ('iresnet18', {'dropout': 1}, r'IResNet: dropout must be in \[0, 1\), got 1'),
    ('iresnet18', {'input_size': 8}, 'IResNet: input_size must be >= 16, got 8')])
def test_wrong_settings(name, wrong, message):
    with pytest.raises(ValueError, match=message):
        get_model(name, **wrong)


@pytest.mark.parametrize('cls', [MobileFaceNet, IResNet])
def test_oblong_input(cls):
    net = cls(input_size=(48, 32))
    net.initialize()
    assert net(mx.nd.zeros((2, 3, 48, 32))).shape == (2, net.embedding_size)
    assert net.input_spec.size == (48, 32)


def test_normalisation_of_published_weights():
    assert get_model('mobilefacenet').input_spec == InputSpec(embedding_size=128)
    assert get_model('mobilefacenet_y1').input_spec == InputSpec(std=(128,) * 3, embedding_size=128)
    assert get_model('iresnet50', std=128).input_spec.std == (128,) * 3


def test_dropout_of_iresnet_acts_in_training_only():
    net = small('iresnet18', units=(1, 1, 1, 1))
    x = images(net, 4)
    assert np.array_equal(net(x).asnumpy(), net(x).asnumpy())
    with autograd.train_mode():
        assert not np.array_equal(net(x).asnumpy(), net(x).asnumpy())
    (dropout,) = blocks(net, nn.Dropout)
    assert dropout._rate == 0.4


@every
def test_dropout_is_not_that_of_cudnn_which_no_seed_reaches(name):
    net, out = made(name)
    attrs = [node['attrs'] for node in json.loads(out.tojson())['nodes'] if node['op'] == 'Dropout']
    assert len(attrs) == sum(layer._rate > 0 for layer in blocks(net, nn.Dropout))
    assert all(attr['cudnn_off'] == 'True' for attr in attrs)


def test_dropout_keeps_the_values_of_gluon():
    x = mx.nd.ones((4, 5, 6))
    for layer, plain in ((Dropout(0.3, axes=(1,)), nn.Dropout(0.3, axes=(1,))), (Dropout(0), nn.Dropout(0))):
        found = []
        for block in (layer, plain):
            mx.random.seed(3)
            with autograd.record():
                found.append(block(x).asnumpy())
        np.testing.assert_array_equal(*found)


def test_published_y1_weights_fit(test_data):
    """InsightFace's y1, array by array in the order of its graph, gives what its own graph gives."""
    symbol, args, running = mx.model.load_checkpoint(
        str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))[:-len('-symbol.json')], 0)
    net = get_model('mobilefacenet_y1')
    net.initialize()
    with plain_operators():
        ours, parameters = net(mx.sym.var('data')), net.collect_params()
    for theirs, mine, values in ((symbol.list_arguments(), ours.list_arguments(), args),
                                 (symbol.list_auxiliary_states(), ours.list_auxiliary_states(), running)):
        assert len(theirs) == len(mine)
        for source, target in zip(theirs, mine):
            if source != 'data':
                assert values[source].shape == parameters[target].shape, (source, target)
                parameters[target].set_data(values[source])
    pixels = np.random.RandomState(0).randint(0, 256, (2, 3, 112, 112))
    bound = symbol.bind(mx.cpu(), dict(args, data=mx.nd.array(pixels)), aux_states=running)
    spec = net.input_spec
    got, want = net(mx.nd.array((pixels - spec.mean[0]) / spec.std[0])), bound.forward()[0]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (got.asnumpy(), want.asnumpy())]
    np.testing.assert_allclose(unit[0], unit[1], atol=1e-4)


def test_nets_that_can_be_made_for_another_size():
    assert resizable('MobileFaceNet') and not resizable('lenetplus')
    assert get_model('mobilefacenet', input_size=128).input_spec.size == (128, 128)
