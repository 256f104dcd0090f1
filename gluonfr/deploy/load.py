"""A net from whatever holds one: a card, a folder of a training, a name with weights, or an MXNet symbol."""
import glob
import os
from contextlib import contextmanager

import mxnet as mx

from ..data.walk import is_image
from ..graph.from_mxnet import behind_embedding, check_shapes, scaling_of_symbol
from ..graph.source import assumed_input
from ..graph.symbol_file import block_of_symbol, data_of_symbol, load_arrays, read_symbol_file, said_input
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, CardError, read_card
from ..model_zoo.model_store import choose_card, get_model_file
from ..model_zoo.parameters import load_parameters, net_from_card
from ..model_zoo.spec import InputSpec
from ..utils.files import file_sha256
from ..utils.messages import error_sentence, names
from .onnx_net import OnnxNet

__all__ = ['load_net', 'load_symbol', 'symbol_params']

ALLOWED = ('Give the folder or card of a training or of `gluonfr convert`, a -symbol.json, an .onnx, the name of '
           'pretrained weights (`gluonfr models`), or the name of a model and its params.')


def load_net(place, params=None, ctx=None, root=None, accept_licence=False, **arguments):
    """Load a trained net for embedding.

    Parameters
    ----------
    place : str
        One of: a card (.json) or a folder with one (`card.json`); a symbol ('<prefix>-symbol.json'); an ONNX model
        (.onnx), which ONNX Runtime runs; the name of pretrained weights (`gluonfr models`); the name of a model in the
        zoo, with `params`, or without for its default pretrained weights.
    params : str or None
        Weights; with a symbol None takes the newest '<prefix>-NNNN.params' beside it; not for a card, which names its
        own.
    ctx : Context or None
        Where to load to, None for the CPU.
    root, accept_licence
        For pretrained weights: as in `gluonfr.model_zoo.get_model_file`.
    **arguments
        With `params`: arguments of the net, such as embedding_size.

    Returns
    -------
    HybridBlock
        x (B, C, H, W) -> embedding (B, D), hybridized, with `input_spec`. Of an ONNX model an `OnnxNet`, on the CPU.
        With pretrained weights that are not for photographs it also has a `caution`, a sentence that an `Embedder`
        says at its first images.

    Raises
    ------
    FileNotFoundError, ValueError
        Nothing is there, or it does not fit; the message says what is allowed.
    """
    ctx, place, caution = ctx or mx.cpu(), os.fspath(place), None
    if os.path.isdir(place):
        folder, place = place, os.path.join(place, CARD_NAME)
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: folder {} must hold {}, got: {}. `gluonfr train` writes one at its end.'
                                    .format(folder, CARD_NAME, ', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'))
    if place.endswith('-symbol.json'):
        return load_symbol(place, params, ctx)
    if place.endswith('.onnx'):
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: there is no {}.'.format(place))
        return OnnxNet(place)
    a_card = place.endswith('.json')
    if not a_card:
        _refuse_file(place)
    if params is not None and not a_card:
        net = MODELS.create(place, **dict(arguments, need_cls_layer=False))  # an unknown name is refused with the list
        load_parameters(net, params, ctx)
    else:
        if params is not None or arguments:
            raise ValueError('load_net: a card names its weights and arguments itself, got params or arguments beside '
                             '{}.'.format(place))
        if not a_card:
            known = choose_card(place)
            caution = None if known.photographs else '{}: these weights are of {}, not for photographs.'.format(
                known.name, known.data)
            place = get_model_file(known.name, root, accept_licence)
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: there is no card {}.'.format(place))
        card, params, spec = read_card(place)
        if card['model'] == ONNX:
            return OnnxNet(params, spec)
        if card['model'] == SYMBOL:
            return load_symbol(_graph(place, card), params, ctx, spec.size, spec=spec)
        try:
            net = net_from_card(card, params, spec, ctx, need_cls_layer=False)
        except TypeError as error:  # of an argument
            raise CardError('{}: its arguments are none of {}: {}'.format(place, card['model'], error)) from error
        net.caution = caution
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def _refuse_file(place):
    """Say of a path that is no net what it is instead."""
    if is_image(place, foreign=True):
        raise ValueError('load_net: {} is an image, and the net must be given first. {}'.format(place, ALLOWED))
    if os.path.isfile(place):
        raise ValueError('load_net: {} is a file that says no net. {}'.format(place, ALLOWED))
    if os.sep in place:
        raise FileNotFoundError('load_net: there is no folder {}. {}'.format(place, ALLOWED))


def _graph(place, card):
    """The symbol beside a card; a CardError if it is not the one that the card was written for."""
    path = os.path.join(os.path.dirname(os.path.abspath(place)), str(card['arguments'].get('graph')))
    if not os.path.isfile(path) or file_sha256(path) != card['arguments'].get('sha256'):
        raise CardError('{}: its graph {} is missing, or was changed.'.format(place, path))
    return path


def load_symbol(path, params=None, ctx=None, size=(112, 112), *, spec=None):
    """Load an MXNet symbol with its weights as a block, such as InsightFace's 'model-symbol.json'.

    What it takes is what `export_symbol` wrote into it. Of others the input is RGB, and whether the graph itself
    normalises is read from it, and logged: if so it takes grey levels 0 to 255 (or 0 to 1, where that is what it
    scales), else (pixel - 127.5) / 127.5.

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
        raise ValueError('load_symbol: {} with {} {}. `gluonfr convert {} --out DIR` makes a net of what leads to the '
                         'embedding.'.format(path, params, too_much, path))
    with _told(path, params, size):
        name = data_of_symbol(symbol, weights)
        spec = spec or said_input(symbol, name)
        taken = spec or InputSpec(size)
        embedding_size = check_shapes(symbol, weights, taken.shape)
        net = block_of_symbol(symbol, name, weights, ctx or mx.cpu())
        if spec is None:
            taken = assumed_input(path, scaling_of_symbol(symbol, weights))._replace(size=taken.size)
    net.input_spec = taken._replace(embedding_size=embedding_size)
    net.hybridize(static_alloc=True, static_shape=True)
    return net


@contextmanager
def _told(path, params, size):
    """Make a sentence of what is wrong with a symbol or its weights."""
    try:
        yield
    except (AssertionError, KeyError, TypeError, ValueError, mx.MXNetError) as error:
        raise ValueError('load_symbol: {} with {} must be an MXNet symbol of a net for images of {} x {} and its '
                         'weights, got: {}'.format(path, params, *size, error_sentence(error))) from error


def symbol_params(owner, path, params=None):
    """The weights of a symbol: `params`, or the newest '<prefix>-NNNN.params' beside it."""
    if params is None:
        prefix = path[:-len('-symbol.json')]
        found = sorted(glob.glob(glob.escape(prefix) + '-[0-9][0-9][0-9][0-9].params'))
        if not found:
            raise FileNotFoundError('{}: {} needs weights, {}-NNNN.params beside it or params=.'.format(
                owner, path, prefix))
        params = found[-1]
    if not os.path.isfile(params):
        raise FileNotFoundError('{}: there are no weights {}.'.format(owner, params))
    return params
