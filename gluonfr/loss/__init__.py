"""Losses, by name (`get_loss`) or by class.

Each is a Gluon loss that names what it takes (``loss.inputs``) and the class layer it wants (``loss.head``).
"""
from .adaface import AdaFace
from .adaptive import FocalLoss, MagFace, SVXSoftmax
from .base import LOSSES, SoftmaxCrossEntropyLoss
from .by_name import fill_arguments, get_loss, get_loss_list, loss_keywords, parse_loss
from .center import CenterLoss, COCOLoss, GitLoss, LGMLoss
from .curricular import CurricularFace
from .joint import RingLoss
from .margin import ArcLoss, CombinedLoss, CosLoss, L2Softmax, LiArcFace, NormSoftmax
from .pair import ContrastiveLoss, MPSLoss, RangeLoss, TripletLoss
from .sphere import ASoftmax, LSoftmax
from .sum import SumLoss

__all__ = ['ASoftmax', 'AdaFace', 'ArcLoss', 'COCOLoss', 'CenterLoss', 'CombinedLoss', 'ContrastiveLoss', 'CosLoss',
           'CurricularFace', 'FocalLoss',
           'GitLoss', 'L2Softmax', 'LGMLoss', 'LOSSES', 'LSoftmax', 'LiArcFace', 'MPSLoss', 'MagFace', 'NormSoftmax',
           'RangeLoss', 'RingLoss', 'SVXSoftmax', 'SoftmaxCrossEntropyLoss', 'SumLoss', 'TripletLoss',
           'fill_arguments', 'get_loss', 'get_loss_list', 'loss_keywords', 'parse_loss']
