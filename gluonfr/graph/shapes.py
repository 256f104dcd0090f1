"""Shapes of all that a graph computes, without MXNet: for the operators that face networks are made of."""
from math import prod
from typing import Callable, Dict, List, Mapping, Tuple

import numpy as np

from .convert_error import ConvertError
from .nodes import Graph, Node, nodes_before
from .operators import NOTHING, argument, constant, pair, reshaped, scalar

__all__ = ['with_values']

MAX_VALUES = 1 << 29  # of all layers, for one image
Shape = Tuple[int, ...]
SAME = NOTHING | {'Activation', 'L2Normalization', 'clip', 'exp', 'log', 'relu', 'reverse', 'sigmoid', 'softmax',
                  'softsign', 'sqrt', 'square', 'tanh'}


def with_values(graph: Graph, weights: Mapping[str, np.ndarray], data: str, shape: Shape) -> List[Node]:
    """The nodes that lead to the first result of a graph, with shapes for one image; weights and what depends on them
    alone become values.

    Parameters
    ----------
    graph : Graph
    weights : dict of str to array
    data : str
        The name of the input.
    shape : tuple of int
        Of one image, (C, H, W).

    Raises
    ------
    ConvertError
        Weights are missing or have other shapes than the graph asks for, it does not take such images, or has an
        operator that is not known here.
    """
    nodes, total = nodes_before(graph.heads[0][0]), 0
    missing = [node.name for node in nodes if node.op == 'null' and node.name not in weights and node.name != data]
    if missing:
        raise ConvertError('the weights are not those of the symbol: missing {}.'.format(', '.join(missing[:4])))
    for node in nodes:
        if node.op == 'null' and node.name == data:
            node.shape = (1,) + tuple(shape)
        elif node.op == 'null':
            node.fold(weights[node.name])
        else:
            try:
                _compute(node)
            except (ArithmeticError, LookupError, SyntaxError, TypeError, ValueError) as error:
                raise ConvertError('the symbol does not take images of {} x {} with these weights: {} ({}): {}'.format(
                    *shape[1:], node.name, node.op, error)) from error
            total += prod(node.shape)
    if total > MAX_VALUES:
        raise ConvertError('the layers must have at most {:,} values for one image, got {:,}.'.format(
            MAX_VALUES, total))
    return nodes


def _compute(node):
    """Give a node its shape, or its value."""
    values = [source.value for source, _ in node.inputs]
    if values and all(value is not None for value in values):
        value = constant(node.op, node.attrs, values)
        if value is not None:
            node.fold(value)
            return
    shapes = [source.shape for source, _ in node.inputs]
    if node.op in SAME or scalar(node.op):
        node.shape = shapes[0]
    elif pair(node.op) or node.op in ('add_n', 'ElementWiseSum', '_grad_add'):
        node.shape = np.broadcast(*[np.broadcast_to(0, shape) for shape in shapes]).shape
    elif node.op in RULES:
        node.shape = RULES[node.op](node, shapes)
    else:
        raise ValueError('it is none of the operators that are known: {}'.format(', '.join(sorted({*SAME, *RULES}))))
    if min(node.shape) < 1:
        raise ValueError('nothing is left of an input of {}'.format(shapes[0]))


def _require(what, found, wanted):
    if tuple(found) != tuple(wanted):
        raise ValueError('{} must be {}, got {}'.format(what, tuple(wanted), tuple(found)))


def _two(node, name, default):
    value = argument(node.attrs, name, ()) or (default,) * 2
    if len(value) != 2:
        raise ValueError('{} must be two numbers, got {}'.format(name, value))
    return value


def _slid(node, sides, kernel, ceil=False):
    """Height and width after a window has gone over an image."""
    strides, pads, dilates = _two(node, 'stride', 1), _two(node, 'pad', 0), _two(node, 'dilate', 1)
    found = []
    for side, width, stride, pad, dilate in zip(sides, kernel, strides, pads, dilates):
        room = side + 2 * pad - dilate * (width - 1) - 1
        found.append((-(-room // stride) if ceil else room // stride) + 1)
    return tuple(found)


def _convolution(node, shapes):
    kernel, count = _two(node, 'kernel', 0), int(node.attrs['num_filter'])
    batch, channels, *sides = shapes[0]
    _require(node.inputs[1][0].name, shapes[1],
             (count, channels // int(node.attrs.get('num_group', 1))) + tuple(kernel))
    _bias(node, shapes, count)
    return (batch, count) + _slid(node, sides, kernel)


def _dense(node, shapes):
    flat, count = argument(node.attrs, 'flatten', True), int(node.attrs['num_hidden'])
    rows = (shapes[0][0], prod(shapes[0][1:])) if flat else shapes[0]
    _require(node.inputs[1][0].name, shapes[1], (count, rows[-1]))
    _bias(node, shapes, count)
    return rows[:-1] + (count,)


def _bias(node, shapes, count):
    if not node.flag('no_bias', False):
        _require(node.inputs[2][0].name, shapes[2], (count,))


def _norm(node, shapes):
    for i in range(1, 5):
        _require(node.inputs[i][0].name, shapes[i], (shapes[0][int(node.attrs.get('axis', 1))],))
    return shapes[0]


def _leaky(node, shapes):
    if node.attrs.get('act_type') == 'prelu' and shapes[1] != (1,):
        _require(node.inputs[1][0].name, shapes[1], shapes[0][1:2])
    return shapes[0]


def _pooling(node, shapes):
    batch, channels, *sides = shapes[0]
    if node.flag('global_pool', False):
        return (batch, channels) + (1,) * len(sides)
    return (batch, channels) + _slid(node, sides, _two(node, 'kernel', 0),
                                     node.attrs.get('pooling_convention', 'valid') == 'full')


def _flatten(node, shapes):
    return shapes[0][0], prod(shapes[0][1:])


def _concat(node, shapes):
    axis, made = int(node.attrs.get('dim', 1)), list(shapes[0])
    made[axis] = sum(shape[axis] for shape in shapes)
    for i, shape in enumerate(shapes):
        _require('input {}'.format(i), shape[:axis] + shape[axis + 1:], made[:axis] + made[axis + 1:])
    return tuple(made)


def _transpose(node, shapes):
    axes = argument(node.attrs, 'axes', ()) or range(len(shapes[0]))[::-1]
    return tuple(shapes[0][axis] for axis in axes)


def _reduced(node, shapes):
    axes, keep = argument(node.attrs, 'axis', None), node.flag('keepdims', False)
    axes = range(len(shapes[0])) if axes is None else (axes,) if isinstance(axes, int) else axes
    axes = {axis % len(shapes[0]) for axis in axes}
    kept = [1 if axis in axes else side for axis, side in enumerate(shapes[0]) if keep or axis not in axes]
    return tuple(kept) or (1,)


def _resize(node, shapes):
    return shapes[0][:2] + (int(node.attrs['height']), int(node.attrs['width']))


def _expand(node, shapes):
    return np.expand_dims(np.broadcast_to(0, shapes[0]), int(node.attrs['axis'])).shape


RULES: Dict[str, Callable[[Node, List[Shape]], Shape]] = {
    'Convolution': _convolution, 'FullyConnected': _dense, 'BatchNorm': _norm, 'LeakyReLU': _leaky,
    'Pooling': _pooling, 'Flatten': _flatten, 'flatten': _flatten, 'Concat': _concat, 'concat': _concat,
    'transpose': _transpose, 'sum': _reduced, 'mean': _reduced, '_contrib_BilinearResize2D': _resize,
    'expand_dims': _expand, 'Reshape': lambda node, shapes: reshaped(shapes[0], node.attrs),
    'reshape': lambda node, shapes: reshaped(shapes[0], node.attrs)}
