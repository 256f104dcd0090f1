"""The networks of gluonfr 1.0.2, built of Gluon's layers, with its names of parameters."""
import mxnet as mx
from convert_cases import random_values
from mxnet.gluon import HybridBlock, nn
from mxnet.gluon.model_zoo.vision.resnet import BottleneckV2

from gluonfr.nn.basic_blocks import EmbeddingNorm  # Gluon's can crash on (B, D)


def sequence(*layers):
    found = nn.HybridSequential()
    found.add(*layers)
    return found


def conv(channels, kernel=1, stride=1, pad=0, **more):
    return nn.Conv2D(channels, kernel, stride, pad, use_bias=False, **more)


class Old(HybridBlock):
    """A network: its features alone, the class layer being left out of a conversion."""

    def __init__(self, *layers, dense, prelu=True):
        super().__init__()
        self.features = sequence(*layers, *dense, *[nn.PReLU()] * prelu)

    def hybrid_forward(self, F, x):
        return self.features(x)


class Squeeze(HybridBlock):
    def __init__(self, channels):
        super().__init__()
        self.fc = sequence(nn.Conv2D(channels // 16, 1), nn.PReLU(), nn.Conv2D(channels, 1), nn.Activation('sigmoid'))

    def hybrid_forward(self, F, x):
        return F.broadcast_mul(x, self.fc(F.mean(x, axis=(2, 3), keepdims=True)))


# --- SE-ResNet -------------------------------------------------------------------------------------------------------

class SEUnit(HybridBlock):
    def __init__(self, width, channels, stride):
        super().__init__()
        self.bn1, self.prelu1, self.conv1 = nn.BatchNorm(), nn.PReLU(), conv(channels // 4)
        self.bn2, self.prelu2, self.conv2 = nn.BatchNorm(), nn.PReLU(), conv(channels // 4, 3, stride, 1)
        self.bn3, self.prelu3, self.conv3 = nn.BatchNorm(), nn.PReLU(), conv(channels)
        self.downsample = conv(channels, 1, stride) if width != channels else None
        self.se = Squeeze(channels)

    def hybrid_forward(self, F, x):
        y = self.prelu1(self.bn1(x))
        shortcut = self.downsample(y) if self.downsample else x
        y = self.conv2(self.prelu2(self.bn2(self.conv1(y))))
        return self.se(self.conv3(self.prelu3(self.bn3(y)))) + shortcut


def se_resnet(units, widths, thumbnail=False):
    """1.0's l_se_resnetNNv2; widths: 64 and those of the four stages."""
    stem = [nn.BatchNorm(scale=False, center=False), conv(64, 3, 1, 1)]
    if not thumbnail:
        stem += [nn.BatchNorm(), nn.PReLU(), nn.MaxPool2D(3, 2, 1)]
    stages = [sequence(*[SEUnit(width if i else before, width, 1 if i or not stage else 2) for i in range(count)])
              for stage, (count, before, width) in enumerate(zip(units, widths, widths[1:]))]
    return Old(*stem, *stages, nn.BatchNorm(), nn.PReLU(), nn.GlobalAvgPool2D(), nn.Flatten(),
               dense=[nn.Dense(512, use_bias=False), EmbeddingNorm(scale=False, center=False)])


# --- residual attention ----------------------------------------------------------------------------------------------

class Mask(HybridBlock):
    """The branch of a module in a stage, 1 to 3, whose map has a side."""

    def __init__(self, channels, side, stage):
        super().__init__()
        self.sides = {level: side >> (level - stage) for level in range(stage, 4)}
        for level in self.sides:
            for name in ('down', 'up'):
                setattr(self, '{}_res_unit_{}'.format(name, level), sequence(BottleneckV2(channels, 1)))
            if level < 3:
                setattr(self, 'skip_connection_{}'.format(level), BottleneckV2(channels, 1))
        self.output = sequence(nn.BatchNorm(), nn.Activation('relu'), conv(channels), nn.BatchNorm(),
                               nn.Activation('relu'), conv(channels), nn.Activation('sigmoid'))

    def hybrid_forward(self, F, x):
        skips = {}
        for level in self.sides:
            x = getattr(self, 'down_res_unit_{}'.format(level))(
                F.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type='max'))
            if level < 3:
                skips[level] = getattr(self, 'skip_connection_{}'.format(level))(x)
        for level, side in reversed(list(self.sides.items())):
            x = x + skips[level] if level < 3 else x
            x = getattr(self, 'up_res_unit_{}'.format(level))(x)
            x = F.contrib.BilinearResize2D(x, height=side, width=side)
        return self.output(x)


class Attention(HybridBlock):
    def __init__(self, channels, side, stage):
        super().__init__()
        self.pre, self.post = (sequence(BottleneckV2(channels, 1)) for _ in range(2))
        self.trunk_branch = sequence(BottleneckV2(channels, 1), BottleneckV2(channels, 1))
        self.mask_branch = Mask(channels, side, stage)

    def hybrid_forward(self, F, x):
        x = self.pre(x)
        return self.post((1 + self.mask_branch(x)) * self.trunk_branch(x))


def attention_net(modules, side=112):
    """1.0's attentionfacenetNN; there, the side was 112."""
    layers, width = [conv(64, 3, 1, 1), nn.BatchNorm(), nn.Activation('relu')], 64
    for stage, count in enumerate(modules, 1):
        layers.append(BottleneckV2(128 << stage, 2, True, width))
        width = 128 << stage
        layers += [Attention(width, side >> stage, stage) for _ in range(count)]
    layers += [BottleneckV2(2048, 2, True, 1024), BottleneckV2(2048, 1), BottleneckV2(2048, 1), nn.BatchNorm(),
               nn.Activation('relu'), nn.GlobalAvgPool2D(), nn.Flatten()]
    return Old(*layers, dense=[nn.Dense(512, use_bias=False), EmbeddingNorm(scale=False, center=False)])


# --- MobileFaceNet_re ------------------------------------------------------------------------------------------------

def block(channels, kernel=1, stride=1, pad=0, groups=1, active=True):
    return sequence(conv(channels, kernel, stride, pad, groups=groups), nn.BatchNorm(), *[nn.PReLU()] * active)


class Bottleneck(HybridBlock):
    def __init__(self, width, channels, stride):
        super().__init__()
        self.residual = stride == 1 and width == channels
        self.out = sequence(block(3 * width), block(3 * width, 3, stride, 1, 3 * width), block(channels, active=False))

    def hybrid_forward(self, F, x):
        return self.out(x) + x if self.residual else self.out(x)


def mobilefacenet_re():
    """1.0's get_mobile_facenet_re."""
    stages, width = [], 32
    for count, channels, stride in ((1, 24, 2), (2, 32, 2), (3, 64, 1), (2, 96, 2), (2, 160, 1)):
        stages.append(sequence(*[Bottleneck(channels if i else width, channels, 1 if i else stride)
                                 for i in range(count)]))
        width = channels
    return Old(block(32, 3, 2, 1), *stages, block(320), block(320, 7, groups=320, active=False),
               dense=[conv(160), nn.BatchNorm(scale=False, center=False), nn.Flatten()], prelu=False)


def filled(net, side=112):
    """The network with random values."""
    net.initialize(mx.init.Zero())
    net(mx.nd.zeros((1, 3, side, side)))
    params = net.collect_params()
    values = random_values({key: param.shape for key, param in params.items()})
    for key, param in params.items():
        if param.grad_req != 'null' or 'running' in key:
            param.set_data(mx.nd.array(values[key]))
    return net
