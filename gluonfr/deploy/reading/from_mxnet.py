"""MXNet's symbols as layers."""
import ast
import json
import re

import mxnet as mx
import numpy as np

from .error import ConvertError, names
from .layers import Layer, Source, Value, flattened, plus, pool, times

__all__ = ['check_shapes', 'embedding_of', 'layers_of', 'read_symbol']

NOTHING = {'identity', '_copy', 'BlockGrad', 'Dropout', 'Cast', 'amp_cast', 'make_loss', 'MakeLoss'}
FLATTEN = {'Flatten', 'flatten', 'Reshape', 'reshape'}
SUM = {'elemwise_add', '_plus', '_Plus', 'broadcast_add', 'broadcast_plus', 'add_n', 'ElementWiseSum', '_grad_add'}
PRODUCT = {'elemwise_mul', '_mul', '_Mul', 'broadcast_mul'}
NORMS = {'BatchNorm', 'BatchNorm_v1', 'CuDNNBatchNorm'}
SCALAR = re.compile(r'_?(plus|minus|mul|div)_?scalar', re.IGNORECASE)
EMBEDDING = 'fc1'  # the name that InsightFace's symbols give it, also where they go on to class scores


def read_symbol(symbol, weights):
    """Read a symbol with its weights.

    Parameters
    ----------
    symbol : Symbol
        Its first output is the embedding.
    weights : dict of str to NDArray

    Returns
    -------
    Source

    Raises
    ------
    ConvertError
        Weights are missing, or have a shape that does not fit.
    """
    inputs = symbol.list_inputs()
    data = 'data' if 'data' in inputs else next((name for name in inputs if name not in weights), None)
    missing = [name for name in inputs if name not in weights and name != data]
    unused = [name for name in weights if name not in inputs]
    if missing or data is None:
        raise ConvertError('the weights are not those of the symbol: missing {}; unused {}.'.format(
            names(missing), names(unused)))
    arrays = {name: weights[name].asnumpy() for name in inputs if name != data}
    shape = symbol.attr_dict().get(data, {}).get('__shape__')
    shape = ast.literal_eval(shape) if shape else ()
    size = tuple(shape[2:]) if len(shape) == 4 and all(shape[2:]) else None
    return Source(layers_of(symbol, arrays), size, unused)


def check_shapes(symbol, weights, size):
    """Raise a ConvertError unless a symbol takes weights of these shapes with images of a size, (H, W)."""
    data = [name for name in symbol.list_inputs() if name not in weights][0]
    try:
        arguments, _, states = symbol.infer_shape(**{data: (1, 3) + tuple(size)})
    except mx.MXNetError as error:
        raise ConvertError('the symbol does not take images of {} x {}: {}'.format(
            *size, str(error).strip().splitlines()[-1])) from error
    wanted = dict(zip(symbol.list_arguments(), arguments), **dict(zip(symbol.list_auxiliary_states(), states)))
    wrong = ['{} must be {}, got {}'.format(name, shape, weights[name].shape) for name, shape in wanted.items()
             if name != data and weights[name].shape != shape]
    if wrong:
        raise ConvertError('the weights are not those of the symbol: {}.'.format(names(wrong, 4)))


def embedding_of(symbol):
    """The part of a symbol that ends in the embedding, not normalised: a symbol for training goes on behind it."""
    internals, output = symbol.get_internals(), EMBEDDING + '_output'
    trains = len(symbol.list_outputs()) > 1 or any(name.endswith('label') for name in symbol.list_inputs())
    symbol = internals[output] if trains and output in internals.list_outputs() else symbol[0]
    while json.loads(symbol.tojson())['nodes'][-1]['op'] in NOTHING | {'L2Normalization'}:
        symbol = symbol.get_children()[0]
    return symbol


def layers_of(symbol, arrays):
    """The layer of a symbol's first output; what is not in `arrays` is the input."""
    graph = json.loads(symbol.tojson())
    nodes, layers = graph['nodes'], []
    readers = [source[0] for node in nodes for source in node['inputs']]
    for node in nodes:
        sources = [layers[source[0]] for source in node['inputs']]
        if node['op'] == 'null':
            name = node['name']
            layers.append(Value(name, arrays[name]) if name in arrays else Layer('input', name))
            continue
        alone = readers.count(node['inputs'][0][0]) == 1 if node['inputs'] else False
        layers.append(_layer(node['op'], node['name'], node.get('attrs', {}), sources, alone))
    return layers[graph['heads'][0][0]]


def _layer(op, name, attrs, sources, alone):
    """The layer of one node; `alone`: nothing else reads its first input."""
    def get(key, default):
        value = attrs.get(key)
        return default if value in (None, 'None') else ast.literal_eval(value)

    def pair(key, default):
        return tuple(get(key, ())) or (default, default)

    weights = [source for source in sources if isinstance(source, Value)]
    inputs = [source for source in sources if isinstance(source, Layer)]
    if op in NOTHING and inputs:
        return inputs[0]
    if op in FLATTEN and inputs:
        return flattened(inputs[0])
    if op == 'Convolution' and len(inputs) == 1 and len(get('kernel', ())) == 2:
        return Layer('conv', name, inputs, dict(zip(('weight', 'bias'), weights)), kernel=tuple(get('kernel', ())),
                     stride=pair('stride', 1), pad=pair('pad', 0), dilate=pair('dilate', 1),
                     groups=int(get('num_group', 1)))
    if op == 'FullyConnected' and len(inputs) == 1:
        return Layer('dense', name, inputs, dict(zip(('weight', 'bias'), weights)))
    if op in NORMS and len(inputs) == 1 and int(get('axis', 1)) == 1:
        layer = Layer('norm', name, inputs, dict(zip(('gamma', 'beta', 'mean', 'var'), weights)))
        layer.eps, layer.fixed = float(get('eps', 1e-3)), bool(get('fix_gamma', True))
        if layer.fixed:
            gamma = layer.values['gamma']
            layer.values['gamma'] = Value(gamma.name, np.ones_like(gamma.array))
        return layer
    if op == 'LeakyReLU' and attrs.get('act_type', 'leaky') in ('prelu', 'leaky'):
        slopes = weights[0] if weights else Value(name, np.float32([get('slope', 0.25)]))
        return Layer('prelu', name, inputs, {'slopes': slopes})
    if op == 'Activation':
        return Layer(attrs['act_type'], name, inputs)
    if op == 'Pooling':
        kind = attrs.get('pool_type', 'max')
        if get('global_pool', False):
            return pool(name, inputs[0], kind)
        return pool(name, inputs[0], kind, tuple(get('kernel', ())), pair('stride', 1), pair('pad', 0),
                    attrs.get('pooling_convention') == 'full', bool(get('count_include_pad', True)))
    if op in SUM and len(inputs) == 2:
        return Layer('add', name, inputs)
    if op in PRODUCT and len(inputs) == 2:
        return Layer('mul', name, inputs)
    scalar = SCALAR.fullmatch(op)
    if scalar and inputs:
        kind, value = scalar.group(1).lower(), float(attrs['scalar'])
        if kind in ('plus', 'minus'):
            return plus(name, inputs[0], value if kind == 'plus' else -value, alone)
        return times(name, inputs[0], value if kind == 'mul' else 1 / value, alone)
    return Layer(op, name, inputs, {str(i): value for i, value in enumerate(weights)}, attrs=attrs)
