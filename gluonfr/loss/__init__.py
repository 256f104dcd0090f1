"""Losses, by name (`get_loss`) or by class.

Each is a Gluon loss that names what it takes (``loss.inputs``) and the class layer it wants (``loss.head``).
"""
from .adacos import AdaCos
from .adaface import AdaFace
from .adaptive import FocalLoss, MagFace, SVXSoftmax
from .base import LOSSES, SoftmaxCrossEntropyLoss
from .binary import SphereFace2, UniFace
from .by_name import fill_arguments, get_loss, get_loss_list, loss_keywords, parse_loss
from .center import CenterLoss, COCOLoss, GitLoss, LGMLoss
from .circle import CircleLoss, CirclePairLoss
from .contrast import MultiSimilarityLoss, ProxyAnchorLoss, SupConLoss
from .curricular import CurricularFace
from .elastic import ElasticArc, ElasticCos
from .facts import LossFacts, loss_facts
from .joint import RingLoss
from .long_tail import DynamicMargin
from .margin import ArcLoss, CombinedLoss, CosLoss, L2Softmax, LiArcFace, NormSoftmax
from .pair import ContrastiveLoss, MPSLoss, RangeLoss, TripletLoss
from .scores import NoScores, ScoreCurve, score_curves
from .sphere import ASoftmax, LSoftmax
from .sphereface_r import SphereFaceR
from .subcenter import SubCenterArcFace
from .sum import SumLoss

__all__ = ['ASoftmax', 'AdaCos', 'AdaFace', 'ArcLoss', 'COCOLoss', 'CenterLoss', 'CircleLoss', 'CirclePairLoss',
           'CombinedLoss', 'ContrastiveLoss', 'CosLoss', 'CurricularFace', 'DynamicMargin', 'ElasticArc', 'ElasticCos',
           'FocalLoss', 'GitLoss', 'L2Softmax', 'LGMLoss', 'LOSSES', 'LSoftmax', 'LiArcFace', 'LossFacts', 'MPSLoss',
           'MagFace', 'MultiSimilarityLoss', 'NoScores', 'NormSoftmax', 'ProxyAnchorLoss', 'RangeLoss', 'RingLoss',
           'SVXSoftmax', 'ScoreCurve', 'SoftmaxCrossEntropyLoss', 'SphereFace2', 'SphereFaceR', 'SubCenterArcFace',
           'SumLoss', 'SupConLoss', 'TripletLoss', 'UniFace', 'fill_arguments', 'get_loss', 'get_loss_list',
           'loss_facts', 'loss_keywords', 'parse_loss', 'score_curves']
