"""MXNet's symbols with their weights."""
from ...graph.from_mxnet import embedding_of, read_symbol as read_graph
from ...graph.source import assumed_input
from ...graph.symbol_file import data_of_symbol, load_arrays, read_symbol_file, said_input, symbol_params
from .read import Read

__all__ = ['read_symbol']


def read_symbol(path, params=None, spec=None):
    """Read a '-symbol.json'; what follows the embedding in a symbol for training is left out.

    Parameters
    ----------
    path : str
    params : str or None
        Its weights, None for the newest '<prefix>-NNNN.params' beside it.
    spec : InputSpec or None
        What it takes, None for what the symbol says.

    Returns
    -------
    Read

    Raises
    ------
    ConvertError
        A file is damaged, or they do not fit each other.
    FileNotFoundError
        There are no weights.
    """
    params = symbol_params('convert', path, params)
    symbol, weights = embedding_of(read_symbol_file(path)), load_arrays(params)
    graph = read_graph(symbol, weights)
    spec = spec or said_input(symbol, data_of_symbol(symbol, weights)) or assumed_input(path, graph.scaling)
    return Read(path, graph, spec, graph.unused, params, original=(symbol, weights))
