"""What leads out of MXNet, with the weights that come with gluonfr: it runs where MXNet is not installed, too."""
import json
import os

import numpy as np
import pytest
from cli_cases import run

from gluonfr.convert import to_onnx
from gluonfr.data import encode
from gluonfr.data.synthetic import SyntheticFaces
from gluonfr.deploy import Embedder
from gluonfr.graph.convert_error import ConvertError
from gluonfr.graph.nodes import Graph, Node
from gluonfr.graph.operators import constant
from gluonfr.graph.shapes import with_values
from gluonfr.graph.symbol_file import load_weights, read_symbol_nodes
from gluonfr.model_zoo import get_model_file

pytest.importorskip('onnx', reason='the extra onnx')
pytest.importorskip('onnxruntime', reason='the extra onnx')


def test_digits_are_embedded_by_the_onnx_of_a_card(tmp_path):
    to_onnx('lenetplus_arcface', tmp_path / 'net.onnx', l2=True, normalise=True)
    images = np.zeros((3, 28, 28, 3), 'uint8')
    images[1:, 4:24, 13:16] = 255  # a one, twice
    embeddings = Embedder(str(tmp_path / 'net.onnx'))(images)
    np.testing.assert_allclose(embeddings, Embedder('lenetplus_arcface')(images), atol=1e-5)
    assert embeddings[1] @ embeddings[2] > 0.9999 > embeddings[0] @ embeddings[1]


def test_a_card_in_8_bits(tmp_path, capsys):
    drawn = SyntheticFaces(16, 1)
    folder = tmp_path / 'faces'
    for i in range(len(drawn)):
        os.makedirs(str(folder / str(i)))
        (folder / str(i) / '0.png').write_bytes(encode(drawn.read(i)[0], '.png'))
    run('export', 'mobilefacenet_drawn', '--onnx', tmp_path / 'n.onnx', '--int8', '--calibrate', folder)
    assert 'certificate: ' in capsys.readouterr().out
    found = json.loads((tmp_path / 'n-int8.json').read_text())
    assert found['calibration']['lowest_cosine'] > 0.97 and found['int8']['bytes'] < 0.4 * found['float32']['bytes']


def test_shapes_and_values_of_a_shipped_graph():
    card = get_model_file('mobilefacenet_drawn')
    graph = read_symbol_nodes(card.replace('.json', '-symbol.json'))
    weights = load_weights(card.replace('.json', '.params.gz'))
    assert {node.name for node in graph.inputs} - set(weights) == {'data'}
    nodes = with_values(graph, weights, 'data', (3, 112, 112))
    assert nodes[-1] is graph.heads[0][0] and nodes[-1].shape == (1, 128)
    assert [node.shape for node in nodes if node.op == 'Convolution'][:2] == [(1, 64, 56, 56), (1, 64, 56, 56)]
    with pytest.raises(ConvertError, match='the symbol does not take images of 8 x 8 with these weights: .*'):
        with_values(read_symbol_nodes(card.replace('.json', '-symbol.json')), weights, 'data', (3, 8, 8))


VECTOR = np.float32([[1, -2], [3, 4]])


@pytest.mark.parametrize('op, attrs, more, wanted', [
    ('_minus_scalar', {'scalar': '1'}, [], VECTOR - 1), ('_rdiv_scalar', {'scalar': '2'}, [], 2 / VECTOR),
    ('_RMinusScalar', {'scalar': '1'}, [], 1 - VECTOR), ('elemwise_mul', {}, [VECTOR], VECTOR ** 2),
    ('broadcast_add', {}, [VECTOR[:1]], VECTOR + VECTOR[:1]), ('transpose', {'axes': '(1, 0)'}, [], VECTOR.T),
    ('transpose', {}, [], VECTOR.T), ('expand_dims', {'axis': '0'}, [], VECTOR[None]), ('Flatten', {}, [], VECTOR),
    ('Reshape', {'shape': '(-1, 1)'}, [], VECTOR.reshape(4, 1)), ('ones_like', {}, [], np.ones((2, 2))),
    ('Reshape', {'shape': '(0, -1, 1)'}, [], VECTOR[..., None]), ('identity', {}, [], VECTOR),
    ('Cast', {'dtype': 'float16'}, [], VECTOR)])
def test_constants(op, attrs, more, wanted):
    np.testing.assert_array_equal(constant(op, attrs, [VECTOR] + more), wanted)


@pytest.mark.parametrize('op, attrs, message', [
    ('Pooling', {'kernel': '(3, 3)', 'stride': '(0, 0)'}, 'ZeroDivision|zero'),
    ('Pooling', {'kernel': '(30, 30)'}, 'nothing is left of an input of'),
    ('Pooling', {'kernel': '(1, 1)', 'pad': '(20000, 20000)'}, 'layers must have at most 536,870,912 values'),
    ('Reshape', {'shape': '(7, 7)'}, r'cannot be reshaped to \(7, 7\)'),
    ('Reshape', {'shape': '(-3, 0)'}, 'must hold sizes, 0 and -1'), ('transpose', {'axes': '(0, 9)'}, 'out of range'),
    ('BilinearSampler', {}, 'it is none of the operators that are known')])
def test_what_a_graph_cannot_do(op, attrs, message):
    node = Node(op, 'n', attrs, [(Node('null', 'data', {}, []), 0)])
    with pytest.raises(ConvertError, match=message):
        with_values(Graph([node.inputs[0][0], node], [(node, 0)], {}), {}, 'data', (3, 8, 8))
