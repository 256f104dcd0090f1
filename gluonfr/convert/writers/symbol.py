"""MXNet symbols: a net with what is asked for before and after it, and how it is written."""
import json

import mxnet as mx
import numpy as np
from mxnet import nd

from ...graph.source import noted_input
from ...graph.symbol_file import INPUT
from ...nn.trace import trace

__all__ = ['symbol_json', 'whole_graph']


def whole_graph(net, spec, normalise=False, flip='none', l2=False):
    """The graph of a net with what is asked for before and after it.

    Parameters
    ----------
    net : HybridBlock
    spec : InputSpec
        What the net takes.
    normalise, flip, l2
        As for `gluonfr.convert.export_onnx`.

    Returns
    -------
    (Symbol, dict of str to NDArray, InputSpec)
        The symbol with the input 'data', its weights, and what it takes.
    """
    symbol, params = trace(net)
    size = symbol.infer_shape(data=(1,) + spec.shape)[1][0][1]
    data = x = mx.sym.var('data', dtype='float32')
    if normalise:
        # called as in InsightFace's files, by which its own reader knows a net that normalises
        x = _by_channel(params, x, mx.sym.broadcast_sub, mx.sym._internal._minus_scalar, '_minus_mean', spec.mean)
        x = _by_channel(params, x, mx.sym.broadcast_mul, mx.sym._internal._mul_scalar, '_mul_std',
                        [1 / value for value in spec.std])
        spec = spec._replace(mean=(0,) * len(spec.mean), std=(1,) * len(spec.std))
    if flip != 'none':
        x = mx.sym.concat(x, mx.sym.reverse(x, axis=3), dim=0)
    symbol = symbol if x is data else symbol(data=x)
    if flip != 'none':
        symbol = mx.sym.reshape(symbol, shape=(2, -1, size))
    if flip == 'sum':
        symbol = mx.sym.sum(symbol, axis=0)
    elif flip == 'concat':
        size *= 2
        symbol = mx.sym.reshape(mx.sym.transpose(symbol, axes=(1, 0, 2)), shape=(-1, size))
    if l2:
        symbol = mx.sym.L2Normalization(symbol, mode='instance', eps=1e-24)
    return symbol, params, spec._replace(embedding_size=size)


def symbol_json(symbol, spec):
    """A symbol as JSON, whose input says that it takes `spec`."""
    graph = json.loads(symbol.tojson())
    data = next(node for node in graph['nodes'] if node['op'] == 'null' and node['name'] == 'data')
    data['attrs'] = dict(data.get('attrs', {}), **{INPUT: json.dumps(noted_input(spec))})
    return json.dumps(graph, indent=2)


def _by_channel(params, x, array_operator, scalar_operator, name, values):
    """`x` and a value for each channel, or one for all, which is easier to read."""
    if len(set(values)) == 1:
        return scalar_operator(x, scalar=values[0], name=name)
    params[name + '_values'] = nd.array(np.reshape(values, (1, -1, 1, 1)))
    return array_operator(x, mx.sym.var(name + '_values', shape=(1, len(values), 1, 1)), name=name)

