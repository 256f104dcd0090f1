"""gluonfr.graph.bfloat16: which operators compute in bfloat16, and what comes between them."""
from collections import Counter

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from gluonfr.compat import bfloat16_problem
from gluonfr.deploy.inference.fuse import BFLOAT16
from gluonfr.graph.bfloat16 import in_bfloat16
from gluonfr.graph.nodes import nodes_before, shaped_nodes
from gluonfr.graph.symbols import to_symbol

SHAPE = (2, 16, 8, 8)


def conv(x, name, channels=16, kernel=3, **arguments):
    return mx.sym.Convolution(x, num_filter=channels, kernel=(kernel, kernel), pad=(kernel // 2,) * 2, no_bias=True,
                              name=name, **arguments)


def norm(x, name, **arguments):
    return mx.sym.BatchNorm(x, fix_gamma=False, name=name, **arguments)


def rewritten(*outputs, shape=SHAPE, tiles=False):
    """The new graph: {name: node}, and the names of what each reads first, casts and layouts told by their suffix."""
    nodes, heads, attrs = shaped_nodes(mx.sym.Group(list(outputs)), shape)
    heads = in_bfloat16(heads, tiles)
    found = {node.name: node for node in nodes_before(*(node for node, _ in heads))}
    assert len(to_symbol(heads, attrs)[0].list_outputs()) == len(outputs)
    return found, [node.name for node, _ in heads]


def first(nodes, *names):
    return [nodes[name].inputs[0][0].name for name in names]


def test_numbers_stay_in_bfloat16_from_one_layer_to_the_next():
    x = mx.sym.Activation(norm(conv(mx.sym.var('data'), 'a'), 'n'), act_type='relu', name='relu')
    x = mx.sym.elemwise_add(conv(x, 'b'), x, name='sum')
    x = mx.sym.Pooling(x, pool_type='avg', kernel=(2, 2), stride=(2, 2), name='pool')
    nodes, heads = rewritten(mx.sym.FullyConnected(mx.sym.Flatten(x, name='flat'), num_hidden=3, name='fc'))
    casts = Counter(node.attrs['dtype'] for node in nodes.values() if node.op == 'amp_cast')
    assert casts == {'bfloat16': 5, 'float32': 1}  # of data and four weights and biases; of the result
    assert first(nodes, 'a', 'n', 'relu', 'b', 'sum', 'pool', 'flat', 'fc', *heads) == [
        'data_0_bfloat16', 'a', 'n', 'relu', 'b', 'sum', 'pool', 'flat', 'fc']
    assert [source.name for source, _ in nodes['n'].inputs[1:]] == ['n_gamma', 'n_beta', 'n_moving_mean',
                                                                    'n_moving_var']


@pytest.mark.parametrize('op', [
    lambda x: mx.sym.Dropout(x, name='op'), lambda x: mx.sym.Activation(x, act_type='tanh', name='op'),
    lambda x: mx.sym.L2Normalization(x, name='op'),
    lambda x: mx.sym.Pooling(x, pool_type='sum', kernel=(2, 2), name='op'), lambda x: norm(mx.sym.Flatten(x), 'op'),
    lambda x: norm(x, 'op', axis=2)],
    ids=['dropout', 'tanh', 'length', 'sum', 'rows', 'axis'])
def test_other_operators_stay_in_float32(op):
    nodes, heads = rewritten(op(conv(mx.sym.var('data'), 'a')))
    assert heads == ['op'] and first(nodes, 'op')[0].endswith('_float32')


def test_class_scores_stay_in_float32():
    embedding = mx.sym.FullyConnected(mx.sym.var('data'), num_hidden=4, name='embedding')
    nodes, heads = rewritten(embedding, mx.sym.FullyConnected(embedding, num_hidden=9, name='scores'))
    assert heads == ['embedding_0_float32', 'scores']
    assert [source.name for source, _ in nodes['scores'].inputs] == ['embedding_0_float32', 'scores_weight',
                                                                     'scores_bias']


def test_weights_with_a_value_get_no_cast():
    nodes, heads, attrs = shaped_nodes(conv(mx.sym.var('data'), 'a'), SHAPE)
    weight = next(node for node in nodes if node.name == 'a_weight')
    weight.value = 1
    symbol, weights = to_symbol(in_bfloat16(heads), attrs)
    assert symbol.list_inputs() == ['data', 'bfloat16_a_weight'] and weights == {'bfloat16_a_weight': 1}


def test_with_amx_layers_alike_need_no_plain_layout_between():
    x = conv(norm(conv(mx.sym.var('data'), 'a'), 'n'), 'b')
    nodes, _ = rewritten(mx.sym.elemwise_add(norm(x, 'm'), norm(conv(mx.sym.var('data'), 'c'), 'o'), name='sum'),
                         tiles=True)
    assert not any(node.op == 'Reshape' for node in nodes.values())


@pytest.mark.parametrize('build, guarded', [
    (lambda x: conv(norm(x, 'n'), 'b', num_group=16), 'n'),               # to a depthwise convolution
    (lambda x: conv(norm(conv(x, 'b', num_group=16), 'n'), 'c'), 'n'),    # and from one
    (lambda x: conv(norm(conv(x, 'b', channels=20), 'n'), 'c'), 'n'),     # channels that do not fill tiles
    (lambda x: mx.sym.Pooling(norm(x, 'n'), pool_type='max', kernel=(2, 2)), 'n'),
    (lambda x: mx.sym.elemwise_add(norm(x, 'n'), norm(conv(x, 'b', num_group=16), 'm'), name='sum'), 'sum')],
    ids=['depthwise', 'from depthwise', 'odd channels', 'pooling', 'sum'])
def test_with_amx_the_plain_layout_comes_between_others(build, guarded):
    nodes, _ = rewritten(build(conv(mx.sym.var('data'), 'a')), tiles=True)
    assert guarded + '_plain' in nodes
    assert not any(node.op == 'Reshape' for node in rewritten(build(conv(mx.sym.var('data'), 'a')))[0].values())


@pytest.mark.skipif(bfloat16_problem() is not None, reason='no kernels for bfloat16 on this processor')
@pytest.mark.parametrize('norm_of', [mx.nd.BatchNorm, mx.nd.contrib.BatchNormWithReLU])
def test_the_plain_layout_lets_a_gradient_of_another_layout_through(norm_of):
    """In inference oneDNN lays out what a convolution gives as on AMX, and its gradients as elsewhere.

    Without what comes between, BatchNormWithReLU fails: "could not create a primitive descriptor iterator".
    """
    random = np.random.RandomState(0)
    x, *weights = (mx.nd.array(random.randn(*shape)) for shape in ((4, 64, 28, 28), (64, 64, 3, 3), (64, 64, 3, 3)))
    gamma, zeros = mx.nd.ones(64), mx.nd.zeros(64)
    gradients = []
    for dtype in (BFLOAT16, 'float32'):
        x.attach_grad()
        with autograd.record():
            y = mx.nd.amp_cast(x, dtype=dtype)
            for i, weight in enumerate(weights):
                with autograd.predict_mode():
                    y = mx.nd.Convolution(y, mx.nd.amp_cast(weight / 24, dtype=dtype), num_filter=64, kernel=(3, 3),
                                          pad=(1, 1), no_bias=True)
                if i == 0:
                    y = norm_of(y, gamma, zeros, zeros.copy(), gamma.copy(), fix_gamma=False)
                    y = mx.nd.reshape(y, shape=(0, 0, 0, 0))
            y = mx.nd.amp_cast(y, dtype='float32')
            (y * y * y).sum().backward()
        gradients.append(x.grad.asnumpy())
    assert np.sum(gradients[0] * gradients[1]) > 0.99 * np.linalg.norm(gradients[0]) * np.linalg.norm(gradients[1])
