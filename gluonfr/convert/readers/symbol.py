"""MXNet's symbols with their weights."""
from ...graph.from_mxnet import embedding_of, read_symbol as layers_of_symbol
from ...graph.source import taken_input
from ...graph.symbol_file import data_of_symbol, load_weights, read_symbol_nodes, said_input, symbol_params
from .read import Read

__all__ = ['read_symbol']


def read_symbol(path, params=None, given=None):
    """Read a '-symbol.json' up to its embedding, with `params` or the newest '<prefix>-NNNN.params' beside it."""
    params = symbol_params('convert', path, params)
    graph, arrays = embedding_of(read_symbol_nodes(path)), load_weights(params)
    layers = layers_of_symbol(graph, arrays)
    spec = taken_input(path, layers.scaling, said_input(graph, data_of_symbol(graph, arrays)), given=given or {})
    return Read(path, layers, spec, layers.unused, params, (graph, arrays))
