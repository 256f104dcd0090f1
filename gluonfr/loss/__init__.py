"""Losses, by name (`get_loss`) or by class.

Each is a Gluon loss that names what it takes (``loss.inputs``) and the class layer it wants (``loss.head``).
"""
from .adaptive import FocalLoss, MagFace, SVXSoftmax
from .base import LOSSES, SoftmaxCrossEntropyLoss
from .by_name import fill_arguments
from .center import CenterLoss, COCOLoss, GitLoss, LGMLoss, RingLoss
from .margin import ArcLoss, CombinedLoss, CosLoss, L2Softmax, LiArcFace, NormSoftmax
from .pair import ContrastiveLoss, MPSLoss, RangeLoss, TripletLoss
from .sphere import ASoftmax, LSoftmax

__all__ = ['ASoftmax', 'ArcLoss', 'COCOLoss', 'CenterLoss', 'CombinedLoss', 'ContrastiveLoss', 'CosLoss', 'FocalLoss',
           'GitLoss', 'L2Softmax', 'LGMLoss', 'LOSSES', 'LSoftmax', 'LiArcFace', 'MPSLoss', 'MagFace', 'NormSoftmax',
           'RangeLoss', 'RingLoss', 'SVXSoftmax', 'SoftmaxCrossEntropyLoss', 'TripletLoss',
           'fill_arguments', 'get_loss', 'get_loss_list']


def get_loss(name, **kwargs):
    """Make a loss by name.

    Parameters
    ----------
    name : str
        A name of `get_loss_list` or an alias of one, in any case ('cosLoss' and 'mpsoss' of gluonfr 1.0 included).
    **kwargs
        Arguments of that loss.

    Returns
    -------
    HybridBlock

    Raises
    ------
    ValueError
        Nothing has this name; the message lists all names and the nearest.
    TypeError
        An argument that the loss does not take; the message shows the signature.
    """
    return LOSSES.create(name, **kwargs)


def get_loss_list():
    """Names of all losses, sorted."""
    return LOSSES.names()
