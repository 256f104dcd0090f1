"""MXNet symbols: a network with what is asked for before and after it, and how it is written."""
import json

from mxnet import nd

from ...graph.nodes import nodes_of
from ...graph.source import noted_input
from ...graph.symbol_file import INPUT
from ...graph.symbols import to_symbol
from ...nn.trace import trace
from .whole import whole_nodes

__all__ = ['symbol_json', 'whole_graph']


def whole_graph(net, spec, normalise=False, flip='none', l2=False):
    """The graph of a network with what is asked for before and after it.

    Parameters
    ----------
    net : HybridBlock
    spec : InputSpec
        What the network takes.
    normalise, flip, l2
        As for `gluonfr.convert.export_onnx`.

    Returns
    -------
    (Symbol, dict of str to NDArray, InputSpec)
        The symbol with the input 'data', its weights, and what it takes.
    """
    symbol, params = trace(net)
    size = symbol.infer_shape(data=(1,) + spec.shape)[1][0][1]
    graph, spec = whole_nodes(nodes_of(symbol), spec._replace(embedding_size=size), normalise, flip, l2)
    symbol, values = to_symbol(graph.heads[:1], graph.attrs)
    return symbol, dict(params, **{name: nd.array(value) for name, value in values.items()}), spec


def symbol_json(symbol, spec):
    """A symbol as JSON, whose input says that it takes `spec`."""
    graph = json.loads(symbol.tojson())
    data = next(node for node in graph['nodes'] if node['op'] == 'null' and node['name'] == 'data')
    data['attrs'] = {'__dtype__': '0', INPUT: json.dumps(noted_input(spec))}  # 0: float32
    return json.dumps(graph, indent=2)
