"""LeNet++: the small network of the MNIST examples."""
from typing import Any, Optional

from mxnet.gluon import nn

from ..nn import FrBase, PReLU
from .registry import MODELS
from .spec import InputSpec

__all__ = ['LeNetPlus']


@MODELS.register('lenetplus', 'lenet++', 'lenet_m')
class LeNetPlus(FrBase):
    """LeNet++ of the center-loss paper (ECCV 2016): three stages of two 5x5 convolutions, then the embedding.

    797,602 values and 80.9 M multiply-adds with the 2-d embedding.

    Parameters
    ----------
    classes : int
        Number of classes C of the class layer.
    embedding_size : int
        D; 2 shows what a loss does.
    weight_norm, feature_norm, need_cls_layer
        As in `FrBase`.
    prelu_last : bool
        A PReLU after the embedding, as gluonfr 1.0 had it. It keeps a 2-d embedding from reaching half the plane, so
        the default is a linear last layer.

    Inputs:
        - **x**: (B, 1, 28, 28), values in [0, 1]

    Outputs:
        - **embedding**: (B, D), and with ``need_cls_layer`` also **pred**: (B, C)
    """

    def __init__(self, classes: int = 10, embedding_size: int = 2, weight_norm: bool = False,
                 feature_norm: bool = False, need_cls_layer: Optional[bool] = False, prelu_last: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(classes, embedding_size, weight_norm, feature_norm, need_cls_layer, **kwargs)
        self.input_spec = InputSpec((28, 28), (0,), (255,), 'grey', embedding_size)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix='features_')
            with self.features.name_scope():
                width = 1
                for channels in (32, 64, 128):
                    for _ in range(2):
                        self.features.add(nn.Conv2D(channels, 5, padding=2, in_channels=width), PReLU(channels))
                        width = channels
                    self.features.add(nn.MaxPool2D(2, strides=2))
                self.features.add(nn.Flatten(), nn.Dense(embedding_size, in_units=128 * 3 * 3))
                if prelu_last:
                    self.features.add(PReLU(1, spatial=False))
