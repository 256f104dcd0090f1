"""MXNet's symbols as layers."""
import ast
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence, Tuple, Union

import numpy as np

from ..utils.messages import describe, names
from .convert_error import ConvertError
from .layers import SCALES, Layer, Value, arithmetic, pool, times
from .nodes import Graph, Node, Output, count_uses, first_outputs, nodes_before, nodes_of
from .operators import FLATTEN, NOTHING, argument, constant, pair, scalar
from .source import Scaling, Source
from .symbol_check import infer_shapes
from .symbol_file import data_of_symbol

if TYPE_CHECKING:
    import mxnet as mx
    from mxnet import nd

Symbol = Union['mx.sym.Symbol', Graph]

__all__ = ['behind_embedding', 'check_shapes', 'embedding_of', 'layers_of', 'read_symbol', 'scaling_of_symbol']

SUMS = {'add_n', 'ElementWiseSum', '_grad_add'}
NORMS = {'BatchNorm', 'BatchNorm_v1', 'CuDNNBatchNorm'}
CONSTANTS = {'ones_like', 'zeros_like', 'expand_dims', 'transpose'}  # besides arithmetic and what does nothing
MOST = 1 << 26  # values that a constant can have at most by the sizes of what it is made of
# operators whose output is class scores or a loss of them
SCORES = {'LogisticRegressionOutput', 'SVMOutput', 'Softmax', 'SoftmaxActivation', 'SoftmaxOutput', 'log_softmax',
          'softmax', 'softmax_cross_entropy'}
EMBEDDING = 'fc1'  # the name that InsightFace's symbols give it, also where they go on to class scores


def read_symbol(symbol: Symbol, weights: Mapping[str, np.ndarray]) -> Source:
    """Read a symbol with its weights.

    Parameters
    ----------
    symbol : Symbol or Graph
        Its first output is the embedding.
    weights : dict of str to array

    Returns
    -------
    Source

    Raises
    ------
    ConvertError
        Weights are missing, or have a shape that does not fit.
    """
    graph = nodes_of(symbol)
    inputs = [node.name for node in graph.inputs]
    data = data_of_symbol(graph, weights)
    missing = [name for name in inputs if name not in weights and name != data]
    unused = [name for name in weights if name not in inputs]
    if missing or data is None:
        raise ConvertError('the weights are not those of the symbol: missing {}; unused {}.'.format(
            names(missing), names(unused)))
    try:
        return _source(graph, {name: weights[name] for name in inputs if name != data}, data, unused)
    except ConvertError:
        raise
    except Exception as error:  # a damaged symbol may raise any
        raise ConvertError('the symbol is damaged, or has a form that cannot be read: {}'.format(
            describe(error))) from error


def _source(graph, arrays, data, unused):
    shape = next(node for node in graph.inputs if node.name == data).attrs.get('__shape__')
    shape = ast.literal_eval(shape) if shape else ()
    size = tuple(shape[2:]) if len(shape) == 4 and all(shape[2:]) else None
    return Source(layers_of(graph, arrays), size, unused)


def check_shapes(symbol: 'mx.sym.Symbol', weights: Dict[str, 'nd.NDArray'], shape: Tuple[int, int, int]) -> int:
    """How many values the embedding of a symbol has.

    Parameters
    ----------
    symbol : Symbol
    weights : dict of str to NDArray
    shape : (int, int, int)
        Channels, height and width of an image.

    Raises
    ------
    ConvertError
        It does not take such images, or weights of these shapes with them, or gives no embeddings (N, D).
    """
    from mxnet import MXNetError
    data = data_of_symbol(symbol, weights)
    try:
        arguments, outputs, states = infer_shapes(symbol, **{data: (1,) + tuple(shape)})
    except (MXNetError, ValueError) as error:
        raise ConvertError('the symbol does not take images of {} x {}: {}'.format(
            *shape[1:], str(error).strip().splitlines()[-1])) from error
    wanted = dict(zip(symbol.list_arguments(), arguments), **dict(zip(symbol.list_auxiliary_states(), states)))
    given = {name: weights[name].shape if name in weights else 'none' for name in wanted}
    wrong = ['{} must be {}, got {}'.format(name, shape, given[name]) for name, shape in wanted.items()
             if name != data and given[name] != shape]
    if wrong:
        raise ConvertError('the weights are not those of the symbol: {}.'.format(names(wrong, 4)))
    if len(outputs[0]) < 2:
        raise ConvertError('the symbol must give an embedding for each image, got shape {} for one.'.format(
            outputs[0]))
    return outputs[0][1]


def behind_embedding(symbol: Symbol) -> str:
    """What shows that a symbol goes on behind the embedding, as one for training does; '' if nothing does."""
    graph = nodes_of(symbol)
    labels, last = [node.name for node in graph.inputs if node.name.endswith('label')], graph.heads[0][0]
    if labels:
        return 'takes labels, for training ({})'.format(names(labels))
    if last.op in SCORES:
        return 'ends in class scores ({}), not in an embedding'.format(last.op)
    if last.op == 'FullyConnected' and last.name != EMBEDDING and _named_embedding(nodes_before(last)):
        return 'ends in the layer {} behind its embedding, {}'.format(last.name, EMBEDDING)
    return ''


def _named_embedding(nodes):
    """The node that is called as InsightFace calls the embedding, or None."""
    return next((node for node in nodes if node.name == EMBEDDING and node.op != 'null'), None)


def embedding_of(symbol: Symbol) -> Symbol:
    """The part of a symbol that ends in the embedding, not normalised: a symbol for training goes on behind it."""
    graph = nodes_of(symbol)
    goes_on = len(graph.heads) > 1 or behind_embedding(graph)
    named = _named_embedding(nodes_before(*(node for node, _ in graph.heads))) if goes_on else None
    head = graph.heads[0] if named is None else (named, 0)
    while head[0].op in NOTHING | {'L2Normalization'}:
        head = head[0].inputs[0]
    return Graph(nodes_before(head[0]), [head], graph.attrs) if symbol is graph else _part(symbol, graph.nodes, head)


def _part(symbol: 'mx.sym.Symbol', nodes: Sequence[Node], output: Output) -> 'mx.sym.Symbol':
    """The symbol of one output of its nodes."""
    internals = symbol.get_internals()
    return internals[first_outputs(nodes, internals.list_outputs())[nodes.index(output[0])] + output[1]]


def scaling_of_symbol(symbol: Symbol, weights: Mapping[str, Any]) -> Scaling:
    """What a symbol does to its input first.

    Parameters
    ----------
    symbol : Symbol or Graph
    weights : dict of str to array or NDArray

    Returns
    -------
    Scaling
    """
    return Source(layers_of(symbol, _Arrays(weights), begin=True), None, []).scaling


class _Arrays(dict):
    """{name: NDArray} that gives NumPy arrays."""

    def __getitem__(self, name):
        array = super().__getitem__(name)
        return array.asnumpy() if hasattr(array, 'asnumpy') else array


def layers_of(symbol: Symbol, arrays: Mapping[str, np.ndarray], begin: bool = False) -> Layer:
    """The layer of a symbol's first output; what is not in `arrays` is the input.

    With `begin` only what may scale the input and the layers behind it are read, so that it can be any graph; the rest
    is of the kind 'rest'.
    """
    nodes, heads, _ = nodes_of(symbol)
    reads, layers = count_uses(nodes), {}
    for node in nodes:
        if node.op == 'null':
            known = node.name in arrays
            layers[node] = Value(node.name, arrays[node.name]) if known else Layer('input', node.name)
            continue
        sources = [layers[source] for source, _ in node.inputs]
        inputs = [source for source in sources if isinstance(source, Layer)]
        if begin and any(layer.kind not in SCALES for layer in inputs):
            layers[node] = Layer('rest', node.name, inputs)
        elif not inputs and _is_constant(node.op, sources):
            array = constant(node.op, node.attrs, [source.array.astype('float32') for source in sources])
            layers[node] = Value(node.name, array)
        else:
            alone = all(reads[source] == 1 for source, _ in node.inputs if isinstance(layers[source], Layer))
            layers[node] = _layer(node.op, node.name, node.attrs, sources, alone)
    return layers[heads[0][0]]


def _is_constant(op, sources):
    """Whether the node of an operator, which no input leads to, may be run to see what constant it makes."""
    known = op in CONSTANTS | NOTHING | FLATTEN or scalar(op) or pair(op)
    return known and sources and np.prod([float(source.array.size) for source in sources]) <= MOST


def _layer(op, name, attrs, sources, alone):
    """The layer of one node; `alone`: nothing else reads its inputs."""
    def get(key, default):
        return argument(attrs, key, default)

    def two(key, default):
        return tuple(get(key, ())) or (default, default)

    weights = [source for source in sources if isinstance(source, Value)]
    inputs = [source for source in sources if isinstance(source, Layer)]
    if op in NOTHING and inputs:
        return inputs[0]
    if op in FLATTEN and inputs:
        return inputs[0].flattened()
    if op == 'Convolution' and len(inputs) == 1 and len(get('kernel', ())) == 2:
        return Layer('conv', name, inputs, dict(zip(('weight', 'bias'), weights)), kernel=tuple(get('kernel', ())),
                     stride=two('stride', 1), pad=two('pad', 0), dilate=two('dilate', 1),
                     groups=int(get('num_group', 1)))
    if op == 'FullyConnected' and len(inputs) == 1:
        return Layer('dense', name, inputs, dict(zip(('weight', 'bias'), weights)))
    if op in NORMS and len(inputs) == 1 and int(get('axis', 1)) == 1:
        values, fixed = dict(zip(('gamma', 'beta', 'mean', 'var'), weights)), bool(get('fix_gamma', True))
        if fixed:
            values['gamma'] = Value(values['gamma'].name, np.ones_like(values['gamma'].array))
        return Layer('norm', name, inputs, values, eps=float(get('eps', 1e-3)), fixed=fixed)
    if op == 'LeakyReLU' and attrs.get('act_type', 'leaky') in ('prelu', 'leaky'):
        slopes = weights[0] if weights else Value(name, np.float32([get('slope', 0.25)]))
        return Layer('prelu', name, inputs, {'slopes': slopes})
    if op == 'Activation':
        return Layer(attrs['act_type'], name, inputs)
    if op == 'Pooling':
        kind = attrs.get('pool_type', 'max')
        if get('global_pool', False):
            return pool(name, inputs[0], kind)
        return pool(name, inputs[0], kind, tuple(get('kernel', ())), two('stride', 1), two('pad', 0),
                    attrs.get('pooling_convention') == 'full', bool(get('count_include_pad', True)))
    if op in SUMS and len(inputs) == 2 == len(sources):
        return Layer('add', name, inputs)
    if op == 'negative' and inputs:
        return times(name, inputs[0], -1.0, alone)
    of_two, with_number = pair(op), scalar(op)
    if of_two and len(sources) == 2:
        layer = None
        if len(inputs) == 1:
            layer = arithmetic(of_two, name, sources, alone)
        elif of_two in ('add', 'mul'):
            layer = Layer(of_two, name, inputs)
        if layer is not None:
            return layer
    if with_number and inputs:
        (kind, comes_first), value = with_number, Value(name, np.float64(attrs['scalar']))
        layer = arithmetic(kind, name, [value, inputs[0]] if comes_first else [inputs[0], value], alone)
        if layer is not None:
            return layer
    return Layer(op, name, inputs, {str(i): value for i, value in enumerate(weights)}, attrs=attrs)
