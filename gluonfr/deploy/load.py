"""A network from whatever holds one: a card, a folder of a training, a name with weights, or an MXNet symbol."""
from typing import Any, Optional

import mxnet as mx
from mxnet.gluon import HybridBlock

from ..model_zoo import MODELS
from ..model_zoo.card_file import CardError
from ..model_zoo.making import net_from_card
from ..model_zoo.parameters import load_parameters
from ..utils.types import PathLike
from .net_files import NetFiles, find_net
from .onnx_net import OnnxNet
from .symbol_net import load_symbol

__all__ = ['load_files', 'load_net']


def load_net(place: PathLike, params: Optional[str] = None, ctx: Optional[mx.Context] = None,
             root: Optional[str] = None, accept_licence: bool = False, **arguments: Any) -> HybridBlock:
    """Load a trained network for embedding.

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
        With `params`: arguments of the network, such as embedding_size.

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
    return load_files(find_net(place, params, root, accept_licence, **arguments), ctx)


def load_files(files: NetFiles, ctx: Optional[mx.Context] = None) -> HybridBlock:
    """`load_net` of what `find_net` gave."""
    ctx = ctx or mx.cpu()
    if files.kind == 'onnx':
        net = OnnxNet(files.path, files.spec)
    elif files.kind == 'symbol':
        size = () if files.spec is None else (files.spec.size,)
        net = load_symbol(files.path, files.params, ctx, *size, spec=files.spec)
    else:
        net = _from_zoo(files, ctx)
        net.hybridize(static_alloc=True, static_shape=True)
    if files.caution:
        net.caution = files.caution
    return net


def _from_zoo(files, ctx):
    if files.spec is None:
        net = MODELS.create(files.model, **dict(files.arguments, need_cls_layer=False))  # an unknown name: the list
        load_parameters(net, files.params, ctx)
        return net
    card = {'model': files.model, 'arguments': files.arguments}
    try:
        return net_from_card(card, files.params, files.spec, ctx, need_cls_layer=False)
    except TypeError as error:  # of an argument
        raise CardError('{}: its arguments are none of {}: {}'.format(files.path, files.model, error)) from error
