"""Weights of the same network whose channels have values of one size, so that 8 bits can tell them apart."""
import mxnet as mx
import numpy as np
from mxnet import nd

from ...graph.nodes import count_uses
from ...graph.symbols import read_graph

__all__ = ['equalize']

LEAST = 0.01  # channels with smaller values than this part of the largest count as if they had it: most are dead
BATCH = 4


def equalize(symbol, params, shape, images):
    r"""Scale channels between two layers, so that all have values of one size there.

    An int8 layer has one scale for all channels of its input: where one has values of 40 and another of 0.4, a step is
    nearly all that the second has. From a BatchNorm or convolution to the next convolution, through what keeps factors
    (PReLU, ReLU, pooling), :math:`f(x) = W\,g(A x + b) = (W S)\,g(S^{-1} (A x + b))` with S the largest values of each
    channel; weights have a scale for each channel in any case. "Data-Free Quantization Through Weight Equalization and
    Bias Correction" (1906.04721), here with the values that images make instead of the weights'.

    Parameters
    ----------
    symbol : Symbol
        With the input 'data' and one output.
    params : dict of str to NDArray
        All other inputs.
    shape : tuple of int
        Of one image, (C, H, W).
    images : numpy.ndarray, float32, (N, C, H, W)
        Normalised images as they will come.

    Returns
    -------
    dict of str to NDArray
        Weights with which the graph is the same function but for rounding.
    """
    nodes, head, _ = read_graph(symbol, params, shape)
    uses = count_uses(nodes, head)
    between = [path for path in (_to_convolution(node, uses, params) for node in nodes) if path]
    params = dict(params)
    if not between:
        return params
    largest = _largest(symbol, params, [node.name for path in between for node in path[:-1]], images)
    for path in between:
        values = np.max([largest[node.name] for node in path[:-1]], axis=0)
        factors = np.maximum(values / max(values.max(), np.finfo('float32').tiny), LEAST)
        first, last = path[0], path[-1]
        for source, _ in first.inputs[1:3]:  # weight and bias, or gamma and beta
            _multiply(params, source, 1 / factors, axis=0)
        _multiply(params, last.inputs[1][0], factors, axis=0 if last.is_depthwise() else 1)
    return params


def _to_convolution(last, uses, params):
    """[layer, what follows, ..., this convolution] where channels may be scaled in between, or None."""
    if last.op != 'Convolution' or len(last.shape) != 4:
        return None
    if not last.is_depthwise() and int(last.attrs.get('num_group', 1)) != 1:
        return None
    path = [last]
    while True:
        node = path[-1].inputs[0][0]
        if uses[node] != 1:
            return None
        path.append(node)
        if not _keeps_factors(node):
            break
    scaled = [source for layer in (node, last) for source, _ in layer.inputs[1:3]]
    known = all(source.op == 'null' and source.name in params and uses[source] == 1 for source in scaled)
    fits = node.op == 'Convolution' or (
        node.op == 'BatchNorm' and int(node.attrs.get('axis', 1)) == 1 and not node.flag('fix_gamma', True))
    return path[::-1] if known and fits else None


def _keeps_factors(node):
    """Whether an operator works on each channel by itself, and a positive factor before it is one behind it."""
    kind = node.attrs.get('act_type')
    return (node.op in ('Pooling', 'Dropout', 'identity', '_copy') or (node.op == 'Activation' and kind == 'relu')
            or (node.op == 'LeakyReLU' and kind in ('prelu', 'leaky')))


def _largest(symbol, params, names, images):
    """{name: (C,) the largest absolute value of each channel} of some outputs, over all images."""
    internals = symbol.get_internals()
    group = mx.sym.Group([internals[name + '_output'] for name in names])
    graph, inputs, largest = nd.CachedOp(group), group.list_inputs(), {}
    for begin in range(0, len(images), BATCH):
        x = nd.array(images[begin:begin + BATCH])
        outs = graph(*[x if key == 'data' else params[key] for key in inputs])
        for name, out in zip(names, outs if isinstance(outs, list) else [outs]):
            found = out.abs().max(axis=(0, 2, 3)).asnumpy()
            largest[name] = np.maximum(largest.get(name, 0), found)
    return largest


def _multiply(params, node, factors, axis):
    shape = [1] * node.value.ndim
    shape[axis] = -1
    params[node.name] = nd.array(params[node.name].asnumpy() * factors.reshape(shape), dtype='float32')
