"""Embedding networks, by name (`get_model`) or by class."""
from .lenet import LeNetPlus
from .miniresnet import MiniResNet18
from .registry import MODELS

__all__ = ['LeNetPlus', 'MODELS', 'MiniResNet18', 'get_model', 'get_model_list']


def get_model(name, **kwargs):
    """Make a net by name.

    Parameters
    ----------
    name : str
        A name of `get_model_list` or an alias of one, in any case.
    **kwargs
        Arguments of that net: classes, embedding_size, need_cls_layer, ...

    Returns
    -------
    HybridBlock
        image (B, C, H, W) -> embedding (B, D), or (embedding, pred) with need_cls_layer=True.

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest.
    TypeError
        An argument that the net does not take; the message shows the signature.
    """
    return MODELS.create(name, **kwargs)


def get_model_list():
    """Names of all nets, sorted."""
    return MODELS.names()
