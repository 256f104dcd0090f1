"""A net from whatever holds one: a card, a folder of a training, a name with weights, or an MXNet symbol."""
import glob
import json
import os
import re

import mxnet as mx
from mxnet import gluon

from ..model_zoo import get_model
from ..model_zoo.spec import InputSpec
from .card import read_card

__all__ = ['CARD_NAME', 'load_net', 'load_parameters', 'load_symbol']

CARD_NAME = 'card.json'


def load_net(place, params=None, ctx=None, **arguments):
    """Load a trained net for embedding.

    Parameters
    ----------
    place : str
        One of: a card (.json) or a folder with one (`card.json`); a symbol ('<prefix>-symbol.json'); the name of a
        model in the zoo, with `params`.
    params : str or None
        Weights: needed with a name; with a symbol None takes the newest '<prefix>-NNNN.params' beside it; not for a
        card, which names its own.
    ctx : Context or None
        Where to load to, None for the CPU.
    **arguments
        For a name: what `get_model` takes, such as embedding_size.

    Returns
    -------
    HybridBlock
        x (B, C, H, W) -> embedding (B, D), hybridized, with `input_spec`.

    Raises
    ------
    FileNotFoundError, ValueError
        Nothing is there, or it does not fit; the message says what is allowed.
    """
    ctx = ctx or mx.cpu()
    if os.path.isdir(place):
        folder, place = place, os.path.join(place, CARD_NAME)
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: folder {} must hold {}, got: {}. `gluonfr train` writes one at its end.'
                                    .format(folder, CARD_NAME, ', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'))
    if place.endswith('-symbol.json'):
        return load_symbol(place, params, ctx)
    if place.endswith('.json'):
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: there is no card {}.'.format(place))
        if params is not None or arguments:
            raise ValueError('load_net: a card names its weights and arguments itself, got params or arguments beside '
                             '{}.'.format(place))
        card, params, spec = read_card(place)
        net = get_model(card['model'], **dict(card['arguments'], need_cls_layer=False))
        load_parameters(net, params, ctx)
        net.input_spec = spec
    else:
        if os.sep in place:
            raise FileNotFoundError('load_net: there is no folder {}. Give a folder or card of a training, a '
                                    '-symbol.json, or the name of a model and its params.'.format(place))
        net = get_model(place, **dict(arguments, need_cls_layer=False))  # an unknown name is refused with the list
        if params is None:
            raise ValueError('load_net: the model {} needs params, a file with its weights, got None.'.format(place))
        load_parameters(net, params, ctx)
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def load_parameters(net, path, ctx):
    """Load a net's weights; what else the file has, such as a class layer for training, is left out.

    Parameters
    ----------
    net : HybridBlock
    path : str
        Of `Block.save_parameters`, in any float type.
    ctx : Context or list of Context

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file; it is no file of weights, or lacks some of the net's or has them in another shape.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError('there are no weights {}.'.format(path))
    try:
        net.load_parameters(path, ctx=ctx, ignore_extra=True, cast_dtype=True)
    except (AssertionError, ValueError, mx.MXNetError) as error:
        raise ValueError('{} does not hold the weights of {} with these arguments, or is damaged: {}'.format(
            path, type(net).__name__, _sentence(error))) from error


def load_symbol(path, params=None, ctx=None, size=(112, 112)):
    """Load an MXNet symbol with its weights as a block, such as InsightFace's 'model-symbol.json'.

    The input is RGB. Whether the graph itself normalises is read from it: if it subtracts a constant from its input it
    takes grey levels 0 to 255, else (pixel - 127.5) / 127.5.

    Parameters
    ----------
    path : str
        '<prefix>-symbol.json'.
    params : str or None
        Weights; None for the newest '<prefix>-NNNN.params'.
    ctx : Context or None
        Where to, None for the CPU.
    size : (int, int)
        Height and width of its input.

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
    if params is None:
        prefix = path[:-len('-symbol.json')]
        found = sorted(glob.glob(glob.escape(prefix) + '-[0-9][0-9][0-9][0-9].params'))
        if not found:
            raise FileNotFoundError('load_symbol: {} needs weights, {}-NNNN.params beside it or params=.'.format(
                path, prefix))
        params = found[-1]
    if not os.path.isfile(params):
        raise FileNotFoundError('load_symbol: there are no weights {}.'.format(params))
    try:
        with open(path, encoding='utf-8') as stream:
            nodes = json.load(stream)['nodes']
        first = next(i for i, node in enumerate(nodes) if node['op'] == 'null')
        name = nodes[first]['name']
        net = gluon.SymbolBlock.imports(path, [name], params, ctx=ctx or mx.cpu())
        _, shapes, _ = mx.sym.load(path).infer_shape(**{name: (1, 3) + tuple(size)})
        raw = _normalises(nodes, first)
    except (AssertionError, KeyError, StopIteration, TypeError, ValueError, mx.MXNetError) as error:
        raise ValueError('load_symbol: {} with {} must be an MXNet symbol of a net for images of {} x {} and its '
                         'weights, got: {}'.format(path, params, *size, _sentence(error))) from error
    net.input_spec = InputSpec(size, (0,) * 3 if raw else (127.5,) * 3, (1,) * 3 if raw else (127.5,) * 3,
                               embedding_size=shapes[0][1])
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def _sentence(error):
    """What an error says, without MXNet's stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ['']
    if isinstance(error, mx.MXNetError):
        return lines[-1 if lines[0].startswith('Traceback') else 0]
    return '{}: {}'.format(type(error).__name__, lines[0])


def _normalises(nodes, data):
    """Whether the first operator but identities on the input subtracts a constant."""
    for node in nodes:
        if any(source[0] == data for source in node['inputs']):
            if node['op'] not in ('identity', '_copy'):
                return bool(re.fullmatch('_?[mM]inus_?[sS]calar', node['op']))
            data = nodes.index(node)
    return False
