"""Chain: the same net as a HybridSequential, value, gradients and running statistics, by other operators."""
import json
from collections import Counter

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

from gluonfr.data import ArrayLoader
from gluonfr.model_zoo import get_model
from gluonfr.nn import Chain, PReLU, plain_operators
from gluonfr.train import embed, fit

SLOPES = {'usual': (0.1, 0.4), 'above 1': (0.5, 2.5), 'negative': (-1.5, 0.2), 'one': (1, 1), 'zero': (0, 0)}


def layers(conv=None, norm=None, slopes=6):
    return (nn.Conv2D(6, 1, in_channels=4), nn.BatchNorm(in_channels=6, **norm or {}), PReLU(slopes, in_channels=6),
            nn.Conv2D(6, 3, in_channels=6, **conv or {}))


def fill(net, slopes=(0.1, 0.4)):
    """Gammas, betas and slopes of either sign, from a seed."""
    random = np.random.RandomState(0)
    mx.random.seed(0)
    net.initialize(mx.init.Xavier(), force_reinit=True)
    for name, param in net.collect_params().items():
        low, high = slopes if name.endswith('alpha') else (-1.5, 1.5)
        if name.endswith(('alpha', 'gamma', 'beta')):
            param.set_data(nd.array(random.uniform(low, high, param.shape)))


def run(net, x, steps=3):
    """Outputs of some training steps and of inference, then gradients and running statistics by place in the net."""
    found = {}
    x.attach_grad()
    for step in range(steps):
        with autograd.record():
            out = net(x)
        out.backward(nd.array(np.random.RandomState(step).uniform(-1, 1, out.shape)))
        found['out{}'.format(step)] = out.asnumpy()
    found['x'] = x.grad.asnumpy()
    found['inference'] = net(x).asnumpy()
    for name, param in net._collect_params_with_prefix().items():
        found[name] = param.data().asnumpy() if param.grad_req == 'null' else param.grad().asnumpy()
    return found


def compare(found, want):
    assert found.keys() == want.keys()
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=2e-5 * max(1, np.abs(value).max()), err_msg=name)


def operators(net):
    return Counter(node['op'] for node in json.loads(net(mx.sym.var('data')).tojson())['nodes'])


@pytest.mark.parametrize('hybridize', [False, True])
@pytest.mark.parametrize('slopes', SLOPES)
@pytest.mark.parametrize('conv', [{}, {'groups': 6}, {'use_bias': False, 'strides': 2}, {'activation': 'relu'}],
                         ids=str)
def test_it_is_the_sequence(conv, slopes, hybridize):
    net = Chain()
    net.add(*layers(conv))
    fill(net, SLOPES[slopes])
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (3, 4, 5, 5)))
    with plain_operators():
        want = run(net, x)
        assert operators(net)['LeakyReLU'] == 1
    fill(net, SLOPES[slopes])
    assert operators(net)['_contrib_BatchNormWithReLU'] == 1 and not operators(net)['LeakyReLU']
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    compare(run(net, x), want)


def test_running_statistics_move_once_a_step():
    net = Chain()
    net.add(*layers(norm={'momentum': 0.7}))
    fill(net)
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (3, 4, 5, 5)))
    y = net[0](x).asnumpy()
    with autograd.record():
        out = net(x)
    out.backward()
    mean = 0.3 * y.mean(axis=(0, 2, 3))
    np.testing.assert_allclose(net[1].running_mean.data().asnumpy(), mean, rtol=1e-4, atol=1e-6)
    var = 0.7 + 0.3 * y.var(axis=(0, 2, 3))
    np.testing.assert_allclose(net[1].running_var.data().asnumpy(), var, rtol=2e-2)


@pytest.mark.parametrize('make', [
    lambda: layers(norm={'scale': False}), lambda: layers(norm={'use_global_stats': True}),
    lambda: layers({'groups': 2}), lambda: layers()[:3],
    lambda: layers()[:2] + (nn.Dropout(0.5),) + layers()[2:]])
def test_others_are_left_alone(make):
    net = Chain()
    net.add(*make())
    fill(net)
    assert not operators(net)['_contrib_BatchNormWithReLU']
    assert net(nd.ones((2, 4, 5, 5))).shape[0] == 2


def test_one_slope_for_all_channels():
    net = Chain()
    net.add(*layers(slopes=1))
    fill(net, (0.3, 0.3))
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (3, 4, 5, 5)))
    with plain_operators():
        want = run(net, x)
    fill(net, (0.3, 0.3))
    assert operators(net)['_contrib_BatchNormWithReLU'] == 1
    compare(run(net, x), want)


def test_float64_and_nets_without_weights_use_the_plain_operators():
    net = Chain()
    net.add(*layers())
    assert operators(net)['LeakyReLU'] == 1
    fill(net)
    net.cast('float64')
    assert not operators(net)['_contrib_BatchNormWithReLU']
    assert net(nd.ones((2, 4, 5, 5), dtype='float64')).dtype == np.float64


def test_chains_within_a_chain_are_one():
    inner, net, plain = Chain(), Chain(), nn.HybridSequential()
    parts = layers()
    inner.add(*parts[:3])
    net.add(inner, parts[3])
    plain.add(*parts)
    fill(net)
    assert operators(net)['_contrib_BatchNormWithReLU'] == 1
    x = nd.array(np.random.RandomState(1).uniform(-1, 1, (3, 4, 5, 5)))
    np.testing.assert_allclose(net(x).asnumpy(), plain(x).asnumpy(), atol=1e-5)
    assert sorted(net._collect_params_with_prefix())[:2] == ['0.0.bias', '0.0.weight']


@pytest.mark.parametrize('name, together', [('mobilefacenet', 32), ('iresnet18', 8), ('miniresnet18', 3),
                                            ('se_resnet18_v2', 8)])
def test_nets_are_made_of_chains(name, together):
    net = get_model(name, need_cls_layer=False)
    net.initialize()
    assert operators(net)['_contrib_BatchNormWithReLU'] == together
    with plain_operators():
        assert not operators(net)['_contrib_BatchNormWithReLU']


@pytest.mark.parametrize('name', ['mobilefacenet', 'lenetplus'])
def test_exported_graphs_have_the_plain_operators(name, tmp_path):
    net = get_model(name, need_cls_layer=False)
    net.initialize()
    net.hybridize()
    x = nd.random.uniform(shape=(2,) + net.input_spec.shape)
    want = net(x).asnumpy()
    net.export(str(tmp_path / 'net'))
    with open(tmp_path / 'net-symbol.json', encoding='utf-8') as file:
        found = Counter(node['op'] for node in json.load(file)['nodes'])
    assert found['LeakyReLU'] == sum(isinstance(b, PReLU) for b in blocks(net)) > 0
    assert not found['_contrib_BatchNormWithReLU'] + found['elemwise_mul']
    again = gluon.SymbolBlock.imports(str(tmp_path / 'net-symbol.json'), ['data'], str(tmp_path / 'net-0000.params'))
    np.testing.assert_allclose(again(x).asnumpy(), want, rtol=1e-3, atol=1e-5)
    assert net(x).asnumpy().tobytes() == want.tobytes(), 'the compiled net is still there'


def blocks(block):
    yield block
    for child in block._children.values():
        yield from blocks(child)


ELSEWHERE = mx.cpu_pinned(1)  # of another type than 'cpu', and there without a GPU, too


def graph(net):
    return Counter(node['op'] for node in json.loads(net._cached_graph[1].tojson())['nodes'])


@pytest.mark.parametrize('static', [False, True])
@pytest.mark.parametrize('kind', ['FrBase', 'PReLU', 'Chain'])
def test_a_graph_is_made_again_on_another_kind_of_device(kind, static):
    net = {'FrBase': lambda: get_model('lenetplus', need_cls_layer=False), 'PReLU': lambda: PReLU(4),
           'Chain': Chain}[kind]()
    if kind == 'Chain':
        net.add(*layers())
    fill(net)
    net.hybridize(static_alloc=static, static_shape=static)
    x = nd.random.uniform(-1, 1, (2,) + (net.input_spec.shape if kind == 'FrBase' else (4, 8, 8)))
    want = net(x)
    on_the_cpu = graph(net)
    assert not on_the_cpu['LeakyReLU']
    for context in (ELSEWHERE, mx.cpu()):
        net.collect_params().reset_ctx(context)
        got = net(x.as_in_context(context))
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-4, atol=1e-5)
        if context == ELSEWHERE:
            assert graph(net)['LeakyReLU'] and not graph(net)['_contrib_BatchNormWithReLU']
    assert graph(net) == on_the_cpu
    kept = net._cached_graph
    net(x)
    assert net._cached_graph is kept, 'one graph serves all calls on a device'


def test_a_net_on_both_kinds_of_devices_keeps_one_graph():
    net = get_model('lenetplus', need_cls_layer=False)
    net.initialize(ctx=[mx.cpu(), ELSEWHERE])
    net.hybridize()
    x = nd.random.uniform(shape=(2, 1, 28, 28))
    net(x)
    kept = net._cached_graph
    net(x.as_in_context(ELSEWHERE))
    net(x)
    assert net._cached_graph is kept and graph(net)['LeakyReLU']


@pytest.mark.parametrize('hybridize', [False, True])
def test_a_net_that_ran_on_the_cpu_is_trained_and_used_elsewhere(hybridize):
    net = get_model('lenetplus', need_cls_layer=False)
    net.initialize()
    net.hybridize(static_alloc=True, static_shape=True)
    data = ArrayLoader(np.random.RandomState(0).rand(4, 1, 28, 28).astype('float32'), np.arange(4) % 2, 2)
    want, _ = embed(net, data)
    for ctx in (ELSEWHERE, mx.cpu()):
        fit(net, gluon.loss.SoftmaxCrossEntropyLoss(), data, head=nn.Dense(2), ctx=ctx, hybridize=hybridize,
            optimizer_params={'learning_rate': 0.0})
        assert bool(graph(net)['LeakyReLU']) == (ctx == ELSEWHERE)
    net.collect_params().reset_ctx(ELSEWHERE)
    np.testing.assert_allclose(embed(net, data, ctx=ELSEWHERE)[0], want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('width, out', [(16, 24), (32, 3), (24, 24), (24, 32)])
def test_channels_that_fill_no_blocks_train(width, out):
    """oneDNN has no backward pass for a BatchNorm with ReLU of 16 channels before a convolution with 24."""
    net = Chain()
    net.add(nn.Conv2D(width, 1, in_channels=32), nn.BatchNorm(in_channels=width), PReLU(width),
            nn.Conv2D(width, 3, padding=1, groups=width, in_channels=width), nn.BatchNorm(in_channels=width),
            PReLU(width), nn.Conv2D(out, 1, in_channels=width))
    fill(net)
    found = run(net, nd.random.uniform(-1, 1, (4, 32, 16, 16)), 1)
    assert all(np.isfinite(value).all() for value in found.values()) and np.abs(found['x']).max() > 0
