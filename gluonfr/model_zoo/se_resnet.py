"""SE-ResNet v2 for faces."""
from typing import Any, Optional, Tuple, Union

import mxnet as mx
from mxnet.gluon import nn

from ..nn import FrBase, PReLU
from ..utils.check import check_choice
from .family import EPSILON, PreActivationUnit, embedding_head
from .registry import variant
from .spec import face_spec

__all__ = ['SEResNetV2', 'get_se_resnet', 'se_resnet18_v2', 'se_resnet34_v2', 'se_resnet50_v2', 'se_resnet101_v2',
           'se_resnet152_v2']

# num_layers: units of each stage, whether they are bottlenecks
SIZES = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
         101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True)}


class SEResNetV2(FrBase):
    """Pre-activation ResNet (1603.05027) with squeeze-and-excitation (1709.01507), in the face form of ArcFace
    (1801.07698): a 3x3 stem with stride 1 and no pooling, PReLU, and the head BatchNorm-dropout-FC-BatchNorm.

    BatchNorm has eps 2e-5 and momentum 0.9, PReLU one slope for each channel, the squeeze a reduction of 16. At
    112x112 the four stages end at 56, 28, 14 and 7 pixels. Values and multiply-adds without a class layer, at the
    default size:

    =============== =========== ======= =========================
    name            values      MACs    units
    =============== =========== ======= =========================
    se_resnet18_v2   24,109,888  1.74 G (2, 2, 2, 2)
    se_resnet34_v2   34,293,884  3.59 G (3, 4, 6, 3)
    se_resnet50_v2   77,425,792  4.08 G (3, 4, 6, 3) bottlenecks
    se_resnet101_v2  98,690,769  7.80 G (3, 4, 23, 3) bottlenecks
    se_resnet152_v2 116,208,802 11.51 G (3, 8, 36, 3) bottlenecks
    =============== =========== ======= =========================

    gluonfr 1.0 built sizes 18 and 34 of bottlenecks too, pooled after the stem and before the head, shared one slope
    among all channels, and ended in a PReLU: that network is `SEResNetGluonfr1`.

    Parameters
    ----------
    num_layers : {18, 34, 50, 101, 152}
        Size.
    classes, embedding_size, weight_norm, feature_norm, need_cls_layer
        As in `FrBase`.
    dropout : float
        Share of the features that training drops before the fully connected layer, in [0, 1).
    pooling : {'flatten', 'average'}
        Give that layer all positions of the last feature map, or their mean: then it is 49 times smaller.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.
    thumbnail : bool
        False: this network never pools in its stem. gluonfr 1.0's argument is one of `SEResNetGluonfr1`.

    Inputs:
        - **x**: (B, 3, height, width), normalised as ``input_spec`` says

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0.25)

    def __init__(self, num_layers: int, classes: Optional[int] = None, embedding_size: int = 512,
                 weight_norm: bool = False, feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *,
                 dropout: float = 0.4, pooling: str = 'flatten', input_size: Union[int, Tuple[int, int]] = 112,
                 thumbnail: bool = False, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        name = type(self).__name__
        if thumbnail:
            raise ValueError("{}: thumbnail must be False, got True: its stem never pools. gluonfr 1.0's network, with "
                             "that argument, is 'se_resnet{}_v2_gluonfr1'.".format(name, num_layers))
        units, bottleneck = SIZES[check_choice(name, 'num_layers', num_layers, tuple(SIZES))]
        self.input_spec = face_spec(name, embedding_size, input_size)
        size = tuple(side // 16 for side in self.input_spec.size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.Conv2D(64, 3, padding=1, use_bias=False, in_channels=3),
                                  nn.BatchNorm(epsilon=EPSILON, in_channels=64), PReLU(64))
                before = 64
                for stage, count in enumerate(units):
                    channels = (256 if bottleneck else 64) << stage
                    for i in range(count):
                        self.features.add(PreActivationUnit(before, channels, 1 if i else 2, bottleneck, prelu=True,
                                                            se=True))
                        before = channels
                self.features.add(embedding_head(name, before, size, embedding_size, dropout, pooling))


def get_se_resnet(num_layers: int, **kwargs: Any) -> SEResNetV2:
    """`SEResNetV2` under the name that gluonfr 1.0 gave its maker."""
    return SEResNetV2(num_layers, **kwargs)


se_resnet18_v2 = variant(SEResNetV2, 'se_resnet18_v2', 'l_se_resnet18v2', num_layers=18)
se_resnet34_v2 = variant(SEResNetV2, 'se_resnet34_v2', 'l_se_resnet34v2', num_layers=34)
se_resnet50_v2 = variant(SEResNetV2, 'se_resnet50_v2', 'l_se_resnet50v2', num_layers=50)
se_resnet101_v2 = variant(SEResNetV2, 'se_resnet101_v2', 'l_se_resnet101v2', num_layers=101)
se_resnet152_v2 = variant(SEResNetV2, 'se_resnet152_v2', 'l_se_resnet152v2', num_layers=152)
