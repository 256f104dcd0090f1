"""MiniResNet18: a residual network for small grey images."""
from typing import Any, Optional

from mxnet.gluon import HybridBlock, nn

from ..nn import Chain, FrBase, PReLU
from .registry import MODELS
from .spec import InputSpec

__all__ = ['MiniResNet18']


class _Block(HybridBlock):
    """Two 3x3 convolutions with BatchNorm around an identity: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels, prefix=None, params=None):
        super().__init__(prefix=prefix, params=params)
        with self.name_scope():
            self.body = Chain(prefix='')
            self.body.add(nn.Conv2D(channels, 3, padding=1, use_bias=False, in_channels=channels),
                          nn.BatchNorm(in_channels=channels), PReLU(channels),
                          nn.Conv2D(channels, 3, padding=1, use_bias=False, in_channels=channels),
                          nn.BatchNorm(in_channels=channels))
            self.act = PReLU(channels)

    def hybrid_forward(self, F, x):
        return self.act(F.elemwise_add(x, self.body(x)))


@MODELS.register('miniresnet18')
class MiniResNet18(FrBase):
    """Three stages (32, 64, 128 channels) of a convolution and a residual block, global average, embedding.

    481,794 values and 50.8 M multiply-adds with the 2-d embedding.

    Parameters
    ----------
    classes, embedding_size, weight_norm, feature_norm, need_cls_layer
        As in `LeNetPlus`.

    Inputs:
        - **x**: (B, 1, 28, 28) or another size, values in [0, 1]

    Outputs:
        - **embedding**: (B, D), and with ``need_cls_layer`` also **pred**: (B, C)
    """

    any_size = True

    def __init__(self, classes: int = 10, embedding_size: int = 2, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = False, **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        self.input_spec = InputSpec((28, 28), (0,), (255,), 'grey', embedding_size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                width = 1
                for stage, channels in enumerate((32, 64, 128)):
                    if stage:
                        self.features.add(nn.MaxPool2D(2, strides=2))
                    self.features.add(nn.Conv2D(channels, 3, padding=1, use_bias=False, in_channels=width),
                                      nn.BatchNorm(in_channels=channels), PReLU(channels), _Block(channels))
                    width = channels
                self.features.add(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(embedding_size, in_units=width))
