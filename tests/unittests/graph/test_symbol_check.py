"""gluonfr.graph.symbol_check: symbols from elsewhere are checked before MXNet sees them."""
import json
from contextlib import nullcontext

import mxnet as mx
import pytest
from fuzz_operators import GOOD, known_operators

from gluonfr.convert import convert, to_onnx
from gluonfr.deploy import Embedder, load_net
from gluonfr.finetune import open_start
from gluonfr.graph.symbol_check import _outputs, infer_shapes
from gluonfr.graph.symbol_file import read_symbol_file
from gluonfr.model_zoo import InputSpec, get_model
from gluonfr.model_zoo.card_file import SYMBOL, write_card
from gluonfr.nn import plain_operators
from gluonfr.utils.files import file_sha256

FITTING = {'act_type': 'relu', 'sample_type': 'nearest', 'transform_type': 'affine', 'sampler_type': 'bilinear',
           'mode': 'constant', 'dtype': 'float32', 'end': '(1, 2)'}
NEEDED = {'slice_axis': {'begin': 0, 'end': 1}, 'Pooling': {'kernel': '(1, 1)'}, 'Pooling_v1': {'kernel': '(1, 1)'}}
DATA = {'op': 'null', 'name': 'data', 'inputs': []}
WEIGHT = {'op': 'null', 'name': 'w', 'inputs': []}


def node(op, *inputs, **attrs):
    return {'op': op, 'name': 'x', 'inputs': [[i, 0, 0] if isinstance(i, int) else i for i in inputs],
            'attrs': {key: str(value) for key, value in attrs.items()}}


def write(folder, *nodes, **entries):
    graph = {'nodes': list(nodes), 'arg_nodes': [0], 'heads': [[len(nodes) - 1, 0, 0]],
             'attrs': {'mxnet_version': ['int', 10901]}}
    path = folder / 'm-symbol.json'
    path.write_text(json.dumps(dict(graph, **entries)), encoding='utf-8')
    return str(path)


@pytest.fixture
def no_mxnet(monkeypatch):
    """MXNet sees nothing of a file that is refused."""
    monkeypatch.setattr(mx.sym, 'load_json', lambda text: pytest.fail('MXNet saw it'))
    monkeypatch.setattr(mx.sym, 'load', lambda path: pytest.fail('MXNet saw it'))


@pytest.mark.parametrize('op', ['_Native', '_NDArray', 'Custom', '_CustomFunction', '_CachedOp', '_cvimread',
                                '_CrossDeviceCopy', '_foreach', '_cond', '_while_loop', '_sg_mkldnn_conv', '_FusedOp',
                                '_TensorRT', 'random_uniform', '_zeros', 'Nothing', 'convolution'])
def test_operators_that_no_net_needs_are_refused_by_name(tmp_path, no_mxnet, op):
    with pytest.raises(ValueError, match=r"node 1 \('x'\) has the operator '{}', which is refused".format(op)):
        read_symbol_file(write(tmp_path, DATA, node(op, 0, info='0x7f00')))


@pytest.mark.parametrize('nodes, entries, message', [
    ([DATA, node('relu', 1)], {}, r'inputs must be .* got \[1, 0, 0\]'),  # itself
    ([DATA, node('relu', 2), node('relu', 1)], {}, 'nodes before it'),
    ([DATA, node('relu', -1)], {}, 'nodes before it'),
    ([DATA, node('relu', 2 ** 40)], {}, 'nodes before it'),
    ([DATA, node('relu', [0, 1, 0])], {}, 'outputs that they have'),
    ([DATA, node('relu', [0, -1, 0])], {}, 'outputs that they have'),
    ([DATA, node('relu', [0, 0, -1])], {}, 'must be'),
    ([DATA, node('relu', [True, 0, 0])], {}, 'must be'),
    ([DATA, node('relu', [0])], {}, 'must be'),
    ([DATA, node('null', 0)], {}, 'must have none itself'),
    ([DATA, node('relu', 0)], {'heads': [[9, 0, 0]]}, 'the graph: heads must be'),
    ([DATA, node('relu', 0)], {'heads': [[1, 3, 0]]}, 'the graph: heads must be'),
    ([DATA, node('relu', 0, output_mean_var=True)], {'heads': [[1, 1, 0]]}, 'the graph: heads must be'),
    ([dict(DATA, attrs={'output_mean_var': 'True'}), node('relu', [0, 2, 0])], {}, 'outputs that they have'),
    ([DATA, node('relu', 0)], {'heads': []}, 'must have heads'),
    ([DATA, node('relu', 0)], {'heads': None}, 'must have heads'),
    ([DATA, node('Convolution', 0, num_group=0)], {}, "num_group must be a whole number >= 1, got '0'"),
    ([DATA, node('Convolution', 0, num_filter='9' * 3000)], {}, 'num_filter must be'),
    ([DATA, node('GroupNorm', 0, num_groups=-2)], {}, 'num_groups must be'),
    ([DATA, node('Concat', 0, num_args=2 * 10 ** 9)], {}, 'num_args must be its 1 inputs'),
    ([DATA, node('SliceChannel', 0, num_outputs=2 * 10 ** 9)], {}, 'num_outputs must be <= 1024'),
    ([DATA, node('depth_to_space', 0, block_size=65536)], {}, r"block_size must be in \[1, 1024\], got '65536'"),
    ([DATA, node('space_to_depth', 0, block_size=-2 ** 31)], {}, 'block_size must be in'),
    ([DATA, node('Reshape', 0, shape=(-1, 65536, 65536))], {}, 'shape must hold sizes whose product is below 2\\^31'),
    ([DATA, node('Convolution', 0, kernel=[65536, 65536])], {}, 'kernel must hold sizes'),
    ([DATA, node('softmax', 0, 0, use_length=None)], {}, "use_length must be True or False, got 'None'"),
    ([DATA, WEIGHT, node('UpSampling', 0, 1, scale=2, sample_type='bilinear', num_args=2)], {},
     'num_filter must be there, for sample_type bilinear'),
    ([DATA, dict(node('relu', 0), subgraphs=[{'nodes': []}])], {}, 'has subgraphs, which are refused'),
    ([DATA, dict(node('relu', 0), control_deps=[5])], {}, 'has control_deps, which are refused'),
    ([DATA, node('relu', 0, big='x' * 5000)], {}, 'attributes of printable text'),
    ([DATA, node('relu', 0, deep='(' * 50)], {}, 'attributes of printable text'),
    ([DATA, dict(node('relu', 0), attrs={'a': 1})], {}, 'attributes of printable text'),
    ([DATA, dict(node('relu', 0), name='a\nb')], {}, 'must have an op and a name'),
    ([DATA, 5], {}, 'node 1 must have an op and a name'),
    ([], {}, 'it must have nodes'),
    ([DATA], {'nodes': {}}, 'it must have nodes'),
    ([DATA], {'attrs': {'mxnet_version': ['list_int', [1]]}}, 'mxnet_version must be')])
def test_indices_counts_and_texts_that_cannot_be(tmp_path, no_mxnet, nodes, entries, message):
    with pytest.raises(ValueError, match='must be an MXNet symbol of a network for images: .*' + message) as caught:
        read_symbol_file(write(tmp_path, *nodes, **entries))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize('text, message', [
    ('[' * 100000, 'nested too deeply'), ('{"nodes":', 'is no MXNet symbol'), ('5' * 100000, '100,000 digits'),
    ('\ud800', "can't decode"), ('5', 'it must be an object, got a int')])
def test_files_that_are_no_graph(tmp_path, no_mxnet, text, message):
    path = tmp_path / 'm-symbol.json'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    with pytest.raises(ValueError, match=message):
        read_symbol_file(str(path))


def test_what_stands_there_twice_does_not_reach_mxnet(tmp_path):
    path = tmp_path / 'm-symbol.json'
    path.write_text('{"nodes": [{"op": "null", "name": "data", "inputs": []}, {"op": "Custom", "op": "relu", '
                    '"op_type": "evil", "name": "x", "inputs": [[0, 0, 0]]}], "heads": [[1, 0, 0]]}')
    assert [entry['op'] for entry in json.loads(read_symbol_file(str(path)).tojson())['nodes']] == ['null', 'relu']


def test_layers_larger_than_memory_are_refused(tmp_path, capfd):
    symbol = read_symbol_file(write(tmp_path, DATA, node('UpSampling', 0, scale=10 ** 6, sample_type='nearest',
                                                       num_args=1)))
    with pytest.raises(ValueError, match='must have at most 536,870,912 values for one image, got 768,000,000,000,000'):
        infer_shapes(symbol, data=(1, 3, 16, 16))
    symbol = read_symbol_file(write(tmp_path, DATA, WEIGHT, node('elemwise_add', 0, 1)))
    with pytest.raises(mx.MXNetError):
        infer_shapes(symbol, data=(1, 3, 16, 16), w=(2, 3))
    assert 'infer_shape error' not in capfd.readouterr().out  # MXNet prints it


def test_layers_do_not_hide_behind_the_names_of_weights(tmp_path):
    """A layer's output is called as that weight is."""
    large = dict(node('UpSampling', 0, scale=10 ** 6, sample_type='nearest', num_args=1), name='big')
    symbol = read_symbol_file(write(tmp_path, DATA, large, dict(WEIGHT, name='big_output'),
                                    dict(node('sum', 1), name='a'), dict(node('broadcast_add', 3, 2), name='b')))
    with pytest.raises(ValueError, match='must have at most 536,870,912 values for one image'):
        infer_shapes(symbol, data=(1, 3, 16, 16), big_output=(1,))


def test_operators_have_as_many_outputs_as_are_counted(tmp_path):
    for op, takes in known_operators().items():
        names = [name for name, kind in takes if kind.startswith(('NDArray', 'Symbol'))] or ['data']
        attrs = dict({'num_args': len(names)} if 'num_args' in dict(takes) or op in ('add_n', 'ElementWiseSum') else {},
                     **{name: FITTING.get(name) or GOOD.get(name) or '1' for name, kind in takes
                        if 'required' in kind and not kind.startswith(('NDArray', 'Symbol'))})
        attrs.update(NEEDED.get(op, {}))
        for more in [{}] + [{'output_mean_var': True}] * ('output_mean_var' in dict(takes)):
            inputs = [{'op': 'null', 'name': 'in_' + name} for name in names]
            symbol = read_symbol_file(write(tmp_path, *inputs, node(op, *range(len(names)), **attrs, **more), attrs={}))
            found = set(symbol.get_internals().list_outputs()) - set(symbol.list_inputs())
            assert len(found) == _outputs(op, {name: str(value) for name, value in {**attrs, **more}.items()}), op


@pytest.mark.parametrize('shape, said', [
    ('(0, 2)', r'Reshape must keep all values, got \(1, 2\) from \(1, 3, 4, 4\)'), ('(7, 9)', r'got \(7, 9\) from'),
    ('(1, 48)', r'got \(1, 48\) from \(2, 3, 4, 4\)'),  # of one image it does
    ('(0, -1)', ''), ('(-1, 48)', ''), ('(0, -3, -2)', ''), ('(1, -1)', '')])
def test_a_reshape_keeps_all_values_of_any_number_of_images(tmp_path, shape, said):
    """MXNet would write into a smaller array, behind its end."""
    symbol = read_symbol_file(write(tmp_path, DATA, node('Reshape', 0, shape=shape)))
    with pytest.raises(ValueError, match=said) if said else nullcontext():
        infer_shapes(symbol, data=(1, 3, 4, 4))


def test_attributes_without_a_meaning_count_for_nothing(tmp_path):
    """Else what is checked would be the shapes of other nodes."""
    relu = dict(node('relu', 0, output_mean_var=True), name='a')
    symbol = read_symbol_file(write(tmp_path, dict(DATA, attrs={'output_mean_var': 'True'}), relu,
                                    node('Reshape', 1, shape='(0, 2)')))
    with pytest.raises(ValueError, match='Reshape must keep all values'):
        infer_shapes(symbol, data=(1, 3, 4, 4))


@pytest.mark.parametrize('condition, fits', [((2, 3, 4), True), ((2,), True), ((2, 3), False), ((1, 2, 3, 4), False)])
def test_the_condition_of_a_where_has_the_shape_of_what_it_chooses_from(tmp_path, condition, fits):
    parts = dict(node('SliceChannel', 0, num_outputs=2, axis=1), name='parts')  # of two outputs before it
    symbol = read_symbol_file(write(tmp_path, DATA, parts, WEIGHT, dict(WEIGHT, name='v'),
                                    node('where', 2, [1, 1, 0], 3)))
    with nullcontext() if fits else pytest.raises((ValueError, mx.MXNetError)):
        assert infer_shapes(symbol, data=(2, 6, 4), w=condition, v=(2, 3, 4))[1] == [(2, 3, 4)]


def of_card(folder, path, params):
    """A card that says: the network is this symbol."""
    write_card(str(folder / 'card.json'), params, SYMBOL, {'graph': 'm-symbol.json', 'sha256': file_sha256(path)},
               InputSpec((16, 16), embedding_size=3))
    return str(folder / 'card.json')


@pytest.mark.parametrize('way', [
    lambda folder, path, params: load_net(path), lambda folder, path, params: load_net(of_card(folder, path, params)),
    lambda folder, path, params: Embedder(of_card(folder, path, params)),
    lambda folder, path, params: Embedder(path, engine='onnxruntime'),
    lambda folder, path, params: convert(path, str(folder / 'out')),
    lambda folder, path, params: to_onnx(of_card(folder, path, params), str(folder / 'out.onnx')),
    lambda folder, path, params: open_start(path, str(folder / 'out'))],
    ids=['symbol', 'card', 'Embedder', 'engine', 'convert', 'to_onnx', 'finetune'])
@pytest.mark.parametrize('bad, message', [
    (node('_Native', 0, info='0x7f00'), "has the operator '_Native', which is refused"),
    (node('relu', 7), 'inputs must be'),
    (node('Convolution', 0, 1, num_group=0, kernel=(1, 1), num_filter=3), 'num_group')])
def test_every_way_to_mxnet_has_the_check(tmp_path, no_mxnet, way, bad, message):
    path, params = write(tmp_path, DATA, WEIGHT, bad), str(tmp_path / 'm-0000.params')
    mx.nd.save(params, {'arg:w': mx.nd.ones((3, 3, 1, 1))})
    with pytest.raises(ValueError, match=message):
        way(tmp_path, path, params)


@pytest.mark.parametrize('name', ['attention_net56', 'iresnet18', 'lenetplus', 'mbf', 'miniresnet18', 'mobilefacenet',
                                  'mobilefacenet_ring', 'mobilefacenet_shared', 'mobilefacenet_y1', 'resnet18_v1b_face',
                                  'resnet50_v1d_face', 'se_resnet18_v2', 'se_resnet50_v2'])  # one of each make
def test_nets_of_the_zoo_pass_unchanged(tmp_path, name):
    net = get_model(name, classes=3)
    path = tmp_path / 'm-symbol.json'
    for plain in (False, True):  # as they train, and as they are exported
        with plain_operators() if plain else nullcontext():
            output = net(mx.sym.var('data'))
        text = (output[0] if isinstance(output, (list, tuple)) else output).tojson()
        path.write_text(text)
        assert read_symbol_file(str(path)).tojson() == text


@pytest.mark.parametrize('make', [
    lambda x: mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=3, name='fc7'), name='softmax'),
    lambda x: (mx.sym.Group([x * 2 - 1, x / 3 + 4, 1 - x, x > 0]))[0],
    lambda x: mx.sym.Concat(*mx.sym.SliceChannel(x, num_outputs=3), dim=1),
    lambda x: mx.sym.broadcast_sub(x, mx.sym.var('mean', shape=(1, 3, 1, 1)))])
def test_graphs_of_others_pass_unchanged(tmp_path, make):
    path = tmp_path / 'm-symbol.json'
    text = make(mx.sym.var('data')).tojson()
    path.write_text(text)
    assert read_symbol_file(str(path)).tojson() == text


@pytest.mark.parametrize('op', ['_MulScalar', '_mul_scalar', '_RMinusScalar', '_Plus', '_Greater_Equal',
                                'broadcast_add', '_GreaterEqualScalar', '_NotEqualScalar', '_maximum_scalar',
                                'broadcast_lesser_equal'])
def test_arithmetic_of_all_versions_is_known(tmp_path, op):
    inputs = (0,) if op.lower().endswith('scalar') else (0, 1)
    scalar = {'scalar': '2'} if len(inputs) == 1 else {}
    symbol = read_symbol_file(write(tmp_path, DATA, WEIGHT, node(op, *inputs, **scalar)))
    assert infer_shapes(symbol, data=(2, 3), **({} if scalar else {'w': (2, 3)}))[1] == [(2, 3)]


def test_a_symbol_of_mxnet_before_1_0(tmp_path):
    """Parameters lay in `param`, others in `attr`; auxiliary states were not listed."""
    old = dict(node('BatchNorm', 0, 1, 2), param={'eps': '0.001', 'fix_gamma': 'True'}, attr={'lr_mult': '0.1'},
               backward_source_id=-1)
    del old['attrs']
    path = write(tmp_path, DATA, dict(WEIGHT, name='x_gamma', backward_source_id=-1), dict(WEIGHT, name='x_beta'), old,
                 attrs={})
    symbol = read_symbol_file(path)
    assert symbol.list_auxiliary_states() == ['x_moving_mean', 'x_moving_var']
    assert json.loads(symbol.tojson())['nodes'][-1]['attrs']['eps'] == '0.001'


def test_published_y1_passes_unchanged(test_data):
    path = str(test_data('weights/insightface_mobilefacenet_y1/model-symbol.json'))
    assert read_symbol_file(path).tojson() == mx.sym.load(path).tojson()
