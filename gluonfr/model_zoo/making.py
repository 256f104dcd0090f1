"""Nets by name, with pretrained weights, or as a card tells of them."""
import inspect
from typing import Any, Dict, List, Tuple, Union

import mxnet as mx
from mxnet.gluon import HybridBlock

from .card_file import OF_MAKING, read_card
from .card_table import choose_card
from .model_store import get_model_file
from .parameters import load_parameters
from .registry import MODELS
from .spec import InputSpec

__all__ = ['differing_arguments', 'get_model', 'get_model_list', 'net_from_card', 'resizable']

# arguments that pretrained weights leave free: of the class layer, of training, of names
FREE = ('classes', 'need_cls_layer', 'weight_norm', 'feature_norm', 'dropout', 'prefix') + OF_MAKING


def get_model(name: str, pretrained: Union[bool, str] = False, **kwargs: Any) -> HybridBlock:
    """Make a network by name.

    Parameters
    ----------
    name : str
        A name of `get_model_list` or an alias of one, in any case.
    pretrained : bool or str
        True: with the weights of the network's default card; a str: with those of this card, or of the one whose name
        begins so ('w600k'); `gluonfr models` lists them. They are downloaded at the first time.
    root, accept_licence
        With pretrained: as in `get_model_file`.
    ctx : Context or list of Context
        With pretrained: where the weights go, None for the CPU.
    **kwargs
        Arguments of that network: classes, embedding_size, need_cls_layer, ... With pretrained they must not contradict
        the weights; a class layer starts anew.

    Returns
    -------
    HybridBlock
        image (B, C, H, W) -> embedding (B, D), or (embedding, pred) with need_cls_layer=True.

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest. The network has no such weights, or an
        argument contradicts them.
    TypeError
        An argument that the network does not take; the message shows the signature.
    DownloadError
        The weights cannot be had; the message says what to put where.

    Examples
    --------
    >>> from gluonfr.model_zoo import get_model
    >>> net = get_model('mobilefacenet', embedding_size=256)
    >>> net.input_spec.shape, net.embedding_size
    ((3, 112, 112), 256)
    >>> get_model('lenetplus', pretrained=True).input_spec.colour  # these weights come with gluonfr
    'grey'
    """
    if not pretrained:
        return MODELS.create(name, **kwargs)
    name = choose_card(name, pretrained).name
    download = {key: kwargs.pop(key) for key in ('root', 'accept_licence') if key in kwargs}
    return net_from_card(*read_card(get_model_file(name, **download)), **kwargs)


def get_model_list() -> List[str]:
    """Names of all networks, sorted.

    Examples
    --------
    >>> from gluonfr.model_zoo import get_model_list
    >>> [name for name in get_model_list() if name.startswith('iresnet')]
    ['iresnet100', 'iresnet18', 'iresnet200', 'iresnet2060', 'iresnet34', 'iresnet50']
    """
    return MODELS.names()


def net_from_card(card: Dict[str, Any], params: str, spec: InputSpec,
                  ctx: Union[mx.Context, List[mx.Context], None] = None, **arguments: Any) -> HybridBlock:
    """The network of the zoo that a card tells of, with its weights.

    Parameters
    ----------
    card, params, spec : dict, str, InputSpec
        What `read_card` gives.
    ctx : Context, list of Context or None
        Where to load to, None for the CPU.
    **arguments
        What `get_model` takes besides the card's own arguments. A class layer starts anew.

    Raises
    ------
    ValueError
        An argument contradicts the card, or the weights are not of its network.
    """
    whole = {**card['arguments'], **arguments}
    for name, (needed, given) in differing_arguments(card['model'], card['arguments'], whole).items():
        raise ValueError('{} must have the {} of its weights, {!r}, got {!r}: leave it out, or make a network without '
                         'pretrained weights.'.format(card['model'], name, needed, given))
    net = MODELS.create(card['model'], **whole)
    load_parameters(net, params, ctx or mx.cpu(), class_layer=False)
    net.input_spec = spec
    return net


def differing_arguments(model: str, needed: Dict[str, Any],
                        given: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """What makes two networks of one model take different weights: {argument: (value needed, value given)}.

    Parameters
    ----------
    model : str
        Name for `get_model`.
    needed, given : dict
        Arguments for it; what is not said has the model's default. Those of class layer and training do not count.
    """
    defaults = inspect.signature(MODELS.get(model)).parameters
    both = {}
    for name in sorted({*needed, *given}.intersection(defaults).difference(FREE)):
        pair = tuple(tuple(value) if isinstance(value, list) else value for value in (
            arguments.get(name, defaults[name].default) for arguments in (needed, given)))
        if pair[0] != pair[1]:
            both[name] = pair
    return both


def resizable(name: str) -> bool:
    """Whether a network can be made for images of another size, by its argument input_size."""
    return 'input_size' in inspect.signature(MODELS.get(name)).parameters
