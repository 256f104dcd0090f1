"""gluonfr.graph.layers and .source: the one form of graph, and what it does to its input first."""
import numpy as np
import pytest

from gluonfr.graph import ConvertError, Layer, Source, Value, in_order
from gluonfr.graph.layers import affine, arithmetic, pool, times

IMAGE = Layer('input', 'data')


def conv(name, source, channels=3, **values):
    weight = Value(name + '_weight', np.ones((channels, 3, 3, 3), 'float32'))
    return Layer('conv', name, [source], {'weight': weight, **values}, kernel=(3, 3), stride=(1, 1), pad=(1, 1),
                 dilate=(1, 1), groups=1)


def test_layers_come_behind_their_inputs_once():
    first = conv('first', IMAGE)
    total = Layer('add', 'sum', [conv('second', first), first])
    assert [layer.name for layer in in_order(total)] == ['data', 'first', 'second', 'sum']


@pytest.mark.parametrize('kind, first, scale, shift', [
    ('add', True, 1, [2, 4, 8]), ('sub', True, 1, [-2, -4, -8]), ('sub', False, -1, [2, 4, 8]),
    ('mul', False, [2, 4, 8], 0), ('div', True, [.5, .25, .125], 0)])
def test_a_number_for_each_channel_is_a_scaling(kind, first, scale, shift):
    value = Value('three', np.float32([2, 4, 8]).reshape(1, 3, 1, 1))
    layer = arithmetic(kind, 'both', [IMAGE, value] if first else [value, IMAGE], alone=True)
    assert layer.is_affine and layer.kind == 'norm' and layer.inputs == [IMAGE]
    np.testing.assert_array_equal(np.broadcast_to(layer.array('gamma'), 3), np.broadcast_to(scale, 3))
    np.testing.assert_array_equal(np.broadcast_to(layer.array('beta'), 3), np.broadcast_to(shift, 3))


@pytest.mark.parametrize('kind, first, array', [
    ('div', False, np.ones(1)), ('div', True, np.zeros(1)), ('add', True, np.arange(6.0).reshape(3, 1, 2))])
def test_what_is_no_number_for_each_channel_is_no_scaling(kind, first, array):
    value = Value('other', array)
    assert arithmetic(kind, 'both', [IMAGE, value] if first else [value, IMAGE], alone=True) is None


def test_a_number_behind_a_convolution_without_bias_is_its_bias():
    plain = conv('plain', IMAGE)
    layer = arithmetic('add', 'bias', [plain, Value('one', np.ones(1))], alone=True)
    np.testing.assert_array_equal(layer.array('bias'), np.ones(3))
    assert layer.kind == 'conv' and 'bias' not in plain.values, 'the first layer stays as it was'
    assert arithmetic('add', 'bias', [plain, Value('one', np.ones(1))], alone=False).is_affine


def test_two_scalings_become_one_where_nothing_else_reads_the_first():
    once = affine('once', IMAGE, [2, 2, 2], [1, 0, 0])
    twice = times('twice', once, 3, alone=True)
    assert twice.inputs == [IMAGE] and times('twice', once, 3, alone=False).inputs == [once]
    np.testing.assert_array_equal([twice.array('gamma'), twice.array('beta')], [[6, 6, 6], [3, 0, 0]])


def test_flat_is_what_comes_behind_a_flattening_or_dense_layer():
    assert not conv('one', IMAGE).flat and conv('one', IMAGE.flattened()).flat and not IMAGE.flat
    assert Layer('dense', 'last', [IMAGE]).flat and not pool('all', Layer('dense', 'last', [IMAGE]), 'avg').flat
    assert pool('none', IMAGE, 'max', (1, 1), (1, 1), (0, 0)) is IMAGE


def test_a_source_is_without_the_scaling_of_its_input():
    scaled = affine('std', affine('mean', IMAGE, 1, -127.5), 1 / 128, 0)
    source = Source(conv('first', scaled), (112, 112), [])
    np.testing.assert_allclose(source.scaling.mean, 127.5)
    np.testing.assert_allclose(source.scaling.std, 128)
    assert source.scaling.first == 'conv' and [layer.kind for layer in in_order(source.output)] == ['input', 'conv']
    with pytest.raises(ConvertError, match='does not depend on its input'):
        Source(Value('constant', np.ones(1)), None, [])
