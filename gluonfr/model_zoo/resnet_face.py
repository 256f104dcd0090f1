"""GluonCV's ResNet v1b, v1c and v1d with a face head."""
import sys
from contextlib import nullcontext
from typing import Any, Optional, Tuple, Union

import mxnet as mx
from mxnet.gluon import nn

from ..compat import without_module
from ..nn import FrBase
from ..utils.check import check_choice
from .family import embedding_head
from .registry import variant
from .spec import face_spec

__all__ = ['ResNetFace', 'resnet18_v1b_face', 'resnet34_v1b_face', 'resnet50_v1b_face', 'resnet101_v1b_face',
           'resnet152_v1b_face', 'resnet50_v1c_face', 'resnet101_v1c_face', 'resnet152_v1c_face', 'resnet50_v1d_face',
           'resnet101_v1d_face', 'resnet152_v1d_face']

# GluonCV's name: channels of the last feature map
BASES = {'resnet18_v1b': 512, 'resnet34_v1b': 512, 'resnet50_v1b': 2048, 'resnet101_v1b': 2048, 'resnet152_v1b': 2048,
         'resnet50_v1c': 2048, 'resnet101_v1c': 2048, 'resnet152_v1c': 2048,
         'resnet50_v1d': 2048, 'resnet101_v1d': 2048, 'resnet152_v1d': 2048}
# What GluonCV's ImageNet weights were trained with, in grey levels
IMAGENET = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


class ResNetFace(FrBase):
    """A ResNet of GluonCV (1512.03385; v1c and v1d: 1812.01187) whose classifier gives way to a face head.

    The trunk is GluonCV's own network, constants (BatchNorm eps 1e-5, momentum 0.9), parameters and all, so that its
    ImageNet weights fit; the head is BatchNorm-dropout-FC-BatchNorm with eps 2e-5. Values and multiply-adds
    without a class layer, at the default size:

    ============================ ============ =======
    name                         values       MACs
    ============================ ============ =======
    resnet18_v1b_face             24,023,616   1.83 G
    resnet34_v1b_face             34,131,776   3.68 G
    resnet50_v1b_face             74,893,376   4.14 G
    resnet101_v1b_face            93,885,504   7.85 G
    resnet152_v1b_face           109,529,152  11.56 G
    resnet50_v1c_face, v1d        74,912,608   4.38 G
    resnet101_v1c_face, v1d       93,904,736   8.09 G
    resnet152_v1c_face, v1d      109,548,384  11.80 G
    ============================ ============ =======

    Parameters
    ----------
    base : str
        GluonCV's name of the network, 'resnet18_v1b' to 'resnet152_v1d'.
    classes, embedding_size, weight_norm, feature_norm, need_cls_layer
        As in `FrBase`.
    stem_stride : {1, 2}
        Stride of the first convolution. 1 keeps the detail of a 112x112 face: the stages end at 56, 28, 14 and 7
        pixels; 2 is ImageNet's (28, 14, 7, 4), about a quarter of the work. The weights are the same.
    dropout : float
        Share of the features that training drops before the fully connected layer, in [0, 1).
    pooling : {'flatten', 'average'}
        Give that layer all positions of the last feature map, or their mean.
    pretrained_base : bool
        Start from GluonCV's ImageNet weights, downloaded into ``root``; ``input_spec`` then is ImageNet's. The head
        still has to be initialised.
    root : str
        Folder of downloaded weights.
    ctx : Context
        Where the ImageNet weights go.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.

    Inputs:
        - **x**: (B, 3, height, width), normalised as ``input_spec`` says

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0)

    def __init__(self, base: str, classes: Optional[int] = None, embedding_size: int = 512, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *, stem_stride: int = 1,
                 dropout: float = 0.4, pooling: str = 'flatten', input_size: Union[int, Tuple[int, int]] = 112,
                 pretrained_base: bool = False, root: str = '~/.mxnet/models', ctx: Optional[mx.Context] = None,
                 **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        name = type(self).__name__
        channels = BASES[check_choice(name, 'base', base, tuple(BASES))]
        halved = 16 * check_choice(name, 'stem_stride', stem_stride, (1, 2))
        self.input_spec = face_spec(name, embedding_size, input_size)
        if pretrained_base:
            self.input_spec = self.input_spec._replace(**IMAGENET)
        size = tuple(-(-side // halved) for side in self.input_spec.size)
        resnetv1b = _gluoncv_resnets()
        trunk = getattr(resnetv1b, base)(pretrained=pretrained_base, root=root, ctx=ctx or mx.cpu())
        # GluonCV leaves shapes to the first batch, but weights may be saved or shared before one. A twin is asked for
        # them: a parameter that was in a graph keeps its type in later graphs, whatever it is cast to.
        twin = getattr(resnetv1b, base)()(mx.sym.var('data'))
        shapes = dict(zip(twin.list_arguments(), twin.infer_shape(data=(1, 3, 224, 224))[0]))
        for key, parameter in trunk.collect_params('.*weight').items():
            parameter.shape = shapes[key]
        first = trunk.conv1 if isinstance(trunk.conv1, nn.Conv2D) else trunk.conv1[0]
        first._kwargs['stride'] = (stem_stride, stem_stride)  # GluonCV has no argument for it
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool, trunk.layer1, trunk.layer2,
                                  trunk.layer3, trunk.layer4,
                                  embedding_head(name, channels, size, embedding_size, dropout, pooling))


def _gluoncv_resnets():
    """GluonCV's module of ResNets, imported when it is needed: `import gluonfr` need not wait for it."""
    with without_module('torch') if 'gluoncv' not in sys.modules else nullcontext():
        from gluoncv.model_zoo import resnetv1b
    return resnetv1b


resnet18_v1b_face = variant(ResNetFace, 'resnet18_v1b_face', base='resnet18_v1b')
resnet34_v1b_face = variant(ResNetFace, 'resnet34_v1b_face', base='resnet34_v1b')
resnet50_v1b_face = variant(ResNetFace, 'resnet50_v1b_face', base='resnet50_v1b')
resnet101_v1b_face = variant(ResNetFace, 'resnet101_v1b_face', base='resnet101_v1b')
resnet152_v1b_face = variant(ResNetFace, 'resnet152_v1b_face', base='resnet152_v1b')
resnet50_v1c_face = variant(ResNetFace, 'resnet50_v1c_face', base='resnet50_v1c')
resnet101_v1c_face = variant(ResNetFace, 'resnet101_v1c_face', base='resnet101_v1c')
resnet152_v1c_face = variant(ResNetFace, 'resnet152_v1c_face', base='resnet152_v1c')
resnet50_v1d_face = variant(ResNetFace, 'resnet50_v1d_face', base='resnet50_v1d')
resnet101_v1d_face = variant(ResNetFace, 'resnet101_v1d_face', base='resnet101_v1d')
resnet152_v1d_face = variant(ResNetFace, 'resnet152_v1d_face', base='resnet152_v1d')
