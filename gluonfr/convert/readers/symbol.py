"""MXNet's symbols with their weights."""
from ...graph.from_mxnet import embedding_of, read_symbol as layers_of_symbol
from ...graph.source import assumed_input
from ...graph.symbol_file import data_of_symbol, load_arrays, read_symbol_file, said_input, symbol_params
from .read import Read

__all__ = ['read_symbol']


def read_symbol(path, params=None, spec=None):
    """Read a '-symbol.json' up to its embedding, with `params` or the newest '<prefix>-NNNN.params' beside it."""
    params = symbol_params('convert', path, params)
    symbol, arrays = embedding_of(read_symbol_file(path)), load_arrays(params)
    layers = layers_of_symbol(symbol, arrays)
    spec = spec or said_input(symbol, data_of_symbol(symbol, arrays)) or assumed_input(path, layers.scaling)
    return Read(path, layers, spec, layers.unused, params, (symbol, arrays))
