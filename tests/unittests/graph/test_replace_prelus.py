"""gluonfr.graph.replace_prelus: PReLUs of ONNX models as other operators."""
import numpy as np
import pytest

from gluonfr.graph.replace_prelus import in_convolutions, in_sums, replace_prelus

onnx = pytest.importorskip('onnx', reason="pip install 'gluonfr[onnx]'")
onnxruntime = pytest.importorskip('onnxruntime', reason='pip install onnxruntime')
X = np.random.RandomState(0).randn(2, 4, 3, 5).astype('float32')


def model_of(slopes, shape=('b', 4, 3, 5)):
    """A PReLU whose slopes are a constant, and one whose slopes are an input's absolute values."""
    from onnx import TensorProto, helper, numpy_helper
    nodes = [helper.make_node('PRelu', ['x', 'slopes'], ['one'], 'first'),
             helper.make_node('Abs', ['more'], ['computed']), helper.make_node('PRelu', ['one', 'computed'], ['y'])]
    graph = helper.make_graph(
        nodes, 'net', [helper.make_tensor_value_info(name, TensorProto.FLOAT, form) for name, form in (
            ('x', shape), ('more', slopes.shape))], [helper.make_tensor_value_info('y', TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(slopes, 'slopes')])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)


def run(model, slopes):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    return session.run(None, {'x': X, 'more': np.ones_like(slopes)})[0]


@pytest.mark.parametrize('slopes', [(0.25, 0, 1, -0.5), (0.25, 1.5, 1, 3)])
@pytest.mark.parametrize('form, operators', [
    (in_convolutions, {'Conv', 'Relu', 'Add'}), (in_sums, {'Min', 'Mul', 'Add'})])
def test_the_same_is_computed(form, operators, slopes):
    slopes = np.reshape(slopes, (4, 1, 1)).astype('float32')
    model = model_of(slopes)
    replace_prelus(model, form)
    assert {node.op_type for node in model.graph.node} == operators | {'Abs', 'PRelu'}
    assert [node.op_type for node in model.graph.node].count('PRelu') == 1, 'of slopes that are no constant'
    assert 'slopes' not in {entry.name for entry in model.graph.initializer}
    onnx.checker.check_model(model)
    np.testing.assert_allclose(run(model, slopes), np.where(X > 0, X, X * slopes), atol=1e-6)


@pytest.mark.parametrize('slopes', [np.full(1, 0.25, 'float32'), np.full((1, 1, 1), 0.25, 'float32'),
                                    np.full((4, 3, 5), 0.25, 'float32'), np.full((4, 1, 1), 0.25, 'float16')])
def test_no_convolutions_of_other_slopes_than_one_a_channel(slopes):
    model = model_of(slopes)
    before = model.SerializeToString()
    replace_prelus(model, in_convolutions)
    assert model.SerializeToString() == before
