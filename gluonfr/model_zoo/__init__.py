"""Embedding networks, by name (`get_model`) or by class, and the store of pretrained weights.

The store and the cards of weights (`get_model_file`, `card_table`, `card_file`) work without MXNet; the networks are
imported when one of their names is first used.
"""
# ruff: noqa: F403, F405 (types of all nets)
from typing import TYPE_CHECKING

from ..utils.first_use import on_first_use
from .model_store import get_model_file
from .spec import InputSpec

if TYPE_CHECKING:
    from .nets import *

__all__ = ['AttentionModule', 'AttentionNet', 'AttentionNetFace', 'AttentionNetGluonfr1', 'IResNet', 'InputSpec',
           'LeNetPlus', 'MODELS', 'MiniResNet18', 'MobileFaceNet', 'MobileFaceNetRe', 'ResNetFace', 'SEResNetGluonfr1',
           'SEResNetV2', 'attention_net56', 'attention_net56_gluonfr1', 'attention_net92', 'attention_net92_gluonfr1',
           'attention_net128', 'attention_net128_gluonfr1', 'attention_net164', 'attention_net164_gluonfr1',
           'attention_net236', 'attention_net236_gluonfr1', 'attention_net452', 'attention_net452_gluonfr1',
           'count_macs', 'count_parameters', 'get_attention_face', 'get_attention_net', 'get_mobile_facenet',
           'get_mobile_facenet_re', 'get_model', 'get_model_file', 'get_model_list', 'get_se_resnet', 'iresnet18',
           'iresnet34', 'iresnet50', 'iresnet100', 'iresnet200', 'iresnet2060', 'load_parameters', 'mbf', 'mbf_large',
           'mobilefacenet_ring', 'mobilefacenet_shared', 'mobilefacenet_y1', 'mobilefacenet_y2', 'resnet18_v1b_face',
           'resnet34_v1b_face', 'resnet50_v1b_face', 'resnet50_v1c_face', 'resnet50_v1d_face', 'resnet101_v1b_face',
           'resnet101_v1c_face', 'resnet101_v1d_face', 'resnet152_v1b_face', 'resnet152_v1c_face', 'resnet152_v1d_face',
           'se_resnet18_v2', 'se_resnet18_v2_gluonfr1', 'se_resnet34_v2', 'se_resnet34_v2_gluonfr1', 'se_resnet50_v2',
           'se_resnet50_v2_gluonfr1', 'se_resnet101_v2', 'se_resnet101_v2_gluonfr1', 'se_resnet152_v2',
           'se_resnet152_v2_gluonfr1']

__getattr__, __dir__ = on_first_use(__name__, nets=set(__all__) - {'InputSpec', 'get_model_file'})
