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
from typing import Any

from mxnet.gluon import Block
from mxnet.gluon.nn import Dense

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


#: Which sides each kind of class layer without a bias normalises: (rows of W, x).
NORMS = {'linear': (False, False), 'cosine': (True, True), 'feature_norm': (False, True), 'weight_norm': (True, False)}


def get_head(kind: str, classes: int, in_units: int, **sample: Any) -> Block:
    """The class layer that a loss asks for by its ``head`` attribute.

    Parameters
    ----------
    kind : {'dense', 'linear', 'cosine', 'feature_norm', 'weight_norm', 'subcenter:K'}
        W x + b, W x, both sides normalised, only x normalised, only the rows of W normalised, or the nearest of K
        normalised rows for each class (`SubCenterDense`).
    classes, in_units : int
        C >= 2 and D >= 1.
    **sample
        sample_rate, num_sample, filter_negatives and seed of a `PartialFC`. Nothing, or None for all of the first
        three, makes a layer that scores all classes.

    Returns
    -------
    Block
        A head, (B, D) -> (B, C), which needs no label; a `PartialFC` needs one.

    Raises
    ------
    ValueError
        Another kind, fewer than 2 classes, or in_units < 1 where the rows of W are normalised; a sample of the classes
        of kind 'dense', which has a bias; a filter without a sample.

    Examples
    --------
    >>> from gluonfr.nn import get_head
    >>> get_head('cosine', classes=10, in_units=64)
    NormDense(64 -> 10, weight_norm=True, feature_norm=True)
    """
    kind, colon, number = kind.partition(':') if isinstance(kind, str) else (kind, '', '')
    check_choice('get_head', 'kind', kind, ('dense', *NORMS, 'subcenter'))
    check_int('get_head', 'classes', classes, 2)
    if bool(colon) != (kind == 'subcenter') or colon and not number.isdigit():
        raise ValueError("get_head: kind must be 'subcenter:K' with K centres a class like 'subcenter:3', or another "
                         'one without a number, got {!r}.'.format(kind + colon + number))
    if sample.get('sample_rate') is not None or sample.get('num_sample') is not None:
        if kind == 'dense':
            raise ValueError("get_head: with sample_rate or num_sample, kind must be another than 'dense', which has a "
                             'bias: take a loss over cosines.')
        norms = NORMS.get(kind, (True, True))
        return PartialFC(classes, in_units, weight_norm=norms[0], feature_norm=norms[1], subcenters=int(number or 1),
                         **sample)
    if sample.get('filter_negatives') is not None:
        raise ValueError('get_head: filter_negatives needs sample_rate or num_sample; sample_rate=1 scores all.')
    if kind == 'subcenter':
        return SubCenterDense(classes, in_units, int(number))
    if kind == 'dense':
        return Dense(classes, in_units=in_units)
    return NormDense(classes, *NORMS[kind], in_units=in_units)
