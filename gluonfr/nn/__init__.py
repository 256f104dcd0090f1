"""Blocks (`NormDense`, `SELayer`, `FrBase`, `PReLU`, `Chain`) and heads (`AngleLinear`, `get_head`)."""
from mxnet.gluon.nn import Dense

from ..utils.check import check_choice, check_int
from .angular import ANGLE_SETTINGS, AngleLinear
from .basic_blocks import Dropout, EmbeddingNorm, FrBase, NormDense, SELayer
from .chain import Chain
from .forms import plain_operators
from .prelu import PReLU

__all__ = ['ANGLE_SETTINGS', 'AngleLinear', 'Chain', 'Dropout', 'EmbeddingNorm', 'FrBase', 'NormDense', 'PReLU',
           'SELayer', 'get_head', 'plain_operators']


def get_head(kind, classes, in_units):
    """The class layer that a loss asks for by its ``head`` attribute.

    Parameters
    ----------
    kind : {'dense', 'linear', 'cosine', 'feature_norm', 'weight_norm'}
        W x + b, W x, both sides normalised, only x normalised, only the rows of W normalised.
    classes, in_units : int
        C >= 2 and D >= 1.

    Returns
    -------
    HybridBlock : (B, D) -> (B, C)
    """
    check_choice('get_head', 'kind', kind, ('dense', 'linear', 'cosine', 'feature_norm', 'weight_norm'))
    check_int('get_head', 'classes', classes, 2)
    if kind == 'dense':
        return Dense(classes, in_units=in_units)
    return NormDense(classes, weight_norm=kind in ('cosine', 'weight_norm'),
                     feature_norm=kind in ('cosine', 'feature_norm'), in_units=in_units)
