"""MXNet's '-symbol.json' files from elsewhere: checked before MXNet, which believes what it reads, sees them.

Some operators run code when a graph is loaded or run ('_Native' calls the address that the file names, 'Custom' a class
of Python, '_cvimread' reads a file), and an index or a count that is wrong ends in a segmentation fault, in hours or in
all memory taken. So the file is read as JSON, and only what a network for images needs is handed on.
"""
import io
import re
from contextlib import redirect_stdout
from typing import Any, Dict, Tuple

from ..utils.files import read_json
from .nodes import nodes_of

__all__ = ['OPERATORS', 'checked_graph', 'infer_shapes']

MAX_BYTES = 1 << 26
MAX_NODES = 100000
MAX_OUTPUTS = 1024  # of one node
MAX_TEXT = 4096  # characters of a name or an attribute
MAX_VALUES = 1 << 29  # of all layers, for one image
MAX_SIZE = 1 << 31  # of the numbers of a shape, multiplied
MAX_BLOCK = 1024
PLACES = 'begin', 'end', 'step', 'axes'  # attributes whose numbers are not multiplied

# Left out on purpose: what runs code, reads files, draws at random, makes arrays of nothing, or holds graphs itself.
OPERATORS = frozenset("""
    Convolution Convolution_v1 Deconvolution FullyConnected Pooling Pooling_v1 UpSampling Pad pad Crop
    BatchNorm BatchNorm_v1 CuDNNBatchNorm _contrib_BatchNormWithReLU _contrib_SyncBatchNorm InstanceNorm LayerNorm
    GroupNorm L2Normalization LRN norm
    Activation LeakyReLU relu sigmoid hard_sigmoid tanh softsign erf clip SoftmaxActivation softmax softmin log_softmax
    Dropout Flatten flatten Reshape reshape reshape_like transpose SwapAxis swapaxes expand_dims squeeze
    identity _copy Cast cast amp_cast BlockGrad stop_gradient MakeLoss make_loss zeros_like ones_like
    slice crop slice_axis slice_like SliceChannel split Concat concat stack flip reverse tile repeat
    depth_to_space space_to_depth broadcast_to broadcast_axis broadcast_axes broadcast_like
    sum sum_axis mean max max_axis min min_axis prod abs negative sign square sqrt rsqrt reciprocal exp expm1 log log1p
    floor ceil round rint trunc fix sin cos tan arcsin arccos arctan
    elemwise_add elemwise_sub elemwise_mul elemwise_div add_n ElementWiseSum _grad_add dot batch_dot where pick one_hot
    Embedding _contrib_BilinearResize2D _contrib_AdaptiveAvgPooling2D BilinearSampler GridGenerator SpatialTransformer
    SoftmaxOutput Softmax LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput SVMOutput
    softmax_cross_entropy smooth_l1
""".split())
# operators that give mean and variance, too, if an attribute says so, which others may have without a meaning
WITH_MEAN_VAR = frozenset('BatchNorm BatchNorm_v1 CuDNNBatchNorm _contrib_BatchNormWithReLU _contrib_SyncBatchNorm '
                          'LayerNorm GroupNorm'.split())
# operators that move values and make none
SAME_SIZE = frozenset('Reshape reshape reshape_like Flatten flatten transpose SwapAxis swapaxes expand_dims squeeze '
                      'depth_to_space space_to_depth'.split())
# arithmetic and comparisons, with their names of all versions: _mul_scalar and _MulScalar, _Plus and broadcast_plus
_ARITHMETIC = re.compile('(_r?|broadcast_)(add|sub|plus|minus|mul|div|power|maximum|minimum|equal|not_?equal'
                         '|(greater|lesser)(_?equal)?)(_?scalar)?', re.IGNORECASE)
_NAMED = '; gluonfr.graph.symbol_check.OPERATORS lists what is allowed'


def checked_graph(path: str) -> Dict[str, Any]:
    """Read a '-symbol.json' of a network for images.

    Returns
    -------
    dict
        The JSON that MXNet may see: in a form of our own, so what was not checked, or stands there twice, is not in it.

    Raises
    ------
    ValueError
        It is no such file, has an operator that is not in `OPERATORS` and no arithmetic, or an index, count or size
        that cannot be; with the node. A file of your own with more than that: `mxnet.gluon.SymbolBlock.imports` loads
        it, and the `Embedder` takes that network.
    OSError
        The file cannot be read.
    """
    graph = read_json(path, 'MXNet symbol', MAX_BYTES)
    try:
        return _checked(graph)
    except ValueError as error:
        raise ValueError('{} must be an MXNet symbol of a network for images: {}'.format(path, error)) from error


def infer_shapes(symbol: Any, **shapes: Tuple[int, ...]) -> Tuple[list, list, list]:
    """`Symbol.infer_shape` without what MXNet prints, if the layers have sane sizes.

    Parameters
    ----------
    symbol : Symbol
    **shapes
        Of inputs, for one image.

    Raises
    ------
    ValueError
        The layers have more than 2^29 values together: it would take more than 2 GB for one image; or shapes that MXNet
        believes do not fit each other: it would read and write behind the end of arrays.
    mxnet.MXNetError
        The shapes do not fit the symbol.
    """
    sizes = _inferred(symbol, shapes)
    if sizes is None:
        raise ValueError('the shapes of its inputs {} do not follow from the image.'.format(symbol.list_inputs()[:4]))
    total = _check_shapes(symbol, sizes)
    if total > MAX_VALUES:
        raise ValueError('the layers must have at most {:,} values for one image, got {:,}.'.format(MAX_VALUES, total))
    try:
        sizes = _inferred(symbol, {name: (2 * shape[0],) + shape[1:] for name, shape in shapes.items()})
    except RuntimeError:  # MXNet's: it will say it again where somebody gives it two
        sizes = None
    if sizes is not None:
        _check_shapes(symbol, sizes)
    with redirect_stdout(io.StringIO()):
        return symbol.infer_shape(**shapes)


def _inferred(symbol, shapes):
    """The shapes of all nodes' outputs, None where they do not follow from those of the inputs."""
    with redirect_stdout(io.StringIO()):
        sizes = symbol.get_internals().infer_shape_partial(**shapes)[1]  # which says nothing of what it cannot tell
        whole = sizes is not None and all(shape and 0 not in shape for shape in sizes)
        return sizes if whole and symbol.infer_shape(**shapes)[1] is not None else None


def _check_shapes(symbol, sizes):
    """What MXNet does not look at, and goes by all the same; returns how many values the layers have."""
    total, first, following = 0, {}, 0
    for node in nodes_of(symbol).nodes:  # by their places: two of them, or their outputs, may have one name
        first[node], following = following, following + _outputs(node.op, node.attrs)
        total += sum(map(_product, sizes[first[node]:following])) if node.op != 'null' else 0
        inputs = [sizes[first[source] + number] for source, number in node.inputs]
        if node.op in SAME_SIZE and _product(inputs[0]) != _product(sizes[first[node]]):
            raise ValueError('node {!r:.80}: {} must keep all values, got {} from {}.'.format(
                node.name, node.op, sizes[first[node]], inputs[0]))
        if node.op == 'where' and inputs[0] not in (inputs[1], inputs[1][:1]):
            raise ValueError('node {!r:.80}: the condition of where must be of shape {}, got {}.'.format(
                node.name, inputs[1], inputs[0]))
    return total


def _checked(graph):
    """What MXNet may see of a graph."""
    nodes = graph.get('nodes')
    _require(isinstance(nodes, list) and 0 < len(nodes) <= MAX_NODES,
             'it must have nodes, a list of 1 to {:,}.'.format(MAX_NODES))
    outputs, checked = [], []  # outputs: how many each node has
    for number, node in enumerate(nodes):
        op, name = (node.get('op'), node.get('name')) if isinstance(node, dict) else (None, None)
        _require(_plain(op) and _plain(name), 'node {} must have an op and a name.'.format(number))
        who = 'node {} ({!r:.80})'.format(number, name)
        _require(op == 'null' or op in OPERATORS or _ARITHMETIC.fullmatch(op),
                 '{} has the operator {!r:.80}, which is refused: no network for images needs it, and some operators '
                 'can run code{}.'.format(who, op, _NAMED))
        for key in ('subgraphs', 'control_deps'):
            _require(not node.get(key), '{} has {}, which are refused.'.format(who, key))
        inputs = [_entry(who, 'inputs', entry, outputs) for entry in _list(who, 'inputs', node.get('inputs', []))]
        _require(op != 'null' or not inputs, '{} is an input of the network and must have none itself.'.format(who))
        attrs = {}
        for key in ('param', 'attr', 'attrs'):  # two of them in files of before MXNet 1.0
            attrs.update(_attributes(who, node.get(key) or {}))
        outputs.append(_count(who, op, attrs, inputs))
        checked.append({'op': op, 'name': name, 'attrs': attrs, 'inputs': inputs})
    heads = [_entry('the graph', 'heads', entry, outputs) for entry in _list('the graph', 'heads', graph.get('heads'))]
    _require(heads, 'it must have heads.')
    inputs = [i for i, node in enumerate(checked) if node['op'] == 'null']
    version = (graph.get('attrs') or {}).get('mxnet_version') if isinstance(graph.get('attrs'), dict) else None
    if version is not None:
        _require(isinstance(version, list) and len(version) == 2 and version[0] == 'int'
                 and type(version[1]) is int and 0 < version[1] < 100000, 'mxnet_version must be ["int", number].')
    return {'nodes': checked, 'arg_nodes': inputs, 'heads': heads,
            'attrs': {} if version is None else {'mxnet_version': version}}


def _product(shape):
    count = 1
    for side in shape:  # as Python's whole numbers, which do not overflow
        count *= side
    return count


def _require(holds, what):
    if not holds:
        raise ValueError(what)


def _plain(text):
    return isinstance(text, str) and 0 < len(text) <= MAX_TEXT and text.isprintable()


def _list(who, key, value):
    _require(isinstance(value, list), '{} must have {}, a list.'.format(who, key))
    return value


def _entry(who, key, entry, outputs):
    """[node, output, version] of an input or a head, which must be there: of a node before, so there are no circles."""
    _require(isinstance(entry, list) and len(entry) in (2, 3) and all(type(part) is int for part in entry)
             and 0 <= entry[0] < len(outputs) and 0 <= entry[1] < outputs[entry[0]] and 0 <= entry[-1] < 2 ** 31,
             '{}: {} must be [node, output, version] of nodes before it and outputs that they have, got {!r:.80}.'
             .format(who, key, entry))
    return (entry + [0])[:3]


def _attributes(who, attrs):
    _require(isinstance(attrs, dict) and all(_plain(key) for key in attrs) and all(
        isinstance(value, str) and len(value) <= MAX_TEXT and (not value or value.isprintable())
        and sum(map(value.count, '([{')) <= 16 for value in attrs.values()),
        '{} must have attributes of printable text, up to {:,} characters.'.format(who, MAX_TEXT))
    return attrs


def _count(who, op, attrs, inputs):
    """How many outputs a node has; its counts are checked, which MXNet divides by or makes arrays of."""
    for key, value in attrs.items() if op != 'null' else ():
        if key.startswith('num_'):
            number = int(value) if re.fullmatch('[0-9]{1,10}', value) else 0
            _require(1 <= number < 2 ** 31, '{}: {} must be a whole number >= 1, got {!r:.80}.'.format(who, key, value))
            _require(key != 'num_args' or number == len(inputs),
                     '{}: num_args must be its {} inputs, got {:.80}.'.format(who, len(inputs), value))
            _require(key != 'num_outputs' or number <= MAX_OUTPUTS, '{}: num_outputs must be <= {}, got {:.80}.'.format(
                who, MAX_OUTPUTS, value))
            continue
        # MXNet divides by products of these, which overflow to 0 in 32 bits
        sizes = [abs(int(number)) for number in re.findall('[0-9]+', value)] if value[:1] in ('(', '[') else []
        _require(key in PLACES or _product(filter(None, sizes)) < MAX_SIZE,
                 '{}: {} must hold sizes whose product is below 2^31, got {!r:.80}.'.format(who, key, value))
        _require(key != 'block_size' or re.fullmatch('[0-9]{1,4}', value) and 1 <= int(value) <= MAX_BLOCK,
                 '{}: block_size must be in [1, {}], got {!r:.80}.'.format(who, MAX_BLOCK, value))
    _require(attrs.get('use_length') in (None, 'True', 'False', '1', '0'),
             '{}: use_length must be True or False, got {!r:.80}.'.format(who, attrs.get('use_length')))
    _require(op != 'UpSampling' or attrs.get('sample_type') != 'bilinear' or 'num_filter' in attrs,
             '{}: num_filter must be there, for sample_type bilinear.'.format(who))
    return _outputs(op, attrs)


def _outputs(op, attrs):
    if op in ('SliceChannel', 'split'):
        return int(attrs.get('num_outputs', 1))
    return 3 if op in WITH_MEAN_VAR and attrs.get('output_mean_var') in ('True', 'true', '1') else 1
