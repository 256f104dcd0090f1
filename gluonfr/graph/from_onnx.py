"""ONNX graphs as layers."""
from collections import Counter
from typing import Any

import numpy as np

from ..utils.messages import describe, names
from .convert_error import ConvertError
from .layers import SCALES, Layer, Value, arithmetic, in_order, pool, times
from .onnx_constants import constants_of
from .onnx_file import input_of
from .source import Scaling, Source

__all__ = ['read_onnx', 'scaling_of_onnx']

OLDEST = 7  # before it, BatchNormalization, Gemm and Dropout meant something else
NOTHING = ('Identity', 'Dropout', 'Cast')
SCALING = ('Add', 'Sum', 'Sub', 'Mul', 'Div', 'Neg', 'BatchNormalization')
FLATTEN = ('Flatten', 'Reshape', 'Squeeze', 'Unsqueeze')
OTHER = 'ONNX '  # before the name of an operator that no net of ours has: MXNet may have another by that name
SIMPLE = {'Relu': 'relu', 'Sigmoid': 'sigmoid', 'Tanh': 'tanh'}


def read_onnx(model: Any) -> Source:
    """Read an ONNX model.

    Parameters
    ----------
    model : onnx.ModelProto
        Its first output is the embedding.

    Returns
    -------
    Source

    Raises
    ------
    ConvertError
        Names are missing, it was exported for training, its opset is too old, or it is damaged.
    """
    try:
        return _source(model)
    except ConvertError:
        raise
    except Exception as error:  # a damaged graph may raise any, from the package onnx, too
        raise ConvertError('the ONNX graph is damaged, or has a form that cannot be read: {}'.format(
            describe(error))) from error


def _source(model):
    graph = model.graph
    opset = next((entry.version for entry in model.opset_import if entry.domain in ('', 'ai.onnx')), 0)
    if opset < OLDEST:
        raise ConvertError('the opset of an ONNX model must be >= {}, got {}: export it again.'.format(OLDEST, opset))
    constants = constants_of(model)
    inputs = [entry for entry in graph.input if entry.name not in constants]
    produced = set(constants) | {entry.name for entry in inputs} | {name for node in graph.node for name in node.output}
    read = [name for node in graph.node for name in node.input]
    missing = sorted({name for name in read + [graph.output[0].name] if name and name not in produced})
    if missing or len(inputs) != 1:
        raise ConvertError('the ONNX graph is not whole, or no network of one input: missing {}; inputs {}.'.format(
            names(missing), names([entry.name for entry in inputs])))
    found = _layers(graph, inputs[0].name, constants)
    dims = [entry.dim_value for entry in inputs[0].type.tensor_type.shape.dim]
    size = tuple(dims[2:]) if len(dims) == 4 and all(dims[2:]) else None
    unused = [entry.name for entry in graph.initializer if entry.name not in set(read)]
    return Source(_without_l2(found[graph.output[0].name]), size, unused)


def scaling_of_onnx(model: Any) -> Scaling:
    """What an ONNX model does to its input first; of the rest of its graph nothing is asked.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    Scaling
    """
    try:
        return _beginning(model.graph, input_of(model).name, model)
    except Exception as error:  # as in `read_onnx`; ONNX Runtime may run it all the same
        return Scaling(None, None, None, None, 'what cannot be read ({})'.format(describe(error)))


def _beginning(graph, data, model):
    path, beside = {data}, set()
    for node in graph.node:
        if path.intersection(node.input):
            beside.update(name for name in node.input if name not in path)
            if node.op_type in SCALING + NOTHING:
                path.add(node.output[0])
    found = _layers(graph, data, constants_of(model, beside), begin=True)
    return Source(found[graph.output[0].name], None, []).scaling


def _layers(graph, data, constants, begin=False):
    """{name: Layer or Value} of all that a graph computes.

    With `begin` only what may scale the input and the layers behind it are read, so that it can be any graph; the rest
    is of the kind 'rest'.
    """
    found = dict({data: Layer('input', data)}, **{name: Value(name, array) for name, array in constants.items()})
    reads = Counter(name for node in graph.node for name in node.input)
    for node in graph.node:
        sources = [found.get(name) for name in node.input]
        inputs = [source for source in sources if isinstance(source, Layer)]
        if node.output[0] in constants or (begin and not inputs):
            continue
        if begin and any(layer.kind not in SCALES for layer in inputs):
            layer = Layer('rest', node.name, inputs)
        else:
            layer = _layer(node, sources, [isinstance(source, Layer) and reads[name] == 1
                                           for source, name in zip(sources, node.input)])
        found.update({name: layer if i == 0 else Layer(OTHER + 'second output', name, [layer])
                      for i, name in enumerate(node.output)})
    return found


def _layer(node, sources, alone):
    """The layer of one node; `alone` says of each input whether nothing else reads it."""
    from onnx.helper import get_attribute_value
    op, name = node.op_type, node.name or node.output[0]
    attrs = {entry.name: get_attribute_value(entry) for entry in node.attribute}
    weights = [source for source in sources if isinstance(source, Value)]
    inputs = [source for source in sources if isinstance(source, Layer)]
    x = sources[0]
    trains = attrs.get('training_mode') == 1 or (op == 'BatchNormalization' and len(node.output) > 1)
    if trains or (op == 'Dropout' and len(sources) > 2 and getattr(sources[2], 'array', True)):
        raise ConvertError('{} {!r} is in training mode: export the network after net.eval().'.format(op, name))
    if op in NOTHING + FLATTEN and isinstance(x, Layer):
        return x.flattened() if op in FLATTEN else x
    if op in SIMPLE:
        return Layer(SIMPLE[op], name, inputs)
    if op == 'GlobalAveragePool':
        return pool(name, x, 'avg')
    if op == 'AveragePool':
        attrs.setdefault('count_include_pad', 0)
    maker = {'Conv': _conv, 'BatchNormalization': _norm, 'PRelu': _prelu, 'LeakyRelu': _prelu, 'Gemm': _gemm,
             'MatMul': _matmul, 'MaxPool': _pool, 'AveragePool': _pool, 'ReduceMean': _mean}.get(op)
    layer = None
    if maker:
        layer = maker(name, attrs, x, weights) if len(inputs) == 1 and isinstance(x, Layer) else None
    elif op in ('Add', 'Sum', 'Mul') and len(inputs) == 2 == len(sources):
        layer = Layer('mul' if op == 'Mul' else 'add', name, inputs)
    elif op == 'Neg' and inputs:
        layer = times(name, x, -1.0, alone[0])
    elif op in ('Add', 'Sum', 'Sub', 'Mul', 'Div') and len(inputs) == 1 and len(sources) == 2 == len(weights) + 1:
        layer = arithmetic('add' if op == 'Sum' else op.lower(), name, sources, any(alone))
    return layer or Layer(OTHER + op, name, inputs)


def _conv(name, attrs, x, weights):
    pads, kernel = tuple(attrs.get('pads', (0, 0, 0, 0))), weights[0].array.shape[2:]
    if attrs.get('auto_pad', b'NOTSET') not in (b'NOTSET', b'VALID') or len(kernel) != 2:
        return None
    return Layer('conv', name, [x], dict(zip(('weight', 'bias'), weights)), kernel=kernel,
                 stride=tuple(attrs.get('strides', (1, 1))), pad=pads[:2] if pads[:2] == pads[2:] else pads,
                 dilate=tuple(attrs.get('dilations', (1, 1))), groups=int(attrs.get('group', 1)))


def _norm(name, attrs, x, weights):
    return Layer('norm', name, [x], dict(zip(('gamma', 'beta', 'mean', 'var'), weights)),
                 eps=float('{:.6g}'.format(attrs.get('epsilon', 1e-5))))


def _prelu(name, attrs, x, weights):
    if not weights:
        return Layer('prelu', name, [x], {'slopes': Value(name, np.float32([attrs.get('alpha', 0.01)]))})
    slopes = weights[0]
    if slopes.array.ndim > 1 and slopes.array.shape[-2:] != (1, 1) and not x.flat:
        return None
    return Layer('prelu', name, [x], {'slopes': Value(slopes.name, slopes.array.reshape(-1))})


def _gemm(name, attrs, x, weights):
    if attrs.get('transA', 0) or weights[0].array.ndim != 2:
        return None
    weight = weights[0].array if attrs.get('transB', 0) else weights[0].array.T
    values = {'weight': Value(weights[0].name, weight * attrs.get('alpha', 1.0))}
    if weights[1:]:
        bias = np.broadcast_to(weights[1].array.reshape(-1), len(weight)) * attrs.get('beta', 1.0)
        values['bias'] = Value(weights[1].name, bias)
    return Layer('dense', name, [x], values)


def _matmul(name, attrs, x, weights):
    if weights[0].array.ndim != 2:
        return None
    return Layer('dense', name, [x], {'weight': Value(weights[0].name, weights[0].array.T)})


def _pool(name, attrs, x, weights):
    pads = tuple(attrs.get('pads', (0, 0, 0, 0)))
    if attrs.get('auto_pad', b'NOTSET') not in (b'NOTSET', b'VALID') or pads[:2] != pads[2:]:
        return None
    return pool(name, x, 'avg' if 'count_include_pad' in attrs else 'max', tuple(attrs['kernel_shape']),
                tuple(attrs.get('strides', (1, 1))), pads[:2], bool(attrs.get('ceil_mode', 0)),
                bool(attrs.get('count_include_pad', 0)))


def _mean(name, attrs, x, weights):
    axes = attrs.get('axes', weights[0].array if weights else ())
    if sorted(int(axis) % 4 for axis in axes) != [2, 3]:
        return None
    layer = pool(name, x, 'avg')
    return layer if attrs.get('keepdims', 1) else layer.flattened()


def _without_l2(output):
    """The embedding before it is divided by its length."""
    if not isinstance(output, Layer):
        return output
    if output.kind == OTHER + 'LpNormalization':
        return output.inputs[0]
    if output.kind == OTHER + 'Div' and len(output.inputs) == 2:
        embedding, length = output.inputs
        below, of_length = in_order(embedding), in_order(length)
        if embedding in of_length and any(
                layer.kind.startswith(OTHER + 'Reduce') for layer in of_length if layer not in below):
            return embedding
    return output
