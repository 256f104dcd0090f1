"""From symbols to nodes with all that their weights make, and back to symbols."""
from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

import numpy as np

from .nodes import Node, Output, first_outputs, shaped_nodes, to_json

if TYPE_CHECKING:
    import mxnet as mx
    from mxnet import nd

__all__ = ['compute', 'read_graph', 'to_symbol']


def read_graph(symbol: 'mx.sym.Symbol', params: Dict[str, 'nd.NDArray'],
               shape: Tuple[int, int, int]) -> Tuple[List[Node], Output, Dict[str, Any]]:
    """Read a graph with the input 'data' of images of a shape, for a batch of one.

    Parameters
    ----------
    symbol : Symbol
        With the input 'data' and one output.
    params : dict of str to NDArray
        All other inputs.
    shape : tuple of int
        Of one image, (C, H, W).

    Returns
    -------
    (list of Node, (Node, int), dict)
        The nodes in their order, the node and output of the result, and the attributes of the graph for `to_symbol`.
    """
    nodes, heads, attrs = shaped_nodes(symbol, (1,) + tuple(shape))
    internals = symbol.get_internals()
    for node, first in zip(nodes, first_outputs(nodes, internals.list_outputs())):
        if node.op == 'null' and node.name in params:
            node.fold(params[node.name].asnumpy())
        elif node.inputs and all(source.value is not None for source, _ in node.inputs):
            node.fold(compute(internals[first], params))
    return nodes, heads[0], attrs


def to_symbol(heads: Sequence[Output], attrs: Dict[str, Any]) -> Tuple['mx.sym.Symbol', Dict[str, np.ndarray]]:
    """(Symbol, {name: float32 array}) of what leads to some outputs (Node, int)."""
    import mxnet as mx
    graph, weights = to_json(heads, attrs)
    return mx.sym.load_json(graph), weights


def compute(symbol: 'mx.sym.Symbol', arrays: Dict[str, 'nd.NDArray']) -> np.ndarray:
    """What a symbol makes of {name: NDArray}, a NumPy array."""
    from mxnet import nd
    return nd.CachedOp(symbol)(*[arrays[name] for name in symbol.list_inputs()]).asnumpy()
