"""What families of face networks share: the pre-activation residual unit and the head."""
from mxnet.gluon import HybridBlock, nn

from ..nn import Chain, PReLU, SELayer
from ..nn.basic_blocks import Dropout, EmbeddingNorm
from ..utils.check import check_choice, check_number

__all__ = ['EPSILON', 'PreActivationUnit', 'embedding_head']

EPSILON = 2e-5  # of every BatchNorm here, as in InsightFace's MXNet nets; the momentum is Gluon's 0.9, like theirs


class PreActivationUnit(HybridBlock):
    """Residual unit with BatchNorm and activation before each convolution ("Identity Mappings", 1603.05027).

    Parameters
    ----------
    in_channels, channels : int
        Channels of the input, of the output.
    stride : int
        Of the first 3x3 convolution, and of the shortcut.
    bottleneck : bool
        1x1, 3x3 and 1x1 convolutions, the first two with channels // 4; else two 3x3 ones.
    prelu : bool or 'shared'
        PReLU with a slope for each channel (True) or one for all, else ReLU.
    se : bool
        Squeeze-and-excitation (1709.01507) on the residual branch.
    epsilon : float
        Of the BatchNorms.

    Inputs:
        - **x**: (B, in_channels, H, W)

    Outputs:
        - **out**: (B, channels, ceil(H / stride), ceil(W / stride)), the residual plus the input itself, or plus a
          1x1 convolution of the activated input where the shape changes
    """

    def __init__(self, in_channels, channels, stride=1, bottleneck=True, prelu=False, se=False, epsilon=EPSILON,
                 prefix=None, params=None):
        super().__init__(prefix=prefix, params=params)
        inner = channels // 4
        convolutions = [(inner, 1, 1), (inner, 3, stride), (channels, 1, 1)] if bottleneck else [
            (channels, 3, stride), (channels, 3, 1)]
        layers, width = [], in_channels
        with self.name_scope():
            for out, kernel, step in convolutions:
                layers += [nn.BatchNorm(epsilon=epsilon, in_channels=width),
                           PReLU(1 if prelu == 'shared' else width, in_channels=width) if prelu
                           else nn.Activation('relu'),
                           nn.Conv2D(out, kernel, step, kernel // 2, use_bias=False, in_channels=width)]
                width = out
            if se:
                layers.append(SELayer(channels, channels))
            self.activate = nn.HybridSequential(prefix='')
            self.activate.add(*layers[:2])
            self.body = Chain(prefix='')
            self.body.add(*layers[2:])
            self.shortcut = None
            if stride != 1 or in_channels != channels:
                self.shortcut = nn.Conv2D(channels, 1, stride, use_bias=False, in_channels=in_channels)

    def hybrid_forward(self, F, x):
        """The output of the unit."""
        y = self.activate(x)
        return F.elemwise_add(self.body(y), x if self.shortcut is None else self.shortcut(y))


def embedding_head(owner, channels, size, embedding_size, dropout, pooling):
    """BatchNorm, dropout, fully connected layer, BatchNorm: from the last feature map to the embedding.

    The last BatchNorm has gamma fixed at 1; the layer before it has no bias, which that BatchNorm would take away.

    Parameters
    ----------
    owner : str
        The network, for the messages.
    channels : int
        Of the feature map.
    size : (int, int)
        Height and width of the feature map.
    embedding_size : int
        D.
    dropout : float
        Share of the features that training drops, in [0, 1).
    pooling : {'flatten', 'average'}
        All positions into the fully connected layer ("E" in ArcFace, 1801.07698), or their mean.

    Returns
    -------
    HybridSequential : (B, channels, height, width) -> (B, D)
    """
    check_choice(owner, 'pooling', pooling, ('flatten', 'average'))
    check_number(owner, 'dropout', dropout, 0, 1, high_open=True)
    flatten = pooling == 'flatten'
    head = nn.HybridSequential(prefix='head_')
    with head.name_scope():
        if not flatten:
            head.add(nn.GlobalAvgPool2D())
        head.add(nn.BatchNorm(epsilon=EPSILON, in_channels=channels), Dropout(dropout), nn.Flatten(),
                 nn.Dense(embedding_size, use_bias=False, in_units=channels * (size[0] * size[1] if flatten else 1)),
                 EmbeddingNorm(epsilon=EPSILON, scale=False, in_channels=embedding_size))
    return head
