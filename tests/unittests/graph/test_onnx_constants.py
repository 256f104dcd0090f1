"""gluonfr.graph.onnx_constants: constants are computed, but none out of all proportion to the file."""
import numpy as np
import pytest

onnx = pytest.importorskip('onnx', reason='pip install onnx')
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from gluonfr.graph.convert_error import ConvertError  # noqa: E402
from gluonfr.graph.onnx_constants import constants_of  # noqa: E402

MANY = 200000


def constants(*nodes, **arrays):
    """`constants_of` a graph of operators (name, inputs, attributes), each of whose result is its own name."""
    made = [helper.make_node(op, inputs, [op], **attributes) for op, inputs, attributes in nodes]
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in arrays.items()]
    graph = helper.make_graph(made, 'net', [helper.make_tensor_value_info('data', TensorProto.FLOAT, [1])],
                              [helper.make_tensor_value_info(nodes[-1][0], TensorProto.FLOAT, None)], weights)
    return constants_of(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8))


@pytest.mark.parametrize('nodes, arrays, wanted', [
    ([('Shape', ['a'], {}), ('ConstantOfShape', ['Shape'], {})], {'a': np.ones((2, 3), 'f4')}, np.zeros((2, 3))),
    ([('Tile', ['a', 'n'], {})], {'a': np.float32([1, 2]), 'n': np.int64([2])}, [1, 2, 1, 2]),
    ([('Expand', ['a', 'n'], {})], {'a': np.float32([[1], [2]]), 'n': np.int64([2, 2])}, [[1, 1], [2, 2]]),
    ([('Range', ['a', 'b', 'c'], {})], {'a': np.int64(1), 'b': np.int64(7), 'c': np.int64(2)}, [1, 3, 5]),
    ([('Sqrt', ['a'], {}), ('Div', ['b', 'Sqrt'], {})], {'a': np.float32([4, 9]), 'b': np.float32([2])}, [1, 2 / 3]),
    ([('Gather', ['a', 'i'], {'axis': 1})], {'a': np.float32([[1, 2, 3]]), 'i': np.int64([2, 0])}, [[3, 1]]),
    ([('MatMul', ['a', 'b'], {})], {'a': np.eye(2, dtype='f4'), 'b': np.float32([[1, 2], [3, 4]])}, [[1, 2], [3, 4]]),
    ([('Gemm', ['a', 'b'], {'transB': 1})], {'a': np.float32([[1, 2]]), 'b': np.float32([[3, 4]])}, [[11]]),
    ([('Concat', ['a', 'a'], {'axis': 0}), ('NonZero', ['Concat'], {})], {'a': np.float32([0, 1])}, [[1, 3]]),
    ([('Constant', [], {'value_floats': [1.0, 2.0]}), ('Neg', ['Constant'], {})], {}, [-1, -2])])
def test_what_operators_make_of_constants(nodes, arrays, wanted):
    np.testing.assert_allclose(constants(*nodes, **arrays)[nodes[-1][0]], wanted, rtol=1e-6)


@pytest.mark.parametrize('node, arrays', [
    (('ConstantOfShape', ['a'], {}), {'a': np.int64([MANY, MANY])}),
    (('Expand', ['a', 'n'], {}), {'a': np.float32([1]), 'n': np.int64([MANY, MANY])}),
    (('Tile', ['a', 'n'], {}), {'a': np.float32([1]), 'n': np.int64([MANY * MANY])}),
    (('Range', ['a', 'b', 'c'], {}), {'a': np.float32(0), 'b': np.float32(4e10), 'c': np.float32(1)}),
    (('Add', ['a', 'b'], {}), {'a': np.ones((MANY, 1), 'f4'), 'b': np.ones((1, MANY), 'f4')}),
    (('MatMul', ['a', 'b'], {}), {'a': np.ones((MANY, 1), 'f4'), 'b': np.ones((1, MANY), 'f4')}),
    (('Gather', ['a', 'i'], {}), {'a': np.ones((1, MANY), 'f4'), 'i': np.zeros(MANY, 'i8')})],
    ids=lambda value: value[0] if isinstance(value, tuple) else '')
def test_constants_of_149_gib_are_refused(node, arrays):
    with pytest.raises(ConvertError, match="{} '{}' makes a constant of 40,000,000,000 values".format(*[node[0]] * 2)):
        constants(node, **arrays)


def test_constants_that_double_again_and_again_are_refused():
    nodes = [helper.make_node('Concat', ['x{}'.format(i)] * 2, ['x{}'.format(i + 1)], axis=0) for i in range(40)]
    graph = helper.make_graph(nodes, 'net', [], [helper.make_tensor_value_info('x40', TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(np.ones(1, 'f4'), 'x0')])
    with pytest.raises(ConvertError, match="Concat 'x2[56]' makes a constant of"):
        constants_of(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8))


@pytest.mark.parametrize('op, attributes', [('RandomNormal', {'shape': [2]}), ('EyeLike', {}), ('Pad', {})])
def test_what_is_random_or_not_known_is_left_out(op, attributes):
    assert list(constants((op, [] if attributes else ['a'], attributes), a=np.ones((2, 2), 'f4'))) == ['a']
