"""MXNet symbols with their weights as blocks that embed."""
import os
from contextlib import contextmanager
from typing import Optional, Tuple

import mxnet as mx

from ..graph.from_mxnet import behind_embedding, check_shapes, scaling_of_symbol
from ..graph.source import note_classes, taken_input
from ..graph.symbol_file import (block_of_symbol, data_of_symbol, load_arrays, read_symbol_file, said_input,
                                 symbol_params)
from ..model_zoo.spec import InputSpec
from ..utils.messages import error_sentence, names

__all__ = ['load_symbol', 'symbol_net']


def load_symbol(path: str, params: Optional[str] = None, ctx: Optional[mx.Context] = None,
                size: Tuple[int, int] = (112, 112), *, spec: Optional[InputSpec] = None) -> mx.gluon.SymbolBlock:
    """Load an MXNet symbol with its weights as a block, such as InsightFace's 'model-symbol.json'.

    What it takes is what `export_symbol` wrote into it. Of others the input is RGB, or grey where the graph has one
    channel, and whether the graph itself normalises is read from it, and logged: if so it takes grey levels 0 to 255
    (or 0 to 1, where that is what it scales), else (pixel - 127.5) / 127.5.

    Parameters
    ----------
    path : str
        '<prefix>-symbol.json'.
    params : str or None
        Weights; None for the newest '<prefix>-NNNN.params'.
    ctx : Context or None
        Where to, None for the CPU.
    size : (int, int)
        Height and width of its input, where nothing else says them.
    spec : InputSpec or None
        What it takes, where that is known.

    Returns
    -------
    SymbolBlock
        With `input_spec`.

    Raises
    ------
    FileNotFoundError, ValueError
        A file is missing, is not what it should be, or does not fit the other.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError('load_symbol: there is no {}.'.format(path))
    params = symbol_params('load_symbol', path, params)
    with _told(path, params, size):
        symbol, weights = read_symbol_file(path), load_arrays(params)
    unused = [name for name in weights if name not in symbol.list_inputs()]
    too_much = behind_embedding(symbol) or unused and 'has no use for the weights {}'.format(names(unused, 4))
    if too_much:
        raise ValueError('load_symbol: {} with {} {}. `gluonfr convert {} --out DIR` makes a network of what leads to '
                         'the embedding.'.format(path, params, too_much, path))
    with _told(path, params, size):
        said = spec or said_input(symbol, data_of_symbol(symbol, weights))
        if said is None:
            spec = taken_input(path, scaling_of_symbol(symbol, weights))._replace(size=tuple(size))
        net = symbol_net(symbol, weights, said or spec, ctx)
    if said is None:
        note_classes(path, net.input_spec.embedding_size)
    return net


def symbol_net(symbol, weights, spec, ctx=None):
    """A symbol that ends in the embedding as a block.

    Parameters
    ----------
    symbol : Symbol
    weights : dict of str to NDArray
    spec : InputSpec
        What it takes.
    ctx : Context or None
        Where to, None for the CPU.

    Returns
    -------
    SymbolBlock
        With `input_spec`.

    Raises
    ------
    ConvertError
        As of `check_shapes`.
    mxnet.MXNetError
        It does not run all the same.
    """
    embedding_size, ctx = check_shapes(symbol, weights, spec.shape), ctx or mx.cpu()
    net = block_of_symbol(symbol, data_of_symbol(symbol, weights), weights, ctx)
    net(mx.nd.zeros((1,) + spec.shape, ctx)).wait_to_read()  # a graph from elsewhere: now, not among a user's images
    net.input_spec = spec._replace(embedding_size=embedding_size)
    net.hybridize(static_alloc=True, static_shape=True)
    return net


@contextmanager
def _told(path, params, size):
    """Make a sentence of what is wrong with a symbol or its weights."""
    try:
        yield
    except (AssertionError, KeyError, TypeError, ValueError, mx.MXNetError) as error:
        raise ValueError('load_symbol: {} with {} must be an MXNet symbol of a network for images of {} x {} and its '
                         'weights, got: {}'.format(path, params, *size, error_sentence(error))) from error
