"""IResNet: the residual networks of ArcFace."""
from typing import Any, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet.gluon import HybridBlock, nn

from ..nn import Chain, Dropout, FrBase, PReLU
from ..nn.basic_blocks import EmbeddingNorm, SELayer
from ..utils.check import check_int, check_number
from .registry import variant
from .spec import face_spec

__all__ = ['IResNet', 'iresnet18', 'iresnet34', 'iresnet50', 'iresnet100', 'iresnet200', 'iresnet2060']


class _Unit(HybridBlock):
    """BN-conv-BN-PReLU-conv-BN around an identity, or around a 1x1 convolution where the shape changes."""

    def __init__(self, in_channels, channels, stride, epsilon, middle_norm=True, subsample=False, use_se=False):
        super().__init__()
        conv = dict(kernel_size=3, padding=1, use_bias=False)
        with self.name_scope():
            self.body = Chain(prefix='')
            self.body.add(nn.BatchNorm(epsilon=epsilon, in_channels=in_channels),
                          nn.Conv2D(channels, in_channels=in_channels, **conv))
            if middle_norm:
                self.body.add(nn.BatchNorm(epsilon=epsilon, in_channels=channels))
            self.body.add(PReLU(channels),
                          nn.Conv2D(channels, strides=stride, in_channels=channels, **conv),
                          nn.BatchNorm(epsilon=epsilon, in_channels=channels))
            if use_se:
                self.body.add(SELayer(channels, channels))
            self.shortcut = None
            if subsample and stride != 1 and in_channels == channels:
                self.shortcut = nn.MaxPool2D(1, stride)
            elif stride != 1 or in_channels != channels:
                self.shortcut = nn.HybridSequential(prefix='shortcut_')
                with self.shortcut.name_scope():
                    self.shortcut.add(nn.Conv2D(channels, 1, stride, use_bias=False, in_channels=in_channels),
                                      nn.BatchNorm(epsilon=epsilon, in_channels=channels))

    def hybrid_forward(self, F, x):
        """The unit's output for ``x``."""
        return F.elemwise_add(self.body(x), x if self.shortcut is None else self.shortcut(x))


class IResNet(FrBase):
    """The network of "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (1801.07698), 512-d.

    A 3x3 stem without stride, four stages of residual units (64, 128, 256, 512 channels), then BatchNorm, dropout,
    fully connected layer and BatchNorm with gamma fixed at 1. One PReLU slope for each channel.

    =========== ============= ======== =================
    name        values        MACs     units
    =========== ============= ======== =================
    iresnet18      24,025,600   2.61 G (2, 2, 2, 2)
    iresnet34      34,139,328   4.46 G (3, 4, 6, 3)
    iresnet50      43,590,848   6.31 G (3, 4, 14, 3)
    iresnet100     65,156,160  12.09 G (3, 13, 30, 3)
    iresnet200    118,833,920  23.42 G (6, 26, 60, 6)
    iresnet2060 1,122,301,120 238.91 G (3, 128, 896, 3)
    =========== ============= ======== =================

    `initialize` without an initializer draws He's for PReLU (1502.01852).

    Parameters
    ----------
    classes, weight_norm, feature_norm, need_cls_layer
        As in `FrBase`; without ``classes`` the network gives embeddings.
    embedding_size : int
        D.
    units : sequence of 4 int
        Residual units of the four stages, >= 1.
    dropout : float
        Rate before the fully connected layer, in [0, 1).
    middle_norm : bool
        BatchNorm between the first convolution of a unit and its PReLU. The IR networks of face.evoLVe and TreB1eN have
        none.
    subsample : bool
        Take every second pixel as shortcut where only the size changes, in the first stage, instead of a convolution.
        AdaFace's IR networks and those others do so.
    use_se : bool
        Squeeze-and-excitation (1709.01507) at the end of each unit, as the IR-SE networks have it.
    epsilon : float
        Of all BatchNorms. 2e-5 is that of InsightFace's MXNet weights, 1e-5 that of its PyTorch ones.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.
    std : float
        Grey levels that make 1 in the input (``input_spec``): x = (pixel - 127.5) / std. InsightFace's MXNet weights
        want 128.
    channels : {3, 1}
        Of the images, RGB or grey.

    Inputs:
        - **x**: (B, 3, 112, 112)

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0.25)

    def __init__(self, classes: Optional[int] = None, embedding_size: int = 512, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *,
                 units: Sequence[int] = (3, 4, 14, 3), dropout: float = 0.4, epsilon: float = 2e-5,
                 input_size: Union[int, Tuple[int, int]] = 112, std: float = 127.5, middle_norm: bool = True,
                 subsample: bool = False, use_se: bool = False, channels: int = 3, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        owner = type(self).__name__
        if len(units) != 4:
            raise ValueError('{}: units must be four numbers, got {}.'.format(owner, units))
        check_number(owner, 'dropout', dropout, 0, 1, high_open=True)
        self.units, self.middle_norm, self.subsample, self.use_se = tuple(units), middle_norm, subsample, use_se
        self.input_spec = face_spec(owner, embedding_size, input_size, std, channels)
        height, width = (side // 16 for side in self.input_spec.size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.Conv2D(64, 3, padding=1, use_bias=False, in_channels=channels),
                                  nn.BatchNorm(epsilon=epsilon, in_channels=64), PReLU(64))       # (B, 64, 112, 112)
                before = 64
                for count, channels in zip(units, (64, 128, 256, 512)):                           # 56, 28, 14, 7
                    for i in range(check_int(owner, 'units', count, 1)):
                        self.features.add(_Unit(before, channels, 1 if i else 2, epsilon, middle_norm, subsample,
                                                use_se))
                        before = channels
                self.features.add(nn.BatchNorm(epsilon=epsilon, in_channels=512), Dropout(dropout), nn.Flatten(),
                                  nn.Dense(embedding_size, in_units=512 * height * width),
                                  EmbeddingNorm(epsilon=epsilon, scale=False, in_channels=embedding_size))


iresnet18 = variant(IResNet, 'iresnet18', 'r18', units=(2, 2, 2, 2))
iresnet34 = variant(IResNet, 'iresnet34', 'r34', units=(3, 4, 6, 3))
iresnet50 = variant(IResNet, 'iresnet50', 'r50', units=(3, 4, 14, 3))
iresnet100 = variant(IResNet, 'iresnet100', 'r100', units=(3, 13, 30, 3))
iresnet200 = variant(IResNet, 'iresnet200', 'r200', units=(6, 26, 60, 6))
iresnet2060 = variant(IResNet, 'iresnet2060', 'r2060', units=(3, 128, 896, 3))
