"""The networks of gluonfr 1.0 whose graph is not that of today's name, for the weights that were trained with them."""
from typing import Any, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet.gluon import nn

from ..nn import FrBase, PReLU
from ..nn.basic_blocks import EmbeddingNorm
from ..utils.check import check_choice
from .attention_net import SIZES as ATTENTION
from .attention_net import attention_stages
from .family import PreActivationUnit
from .registry import variant
from .se_resnet import SIZES
from .spec import face_spec

__all__ = ['AttentionNetGluonfr1', 'SEResNetGluonfr1', 'attention_net56_gluonfr1', 'attention_net92_gluonfr1',
           'attention_net128_gluonfr1', 'attention_net164_gluonfr1', 'attention_net236_gluonfr1',
           'attention_net452_gluonfr1', 'se_resnet18_v2_gluonfr1', 'se_resnet34_v2_gluonfr1', 'se_resnet50_v2_gluonfr1',
           'se_resnet101_v2_gluonfr1', 'se_resnet152_v2_gluonfr1']

EPSILON = 1e-5  # Gluon's


class SEResNetGluonfr1(FrBase):
    """gluonfr 1.0's SE-ResNet v2; new trainings should take `SEResNetV2`.

    Bottlenecks in every size, one slope for each PReLU, a BatchNorm on the image, pooling after the stem and before the
    fully connected layer, and a PReLU at the end. BatchNorm has Gluon's eps.

    ======================== ========== ======= =============
    name                     values     MACs    units
    ======================== ========== ======= =============
    se_resnet18_v2_gluonfr1   1,228,897  0.16 G (2, 2, 2, 2)
    se_resnet34_v2_gluonfr1   1,902,837  0.27 G (3, 4, 6, 3)
    se_resnet50_v2_gluonfr1  27,073,465  3.99 G (3, 4, 6, 3)
    se_resnet101_v2_gluonfr1 48,312,381  7.71 G (3, 4, 23, 3)
    se_resnet152_v2_gluonfr1 65,807,425 11.42 G (3, 8, 36, 3)
    ======================== ========== ======= =============

    From size 50 on the stages have four times the channels.

    Parameters
    ----------
    num_layers : {18, 34, 50, 101, 152}
        Size.
    classes, embedding_size, weight_norm, feature_norm, need_cls_layer
        As in `FrBase`.
    thumbnail : bool
        A stem of one convolution, without pooling: the stages see maps of twice the side.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.

    Inputs:
        - **x**: (B, 3, height, width), normalised as ``input_spec`` says

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0.25)

    def __init__(self, num_layers: int, classes: Optional[int] = None, embedding_size: int = 512,
                 weight_norm: bool = False, feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *,
                 thumbnail: bool = False, input_size: Union[int, Tuple[int, int]] = 112, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        name = type(self).__name__
        units, wide = SIZES[check_choice(name, 'num_layers', num_layers, tuple(SIZES))]
        self.input_spec = face_spec(name, embedding_size, input_size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.BatchNorm(scale=False, center=False, in_channels=3),
                                  nn.Conv2D(64, 3, padding=1, use_bias=False, in_channels=3))
                if not thumbnail:
                    self.features.add(nn.BatchNorm(in_channels=64), PReLU(1, in_channels=64), nn.MaxPool2D(3, 2, 1))
                before = 64
                for stage, count in enumerate(units):
                    channels = (256 if wide else 64) << stage
                    for i in range(count):
                        self.features.add(PreActivationUnit(before, channels, 2 if stage and not i else 1,
                                                            prelu='shared', se=True, epsilon=EPSILON))
                        before = channels
                self.features.add(nn.BatchNorm(in_channels=before), PReLU(1, in_channels=before),
                                  *_head(before, embedding_size))


class AttentionNetGluonfr1(FrBase):
    """gluonfr 1.0's residual attention network for faces; new trainings should take `AttentionNetFace`.

    BatchNorm has Gluon's eps, there is neither BatchNorm nor dropout before the fully connected layer, and a PReLU at
    the end.

    ========================= =========== =======
    name                      values      MACs
    ========================= =========== =======
    attention_net56_gluonfr1   30,803,649  6.21 G
    attention_net92_gluonfr1   51,459,265 10.47 G
    attention_net128_gluonfr1  56,459,969 14.94 G
    attention_net164_gluonfr1  69,288,129 19.31 G
    attention_net236_gluonfr1  94,944,449 28.04 G
    attention_net452_gluonfr1 175,492,289 48.43 G
    ========================= =========== =======

    Parameters
    ----------
    classes, modules, p, t, r, weight_norm, feature_norm, embedding_size, need_cls_layer, input_size
        As in `AttentionNetFace`.

    Inputs:
        - **x**: (B, 3, height, width), normalised as ``input_spec`` says

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0)

    def __init__(self, classes: Optional[int] = None, modules: Sequence[int] = (1, 1, 1), p: int = 1, t: int = 2,
                 r: int = 1, weight_norm: bool = False, feature_norm: bool = False, embedding_size: int = 512,
                 need_cls_layer: Optional[bool] = None, *, input_size: Union[int, Tuple[int, int]] = 112,
                 **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        name = type(self).__name__
        self.input_spec = face_spec(name, embedding_size, input_size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.Conv2D(64, 3, padding=1, use_bias=False, in_channels=3),
                                  nn.BatchNorm(in_channels=64), nn.Activation('relu'),
                                  *attention_stages(name, modules, p, t, r, self.input_spec.size, epsilon=EPSILON),
                                  *_head(2048, embedding_size))


def _head(channels, embedding_size):
    """The mean over positions, a fully connected layer, a BatchNorm that learns nothing, and a PReLU."""
    return [nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(embedding_size, use_bias=False, in_units=channels),
            EmbeddingNorm(scale=False, center=False, in_channels=embedding_size), PReLU(1, spatial=False)]


se_resnet18_v2_gluonfr1 = variant(SEResNetGluonfr1, 'se_resnet18_v2_gluonfr1', num_layers=18)
se_resnet34_v2_gluonfr1 = variant(SEResNetGluonfr1, 'se_resnet34_v2_gluonfr1', num_layers=34)
se_resnet50_v2_gluonfr1 = variant(SEResNetGluonfr1, 'se_resnet50_v2_gluonfr1', num_layers=50)
se_resnet101_v2_gluonfr1 = variant(SEResNetGluonfr1, 'se_resnet101_v2_gluonfr1', num_layers=101)
se_resnet152_v2_gluonfr1 = variant(SEResNetGluonfr1, 'se_resnet152_v2_gluonfr1', num_layers=152)
attention_net56_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net56_gluonfr1', **ATTENTION[56])
attention_net92_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net92_gluonfr1', **ATTENTION[92])
attention_net128_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net128_gluonfr1', **ATTENTION[128])
attention_net164_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net164_gluonfr1', **ATTENTION[164])
attention_net236_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net236_gluonfr1', **ATTENTION[236])
attention_net452_gluonfr1 = variant(AttentionNetGluonfr1, 'attention_net452_gluonfr1', **ATTENTION[452])
