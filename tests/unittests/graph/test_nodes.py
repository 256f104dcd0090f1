"""gluonfr.graph.nodes and .symbols: the one reader of symbol JSON, and the way back."""
import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluonfr.graph.nodes import count_uses, first_outputs, nodes_of, shaped_nodes, to_json
from gluonfr.graph.symbols import compute, read_graph, to_symbol


def two_layers():
    """A convolution that two others read, one of them scaled by weights alone."""
    data, scale = mx.sym.var('data'), mx.sym.var('scale', shape=(1, 1, 1, 1))
    first = mx.sym.Convolution(data, num_filter=2, kernel=(3, 3), stride=(2, 2), no_bias=True, name='first')
    return mx.sym.broadcast_mul(mx.sym.relu(first, name='relu'), mx.sym.square(scale, name='squared'),
                                name='scaled') + first


def test_nodes_of_a_symbol():
    nodes, heads, attrs = nodes_of(two_layers())
    assert [(node.op, node.name) for node in nodes[:5]] == [
        ('null', 'data'), ('null', 'first_weight'), ('Convolution', 'first'), ('relu', 'relu'), ('null', 'scale')]
    assert [source.name for source, _ in nodes[2].inputs] == ['data', 'first_weight']
    assert nodes[2].flag('no_bias', False)
    assert heads == [(nodes[-1], 0)] and 'mxnet_version' in attrs
    assert all(node.shape is None and node.value is None for node in nodes)


def test_uses_count_the_result_if_it_is_given():
    nodes, heads, _ = nodes_of(two_layers())
    assert count_uses(nodes)[nodes[2]] == 2 and count_uses(nodes)[nodes[-1]] == 0
    assert count_uses(nodes, heads[0])[nodes[-1]] == 1


def test_shapes_follow_from_the_input_batch_included():
    nodes, _, _ = shaped_nodes(two_layers(), (5, 3, 9, 7))
    shapes = {node.name: node.shape for node in nodes}
    assert shapes['data'] == (5, 3, 9, 7) and shapes['first_weight'] == (2, 3, 3, 3)
    assert shapes['first'] == shapes['relu'] == (5, 2, 4, 3)


def test_a_node_with_several_outputs_has_the_shape_of_its_first():
    parts = mx.sym.split(mx.sym.var('data'), num_outputs=3, axis=1, name='parts')
    symbol = mx.sym.relu(parts[2], name='parts_output')  # a name like that of an output
    nodes, _, _ = shaped_nodes(symbol, (1, 6, 4))
    assert [node.shape for node in nodes] == [(1, 6, 4), (1, 2, 4), (1, 2, 4)]
    assert first_outputs(nodes, symbol.get_internals().list_outputs()) == [0, 1, 4]


def test_what_depends_on_weights_alone_becomes_a_value():
    params = {'first_weight': nd.ones((2, 3, 3, 3)), 'scale': nd.array([[[[3.0]]]])}
    nodes, (head, number), _ = read_graph(two_layers(), params, (3, 9, 7))
    squared = next(node for node in nodes if node.name == 'squared')
    assert (squared.op, squared.inputs, squared.shape, number) == ('null', [], (1, 1, 1, 1), 0)
    np.testing.assert_array_equal(squared.value, [[[[9]]]])
    assert nodes[0].value is None and head.shape == (1, 2, 4, 3)


@pytest.mark.parametrize('folded', [False, True])
def test_there_and_back(folded):
    params = {'first_weight': nd.random.uniform(shape=(2, 3, 3, 3)), 'scale': nd.array([[[[3.0]]]])}
    x = nd.random.uniform(shape=(1, 3, 9, 7))
    symbol = two_layers()
    wanted = compute(symbol, {'data': x, **params})
    if folded:
        nodes, head, attrs = read_graph(symbol, params, (3, 9, 7))
        again, weights = to_symbol([head], attrs)
        assert set(weights) == {'first_weight', 'squared'}
        params = {name: nd.array(value) for name, value in weights.items()}
    else:
        nodes, heads, attrs = nodes_of(symbol)
        text, weights = to_json(heads[:1], attrs)
        again = mx.sym.load_json(text)
        assert weights == {} and again.list_inputs() == symbol.list_inputs()
    np.testing.assert_array_equal(compute(again, {'data': x, **params}), wanted)
