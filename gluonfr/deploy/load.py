"""A net from whatever holds one: a card, a folder of a training, a name with weights, or an MXNet symbol."""
import os
from typing import Any, Optional

import mxnet as mx
from mxnet.gluon import HybridBlock

from ..data.walk import is_image
from ..model_zoo import MODELS
from ..model_zoo.card_file import CARD_NAME, ONNX, SYMBOL, CardError, read_card
from ..model_zoo.making import net_from_card
from ..model_zoo.card_table import choose_card
from ..model_zoo.model_store import get_model_file
from ..model_zoo.parameters import load_parameters
from ..utils.files import file_sha256
from ..utils.types import PathLike
from .onnx_net import OnnxNet
from .symbol_net import load_symbol

__all__ = ['load_net']

ALLOWED = ('Give the folder or card of a training or of `gluonfr convert`, a -symbol.json, an .onnx, the name of '
           'pretrained weights (`gluonfr models`), or the name of a model and its params.')


def load_net(place: PathLike, params: Optional[str] = None, ctx: Optional[mx.Context] = None,
             root: Optional[str] = None, accept_licence: bool = False, **arguments: Any) -> HybridBlock:
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

    Examples
    --------
    >>> from gluonfr.deploy import load_net
    >>> net = load_net('lenetplus_softmax')  # comes with gluonfr
    >>> net.input_spec.shape, net.input_spec.embedding_size
    ((1, 28, 28), 2)
    """
    ctx, place = ctx or mx.cpu(), os.fspath(place)
    if os.path.isdir(place):
        place = _card_in(place)
    if place.endswith('-symbol.json'):
        return load_symbol(place, params, ctx)
    if place.endswith('.onnx'):
        if not os.path.isfile(place):
            raise FileNotFoundError('load_net: there is no {}.'.format(place))
        return OnnxNet(place)
    a_card = place.endswith('.json')
    if not a_card:
        _refuse_file(place)
        if params is not None:
            net = MODELS.create(place, **dict(arguments, need_cls_layer=False))  # an unknown name gives the list
            load_parameters(net, params, ctx)
            net.hybridize(static_alloc=True, static_shape=True)
            return net
    if params is not None or arguments:
        raise ValueError('load_net: a card names its weights and arguments itself, got params or arguments beside {}.'
                         .format(place))
    if a_card:
        return _from_card(place, ctx)
    known = choose_card(place)
    net = _from_card(get_model_file(known.name, root, accept_licence), ctx)
    if not known.photographs:
        net.caution = '{}: these weights are of {}, not for photographs.'.format(known.name, known.data)
    return net


def _card_in(folder):
    """The card in a folder."""
    path = os.path.join(folder, CARD_NAME)
    if not os.path.isfile(path):
        raise FileNotFoundError('load_net: folder {} must hold {}, got: {}. `gluonfr train` writes one at its end.'
                                .format(folder, CARD_NAME, ', '.join(sorted(os.listdir(folder))[:8]) or 'nothing'))
    return path


def _refuse_file(path):
    """Say of a path that is no net what it is instead."""
    if is_image(path, foreign=True):
        raise ValueError('load_net: {} is an image, and the net must be given first. {}'.format(path, ALLOWED))
    if os.path.isfile(path):
        raise ValueError('load_net: {} is a file that says no net. {}'.format(path, ALLOWED))
    if os.sep in path:
        raise FileNotFoundError('load_net: there is no folder {}. {}'.format(path, ALLOWED))


def _from_card(path, ctx):
    """The net of a card: of the zoo, or a graph that was taken as it is."""
    if not os.path.isfile(path):
        raise FileNotFoundError('load_net: there is no card {}.'.format(path))
    card, params, spec = read_card(path)
    if card['model'] == ONNX:
        return OnnxNet(params, spec)
    if card['model'] == SYMBOL:
        return load_symbol(_graph(path, card), params, ctx, spec.size, spec=spec)
    try:
        net = net_from_card(card, params, spec, ctx, need_cls_layer=False)
    except TypeError as error:  # of an argument
        raise CardError('{}: its arguments are none of {}: {}'.format(path, card['model'], error)) from error
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def _graph(card_path, card):
    """The symbol beside a card; a CardError if it is not the one that the card was written for."""
    path = os.path.join(os.path.dirname(os.path.abspath(card_path)), str(card['arguments'].get('graph')))
    if not os.path.isfile(path) or file_sha256(path) != card['arguments'].get('sha256'):
        raise CardError('{}: its graph {} is missing, or was changed.'.format(card_path, path))
    return path
