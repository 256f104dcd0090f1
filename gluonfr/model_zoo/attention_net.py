"""Residual attention networks for faces."""
from typing import Any, Optional, Sequence, Tuple, Union

import mxnet as mx
from mxnet.gluon import HybridBlock, ParameterDict, nn

from ..nn import FrBase
from ..utils.check import check_choice, check_int
from .family import EPSILON, PreActivationUnit, embedding_head
from .registry import MODELS, variant
from .spec import face_spec

__all__ = ['AttentionModule', 'AttentionNet', 'AttentionNetFace', 'attention_stages', 'get_attention_face',
           'get_attention_net', 'attention_net56', 'attention_net92', 'attention_net128', 'attention_net164',
           'attention_net236', 'attention_net452', 'SIZES']

# num_layers: attention modules of each stage and p, t, r. The paper counts layers along the trunk:
# 3 * (2p + t) for each module, and 20 more. Size 92 is its ImageNet net, the larger ones have equal stages.
SIZES = {56: dict(modules=(1, 1, 1), p=1, t=2, r=1), 92: dict(modules=(1, 2, 3), p=1, t=2, r=1),
         128: dict(modules=(3, 3, 3), p=1, t=2, r=1), 164: dict(modules=(4, 4, 4), p=1, t=2, r=1),
         236: dict(modules=(6, 6, 6), p=1, t=2, r=1), 452: dict(modules=(6, 6, 6), p=2, t=4, r=3)}


def _units(count, channels, epsilon=EPSILON):
    units = nn.HybridSequential(prefix='')
    units.add(*[PreActivationUnit(channels, channels, epsilon=epsilon) for _ in range(count)])
    return units


class _Hourglass(HybridBlock):
    """Halve, r units, a smaller hourglass beside a skip unit (depth - 1 times), r units, back to ``size``."""

    def __init__(self, channels, r, size, depth, epsilon=EPSILON, prefix=None, params=None):
        super().__init__(prefix=prefix, params=params)
        self._size = size
        with self.name_scope():
            self.pool = nn.MaxPool2D(3, 2, 1)
            self.down = _units(r, channels, epsilon)
            self.inner = self.skip = None
            if depth > 1:
                self.inner = _Hourglass(channels, r, tuple((side + 1) // 2 for side in size), depth - 1, epsilon)
                self.skip = PreActivationUnit(channels, channels, epsilon=epsilon)
            self.up = _units(r, channels, epsilon)

    def hybrid_forward(self, F, x):
        x = self.down(self.pool(x))
        if self.inner is not None:
            x = F.elemwise_add(self.inner(x), self.skip(x))
        return F.contrib.BilinearResize2D(self.up(x), height=self._size[0], width=self._size[1])


class AttentionModule(HybridBlock):
    """Attention residual learning, :math:`(1 + M(x)) T(x)`, between p units before and p after (1704.06904).

    T is the trunk, t residual units. M, in (0, 1), is an hourglass: it halves the map ``depth`` times with r units
    after each, comes back by bilinear interpolation (corners aligned) with r units before each, and ends in two 1x1
    convolutions and a sigmoid.

    Parameters
    ----------
    channels : int
        Channels of input and output.
    size : (int, int)
        Height and width of the map, which the mask comes back to.
    depth : int
        How often the mask halves the map, >= 1.
    p, t, r : int
        Numbers of residual units, >= 1.
    epsilon : float
        Of the BatchNorms.

    Inputs:
        - **x**: (B, channels, height, width)

    Outputs:
        - **out**: the shape of x
    """

    def __init__(self, channels: int, size: Tuple[int, int], depth: int, p: int = 1, t: int = 2, r: int = 1,
                 epsilon: float = EPSILON, prefix: Optional[str] = None,
                 params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        with self.name_scope():
            self.before = _units(p, channels, epsilon)
            self.trunk = _units(t, channels, epsilon)
            self.mask = nn.HybridSequential(prefix='mask_')
            with self.mask.name_scope():
                self.mask.add(_Hourglass(channels, r, size, depth, epsilon))
                for _ in range(2):
                    self.mask.add(nn.BatchNorm(epsilon=epsilon, in_channels=channels), nn.Activation('relu'),
                                  nn.Conv2D(channels, 1, use_bias=False, in_channels=channels))
                self.mask.add(nn.Activation('sigmoid'))
            self.after = _units(p, channels, epsilon)

    def hybrid_forward(self, F, x):
        """The output of the module."""
        x = self.before(x)
        trunk = self.trunk(x)
        return self.after(F.elemwise_add(trunk, F.elemwise_mul(self.mask(x), trunk)))


class AttentionNetFace(FrBase):
    """Residual attention network ("Residual Attention Network for Image Classification", 1704.06904) for faces.

    The stem is a 3x3 convolution with stride 1 and no pooling, so that the stages see 56, 28 and 14 pixels at 112x112
    and the last one 7. BatchNorm has eps 2e-5 and momentum 0.9. Values and multiply-adds without a class layer, at
    the default size:

    ================ =========== ======= ========= =========
    name             values      MACs    modules   (p, t, r)
    ================ =========== ======= ========= =========
    attention_net56   30,807,744  6.21 G (1, 1, 1) (1, 2, 1)
    attention_net92   51,463,360 10.47 G (1, 2, 3) (1, 2, 1)
    attention_net128  56,464,064 14.94 G (3, 3, 3) (1, 2, 1)
    attention_net164  69,292,224 19.31 G (4, 4, 4) (1, 2, 1)
    attention_net236  94,948,544 28.04 G (6, 6, 6) (1, 2, 1)
    attention_net452 175,496,384 48.43 G (6, 6, 6) (2, 4, 3)
    ================ =========== ======= ========= =========

    gluonfr 1.0 had eps 1e-5, no BatchNorm and dropout after pooling, and a PReLU at the end: that network is
    `AttentionNetGluonfr1`.

    Parameters
    ----------
    classes : int or None
        As in `FrBase`, like weight_norm, feature_norm, embedding_size and need_cls_layer.
    modules : (int, int, int)
        Number of attention modules in each stage, >= 1.
    p, t, r : int
        Residual units before and after each module, in its trunk, and between poolings of its mask, >= 1.
    dropout : float
        Share of the features that training drops before the fully connected layer, in [0, 1).
    pooling : {'average', 'flatten'}
        Give that layer the mean over positions of the last feature map, as the paper does, or all of them.
    input_size : int or (int, int)
        Side, or height and width, of the images: multiples of 16.

    Inputs:
        - **x**: (B, 3, height, width), normalised as ``input_spec`` says

    Outputs:
        - **embedding**: (B, D), and with a class layer also **pred**: (B, C)
    """

    default_init = mx.init.MSRAPrelu('in', 0)

    def __init__(self, classes: Optional[int] = None, modules: Sequence[int] = (1, 1, 1), p: int = 1, t: int = 2,
                 r: int = 1, weight_norm: bool = False, feature_norm: bool = False, embedding_size: int = 512,
                 need_cls_layer: Optional[bool] = None, *, dropout: float = 0.4, pooling: str = 'average',
                 input_size: Union[int, Tuple[int, int]] = 112, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        name = type(self).__name__
        self.input_spec = face_spec(name, embedding_size, input_size)
        size = self.input_spec.size
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.Conv2D(64, 3, padding=1, use_bias=False, in_channels=3),
                                  nn.BatchNorm(epsilon=EPSILON, in_channels=64), nn.Activation('relu'),
                                  *attention_stages(name, modules, p, t, r, size),
                                  embedding_head(name, 2048, tuple(side // 16 for side in size), embedding_size,
                                                 dropout, pooling))


class AttentionNet(HybridBlock):
    """The classifier of "Residual Attention Network for Image Classification" (1704.06904) in its ImageNet form.

    The stem halves the image and pools it. As in gluonfr 1.0, BatchNorm has Gluon's eps. Faces want
    `AttentionNetFace`, which gives embeddings.

    Parameters
    ----------
    classes : int
        Number of classes C.
    modules, p, t, r
        As in `AttentionNetFace`.
    input_size : int
        Side of the images: a multiple of 32.

    Inputs:
        - **x**: (B, 3, input_size, input_size)

    Outputs:
        - **pred**: (B, C)
    """

    def __init__(self, classes: int, modules: Sequence[int], p: int, t: int, r: int, *, input_size: int = 224,
                 prefix: Optional[str] = None, params: Optional[ParameterDict] = None) -> None:
        super().__init__(prefix=prefix, params=params)
        name = type(self).__name__
        check_int(name, 'classes', classes, 2)
        if check_int(name, 'input_size', input_size, 32) % 32:
            raise ValueError('{}: input_size must be a multiple of 32, got {}.'.format(name, input_size))
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                self.features.add(nn.Conv2D(64, 3, 2, 1, use_bias=False, in_channels=3),
                                  nn.BatchNorm(in_channels=64), nn.Activation('relu'), nn.MaxPool2D(3, 2, 1),
                                  *attention_stages(name, modules, p, t, r, (input_size // 4,) * 2, 1, 1e-5),
                                  nn.GlobalAvgPool2D(), nn.Flatten())
            self.output = nn.Dense(classes, in_units=2048)

    def hybrid_forward(self, F, x):
        """The class scores of images."""
        return self.output(self.features(x))


def attention_stages(owner, modules, p, t, r, size, stride=2, epsilon=EPSILON):
    """The layers from the stem to the last feature map.

    Parameters
    ----------
    owner : str
        The network, for the messages.
    modules, p, t, r
        As in `AttentionNetFace`.
    size : (int, int)
        Height and width after the stem.
    stride : int
        Of the first unit; those of the other stages halve the map.
    epsilon : float
        Of the BatchNorms.

    Returns
    -------
    list of HybridBlock : (B, 64, height, width) -> (B, 2048, height / 8 / stride, width / 8 / stride)
    """
    if len(modules) != 3:
        raise ValueError('{}: modules must be three numbers, one for each stage, got {}.'.format(owner, modules))
    for key, value in [('modules', count) for count in modules] + [('p', p), ('t', t), ('r', r)]:
        check_int(owner, key, value, 1)
    layers, width = [], 64
    for stage, count in enumerate(modules):
        size = tuple(side // (2 if stage else stride) for side in size)
        channels = 256 << stage
        layers.append(PreActivationUnit(width, channels, 2 if stage else stride, epsilon=epsilon))
        # the mask of every stage goes down to the size of the last feature map
        layers += [AttentionModule(channels, size, 3 - stage, p, t, r, epsilon) for _ in range(count)]
        width = channels
    return layers + [PreActivationUnit(1024, 2048, 2, epsilon=epsilon), _units(2, 2048, epsilon),
                     nn.BatchNorm(epsilon=epsilon, in_channels=2048), nn.Activation('relu')]


@MODELS.register('attention_facenet')
def get_attention_face(classes: Optional[int] = None, num_layers: int = 128, embedding_size: int = 512,
                       need_cls_layer: Optional[bool] = None, **kwargs: Any) -> AttentionNetFace:
    """`AttentionNetFace` by its published size: ``num_layers`` in {56, 92, 128, 164, 236, 452}."""
    check_choice('get_attention_face', 'num_layers', num_layers, tuple(SIZES))
    return AttentionNetFace(classes, embedding_size=embedding_size, need_cls_layer=need_cls_layer, **SIZES[num_layers],
                            **kwargs)


def get_attention_net(classes: int, num_layers: int, **kwargs: Any) -> AttentionNet:
    """`AttentionNet` by its published size: ``num_layers`` in {56, 92, 128, 164, 236, 452}."""
    check_choice('get_attention_net', 'num_layers', num_layers, tuple(SIZES))
    return AttentionNet(classes, **SIZES[num_layers], **kwargs)


get_attention_face.open_keywords = True  # for the registry: AttentionNetFace checks them
attention_net56 = variant(AttentionNetFace, 'attention_net56', 'attentionfacenet56', **SIZES[56])
attention_net92 = variant(AttentionNetFace, 'attention_net92', 'attentionfacenet92', **SIZES[92])
attention_net128 = variant(AttentionNetFace, 'attention_net128', 'attentionfacenet128', **SIZES[128])
attention_net164 = variant(AttentionNetFace, 'attention_net164', 'attentionfacenet164', **SIZES[164])
attention_net236 = variant(AttentionNetFace, 'attention_net236', 'attentionfacenet236', **SIZES[236])
attention_net452 = variant(AttentionNetFace, 'attention_net452', 'attentionfacenet452', **SIZES[452])
