"""Blocks (`NormDense`, `SELayer`, `FrBase`, `PReLU`, `Chain`) and heads (`AngleLinear`, `PartialFC`, `get_head`).

A head makes class scores of embeddings and owns the class centres. It is a HybridBlock, and what is asked of it is:

- ``head(embedding)`` gives pred (B, C), the scores of all classes without a margin: so evaluation calls it.
- With the attribute ``needs_label = True``, training calls ``head(embedding, label)`` instead, as a margin or a sample
  of the classes needs it. It may then return (pred, label): the scores (B, K) of the K classes of a sample, and where
  each sample's own class stands among them, (B,). The loss and the training accuracy take that label: a loss with the
  argument ``classes`` is told K (`among`), and one that keeps something for each class (`keeps_classes`), such as
  `CenterLoss` its centres, is refused: it needs a head that scores all.
- Parameters that training moves beside the gradient have ``grad_req='null'``: they are saved and restored with it.
- A head whose centres are too many for Gluon's parameters keeps and moves them itself, as `PartialFC` does: it has the
  methods `begin`, `gradients` and `update`, which `fit` calls, and `form`, `settings` and `arrays`, which checkpoints
  take.
"""
from mxnet.gluon.nn import Dense
from mxnet.gluon import HybridBlock

from ..utils.check import check_choice, check_int
from .angular import ANGLE_SETTINGS, AngleLinear
from .basic_blocks import Dropout, EmbeddingNorm, FrBase, NormDense, SELayer
from .chain import Chain
from .forms import plain_operators
from .partial_fc import PartialFC
from .prelu import PReLU
from .subcenter import SubCenterDense

__all__ = ['ANGLE_SETTINGS', 'AngleLinear', 'Chain', 'Dropout', 'EmbeddingNorm', 'FrBase', 'NormDense', 'PReLU',
           'PartialFC', 'SELayer', 'SubCenterDense', 'get_head', 'plain_operators']


def get_head(kind: str, classes: int, in_units: int) -> HybridBlock:
    """The class layer that a loss asks for by its ``head`` attribute.

    Parameters
    ----------
    kind : {'dense', 'linear', 'cosine', 'feature_norm', 'weight_norm', 'subcenter:K'}
        W x + b, W x, both sides normalised, only x normalised, only the rows of W normalised, or the nearest of K
        normalised rows for each class (`SubCenterDense`).
    classes, in_units : int
        C >= 2 and D >= 1.

    Returns
    -------
    HybridBlock
        A head, (B, D) -> (B, C), which needs no label.

    Raises
    ------
    ValueError
        Another kind, fewer than 2 classes, or in_units < 1 where the rows of W are normalised.

    Examples
    --------
    >>> from gluonfr.nn import get_head
    >>> get_head('cosine', classes=10, in_units=64)
    NormDense(64 -> 10, weight_norm=True, feature_norm=True)
    """
    kind, colon, subcenters = kind.partition(':') if isinstance(kind, str) else (kind, '', '')
    check_choice('get_head', 'kind', kind, ('dense', 'linear', 'cosine', 'feature_norm', 'weight_norm', 'subcenter'))
    check_int('get_head', 'classes', classes, 2)
    if kind == 'subcenter' and subcenters.isdigit():
        return SubCenterDense(classes, in_units, int(subcenters))
    if colon or kind == 'subcenter':
        raise ValueError("get_head: kind must be 'subcenter:K' with K centres a class like 'subcenter:3', or another "
                         'one without a number, got {!r}.'.format(kind + colon + subcenters))
    if kind == 'dense':
        return Dense(classes, in_units=in_units)
    return NormDense(classes, weight_norm=kind in ('cosine', 'weight_norm'),
                     feature_norm=kind in ('cosine', 'feature_norm'), in_units=in_units)
