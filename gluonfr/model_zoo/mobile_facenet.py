"""MobileFaceNet and the variants of it that have published weights."""
from typing import Any, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet.gluon import HybridBlock, nn

from ..nn import Chain, FrBase, PReLU, SELayer
from ..nn.basic_blocks import EmbeddingNorm
from ..utils.check import check_int
from .registry import MODELS, variant
from .spec import face_spec

__all__ = ['MobileFaceNet', 'MobileFaceNetRe', 'get_mobile_facenet', 'get_mobile_facenet_re', 'mbf', 'mbf_large',
           'mobilefacenet_ring', 'mobilefacenet_shared', 'mobilefacenet_y1', 'mobilefacenet_y2']

# Three stages after the first: (hidden channels of the unit that halves the image, of the residual ones, output width).
STAGES = ((128, 128, 64), (256, 256, 128), (512, 256, 128))
RE_STAGES = (1, 24, 2), (2, 32, 2), (3, 64, 1), (2, 96, 2), (2, 160, 1)  # units, width, stride of the first unit


class _Conv(Chain):
    """Convolution, BatchNorm, and a PReLU with ``slopes`` 'channel' or 'shared' (None: no PReLU)."""

    def __init__(self, in_channels, channels, kernel=1, stride=1, pad=0, groups=1, slopes='channel', epsilon=1e-5):
        super().__init__()
        with self.name_scope():
            self.add(nn.Conv2D(channels, kernel, stride, pad, groups=groups, use_bias=False, in_channels=in_channels),
                     nn.BatchNorm(epsilon=epsilon, in_channels=channels))
            if slopes:
                self.add(PReLU(channels if slopes == 'channel' else 1, in_channels=channels))


class _Bottleneck(HybridBlock):
    """1x1 to ``hidden`` channels, 3x3 depthwise, 1x1 without activation; residual where the shape stays."""

    def __init__(self, in_channels, hidden, channels, stride, slopes, epsilon, use_se):
        super().__init__()
        self._residual = stride == 1 and in_channels == channels
        with self.name_scope():
            self.out = Chain()
            with self.out.name_scope():
                self.out.add(_Conv(in_channels, hidden, slopes=slopes, epsilon=epsilon),
                             _Conv(hidden, hidden, 3, stride, 1, hidden, slopes, epsilon),
                             _Conv(hidden, channels, slopes=None, epsilon=epsilon))
                if use_se:
                    self.out.add(SELayer(channels, channels))

    def hybrid_forward(self, F, x):
        """The unit's output for ``x``."""
        out = self.out(x)
        return F.elemwise_add(out, x) if self._residual else out


@MODELS.register('mobilefacenet')
class MobileFaceNet(FrBase):
    """"MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices" (1804.07573).

    By default 128-d with one PReLU slope for each channel: 1,003,136 values and 221 M multiply-adds at 112x112. By
    name, with the settings of their published weights:

    ====================== ========= ======= === =====================================================================
    name                   values    MACs    D   is
    ====================== ========= ======= === =====================================================================
    mobilefacenet          1,003,136 221.0 M 128 one slope for each channel
    mobilefacenet_shared     995,617 221.0 M 128 gluonfr 1.0's 'mobilefacenet': one slope for each PReLU
    mobilefacenet_ring     1,061,410 221.0 M 256 the ring-loss document's: shared slopes, a PReLU at the end;
                                                 1,081,250 with running statistics
    mobilefacenet_y1       1,003,264 221.0 M 128 InsightFace's MXNet y1: its embedding layer has a bias
    mobilefacenet_y2       1,996,032 468.8 M 256 InsightFace's MXNet y2: blocks (2, 8, 16, 4)
    mbf                    2,059,520 437.5 M 512 InsightFace's PyTorch 'mbf': scale 2
    mbf_large              6,314,880 1.82 G  512 its 'mbf_large': blocks (2, 8, 12, 4), scale 4
    ====================== ========= ======= === =====================================================================

    `initialize` without an initializer draws He's for PReLU ("Delving Deep into Rectifiers", 1502.01852) by each
    filter's own inputs, which is right for depthwise filters too.

    Parameters
    ----------
    classes : int or None
        Number of classes C of the class layer.
    use_se : bool
        Squeeze-and-excitation (1709.01507) at the end of each bottleneck.
    weight_norm, feature_norm, need_cls_layer
        As in `FrBase`; without ``classes`` the network gives embeddings.
    embedding_size : int
        D.
    blocks : sequence of 4 int
        Units of the four stages: depthwise ones (one is a plain depthwise convolution) before the first halving,
        and residual ones after each of the three bottlenecks that halve the image.
    scale : int
        Factor of the stages' output channels, not of the hidden ones.
    first_hidden : int
        Hidden channels of the units before the first halving, where there is more than one.
    shared_slopes : bool
        One slope for a whole PReLU instead of one for each channel.
    last_prelu : bool
        A PReLU with one slope after the last BatchNorm.
    fc_bias : bool
        A bias before the last BatchNorm, which takes it out again in training. InsightFace's MXNet weights have one:
        to load those of y2, say True.
    last_bn : sequence of 2 bool
        Whether gamma and beta of the last BatchNorm are learned, or stay 1 and 0.
    epsilon : float or sequence of 2 float
        Of all BatchNorms, or of all and of the last one.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.
    std : float
        Grey levels that make 1 in the input (``input_spec``): x = (pixel - 127.5) / std.
    channels : {3, 1}
        Of the images, RGB or grey.

    Inputs:
        - **x**: (B, 3, 112, 112)

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0.25)

    def __init__(self, classes: Optional[int] = None, use_se: bool = False, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *, embedding_size: int = 128,
                 blocks: Sequence[int] = (1, 4, 6, 2), scale: float = 1, first_hidden: int = 64,
                 shared_slopes: bool = False, last_prelu: bool = False, fc_bias: bool = False,
                 last_bn: Tuple[bool, bool] = (False, True), epsilon: float = 1e-5,
                 input_size: Union[int, Tuple[int, int]] = 112, std: float = 127.5, channels: int = 3,
                 **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        owner = type(self).__name__
        if len(blocks) != 4:
            raise ValueError('{}: blocks must be four numbers, got {}.'.format(owner, blocks))
        first, *rest = [check_int(owner, 'blocks', n, low) for n, low in zip(blocks, (1, 0, 0, 0))]
        check_int(owner, 'scale', scale, 1)
        check_int(owner, 'first_hidden', first_hidden, 1)
        self.blocks, self.first_hidden = tuple(blocks), first_hidden
        self.input_spec = face_spec(owner, embedding_size, input_size, std, channels)
        eps, last_eps = epsilon if isinstance(epsilon, (tuple, list)) else (epsilon, epsilon)
        slopes = 'shared' if shared_slopes else 'channel'
        grid = tuple(side // 16 for side in self.input_spec.size)
        width = 64 * scale

        def units(count, hidden):
            return [_Bottleneck(width, hidden, width, 1, slopes, eps, use_se) for _ in range(count)]

        with self.name_scope():
            self.features = Chain(prefix='features_')
            with self.features.name_scope():
                self.features.add(_Conv(channels, width, 3, 2, 1, slopes=slopes, epsilon=eps))    # (B, 64, 56, 56)
                if first == 1:
                    self.features.add(_Conv(width, width, 3, 1, 1, 64, slopes, eps))
                else:
                    self.features.add(*units(first, first_hidden))
                for count, (halving, residual, channels) in zip(rest, STAGES):                    # 28, 14, 7
                    self.features.add(_Bottleneck(width, halving, channels * scale, 2, slopes, eps, use_se))
                    width = channels * scale
                    self.features.add(*units(count, residual))
                self.features.add(_Conv(width, 512, slopes=slopes, epsilon=eps),
                                  _Conv(512, 512, grid, groups=512, slopes=None, epsilon=eps),    # (B, 512, 1, 1)
                                  nn.Flatten(),
                                  nn.Dense(embedding_size, use_bias=fc_bias, in_units=512),
                                  EmbeddingNorm(epsilon=last_eps, scale=last_bn[0], center=last_bn[1],
                                                in_channels=embedding_size))
                if last_prelu:
                    self.features.add(PReLU(1, spatial=False))


def get_mobile_facenet(classes: Optional[int] = None, need_cls_layer: Optional[bool] = None,
                       **kwargs: Any) -> MobileFaceNet:
    """gluonfr 1.0's name of `MobileFaceNet`, with its order of arguments."""
    return MobileFaceNet(classes, need_cls_layer=need_cls_layer, **kwargs)


@MODELS.register('mobilefacenet_re')
class MobileFaceNetRe(FrBase):
    """gluonfr 1.0's narrower and deeper MobileFaceNet: five stages of 24 to 160 channels, one slope for each PReLU.

    160-d: 535,374 values and 50.7 M multiply-adds at 112x112.

    Parameters
    ----------
    classes, use_se, weight_norm, feature_norm, need_cls_layer, embedding_size, input_size
        As in `MobileFaceNet`.

    Inputs:
        - **x**: (B, 3, 112, 112)

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0.25)

    def __init__(self, classes: Optional[int] = None, use_se: bool = False, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = None, *, embedding_size: int = 160,
                 input_size: Union[int, Tuple[int, int]] = 112, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        self.input_spec = face_spec(type(self).__name__, embedding_size, input_size)
        grid, width = tuple(side // 16 for side in self.input_spec.size), 32
        with self.name_scope():
            self.features = Chain(prefix='features_')
            with self.features.name_scope():
                self.features.add(_Conv(3, width, 3, 2, 1, slopes='shared'))
                for count, channels, stride in RE_STAGES:
                    for i in range(count):
                        self.features.add(_Bottleneck(width, 3 * width, channels, 1 if i else stride, 'shared', 1e-5,
                                                      use_se))
                        width = channels
                self.features.add(_Conv(width, 320, slopes='shared'),
                                  _Conv(320, 320, grid, groups=320, slopes=None),
                                  nn.Flatten(), nn.Dense(embedding_size, use_bias=False, in_units=320),
                                  EmbeddingNorm(scale=False, center=False, in_channels=embedding_size))


def get_mobile_facenet_re(classes: Optional[int] = None, need_cls_layer: Optional[bool] = None,
                          **kwargs: Any) -> MobileFaceNetRe:
    """gluonfr 1.0's name of `MobileFaceNetRe`, with its order of arguments."""
    return MobileFaceNetRe(classes, need_cls_layer=need_cls_layer, **kwargs)


# gluonfr 1.0 and the nets made with it left BatchNorm at Gluon's eps and kept gamma and beta of the last one fixed.
mobilefacenet_shared = variant(MobileFaceNet, 'mobilefacenet_shared', shared_slopes=True, last_bn=(False, False))
mobilefacenet_ring = variant(MobileFaceNet, 'mobilefacenet_ring', embedding_size=256, shared_slopes=True,
                             last_prelu=True, last_bn=(False, False))
# InsightFace's MXNet symbols leave eps at the operator's default, but for the last BatchNorm.
mobilefacenet_y1 = variant(MobileFaceNet, 'mobilefacenet_y1', fc_bias=True, epsilon=(1e-3, 2e-5), std=128)
mobilefacenet_y2 = variant(MobileFaceNet, 'mobilefacenet_y2', embedding_size=256, blocks=(2, 8, 16, 4),
                           epsilon=(1e-3, 2e-5), std=128)
mbf = variant(MobileFaceNet, 'mbf', 'mobilefacenet_mbf', embedding_size=512, scale=2, last_bn=(True, True))
mbf_large = variant(MobileFaceNet, 'mbf_large', embedding_size=512, blocks=(2, 8, 12, 4), scale=4, first_hidden=128,
                    last_bn=(True, True))
