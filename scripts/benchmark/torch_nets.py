"""MobileFaceNet 128-d, IResNet-50 and ArcFace for PyTorch, as gluonfr defines them.

Their modules are defined in the order of gluonfr's parameters, so that weights are copied by their place.
"""
import torch
from torch import nn
from torch.nn import functional

__all__ = ['ArcFace', 'NETS', 'copy_weights', 'learned']


class MobileFaceNet(nn.Sequential):
    """As gluonfr/model_zoo/mobile_facenet.py by default. (B, 3, 112, 112) -> (B, D)"""

    def __init__(self, embedding_size=128, scale=1):
        width = 64 * scale
        layers = [_conv(3, width, 3, 2, 1), _conv(width, width, 3, 1, 1, 64)]
        for count, halving, residual, channels in ((4, 128, 128, 64), (6, 256, 256, 128), (2, 512, 256, 128)):
            channels *= scale
            layers.append(_Bottleneck(width, halving, channels, 2))
            layers += [_Bottleneck(channels, residual, channels, 1) for _ in range(count)]
            width = channels
        super().__init__(*layers, _conv(width, 512), _conv(512, 512, 7, groups=512, activation=False), nn.Flatten(),
                         nn.Linear(512, embedding_size, bias=False), _last_norm(embedding_size, 1e-5))
        self.embedding_size = embedding_size


class IResNet(nn.Sequential):
    """As gluonfr/model_zoo/iresnet.py. (B, 3, 112, 112) -> (B, D)"""

    def __init__(self, units, embedding_size=512):
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64, 2e-5), nn.PReLU(64)]
        width = 64
        for count, channels in zip(units, (64, 128, 256, 512)):
            layers += [_Unit(channels if i else width, channels, 1 if i else 2) for i in range(count)]
            width = channels
        super().__init__(*layers, nn.BatchNorm2d(512, 2e-5), nn.Dropout(0.4), nn.Flatten(),
                         nn.Linear(512 * 7 * 7, embedding_size), _last_norm(embedding_size, 2e-5))
        self.embedding_size = embedding_size


NETS = {'mobilefacenet': MobileFaceNet, 'iresnet50': lambda: IResNet((3, 4, 14, 3))}


class ArcFace(nn.Module):
    """Cross-entropy of ArcFace's scores, as `gluonfr train --loss arcface`: (B, D), (B,) -> the mean loss.

    With the easy margin, its default, the margin acts on targets nearer than 90 degrees.
    """

    def __init__(self, classes, embedding_size, m=0.5, s=64):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(classes, embedding_size)))
        self.m, self.s = m, s

    def forward(self, embedding, label):
        """The loss."""
        cos = functional.linear(functional.normalize(embedding), functional.normalize(self.weight))  # (B, C)
        target = cos.gather(1, label[:, None])
        moved = torch.cos(torch.acos(target.clamp(-1 + 1e-6, 1 - 1e-6)) + self.m)
        scores = cos.scatter(1, label[:, None], torch.where(target > 0, moved, target))
        return functional.cross_entropy(self.s * scores, label)


def learned(*modules):
    """How many values are learned."""
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)


def copy_weights(module, arrays):
    """Set parameters and running statistics from arrays in gluonfr's order; a ValueError where a shape differs."""
    places = [value for name, value in module.state_dict().items() if not name.endswith('num_batches_tracked')]
    if len(places) != len(arrays):
        raise ValueError('copy_weights: the net has {} arrays, got {}.'.format(len(places), len(arrays)))
    with torch.no_grad():
        for i, (place, array) in enumerate(zip(places, arrays)):
            if tuple(place.shape) != array.shape:
                raise ValueError('copy_weights: array {} must be {}, got {}.'.format(
                    i, tuple(place.shape), array.shape))
            place.copy_(torch.from_numpy(array))


def _conv(before, channels, kernel=1, stride=1, padding=0, groups=1, activation=True):
    layers = [nn.Conv2d(before, channels, kernel, stride, padding, groups=groups, bias=False),
              nn.BatchNorm2d(channels, 1e-5)]
    return nn.Sequential(*layers, *([nn.PReLU(channels)] if activation else []))


def _last_norm(size, epsilon):
    """BatchNorm of the embedding, whose gamma stays 1."""
    norm = nn.BatchNorm1d(size, epsilon)
    norm.weight.requires_grad_(False)
    return norm


class _Bottleneck(nn.Module):
    def __init__(self, before, hidden, channels, stride):
        super().__init__()
        self.residual = stride == 1 and before == channels
        self.out = nn.Sequential(_conv(before, hidden), _conv(hidden, hidden, 3, stride, 1, hidden),
                                 _conv(hidden, channels, activation=False))

    def forward(self, x):
        out = self.out(x)
        return out + x if self.residual else out


class _Unit(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(before, 2e-5), nn.Conv2d(before, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels, 2e-5), nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels, 2e-5))
        self.shortcut = None
        if stride != 1 or before != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False),
                                          nn.BatchNorm2d(channels, 2e-5))

    def forward(self, x):
        return self.body(x) + (x if self.shortcut is None else self.shortcut(x))
