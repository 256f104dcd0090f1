"""The layers of our nets and of InsightFace's arcface_torch, side by side: one table for both ways."""
from ..model_zoo.iresnet import IResNet
from ..model_zoo.mobile_facenet import MobileFaceNet

__all__ = ['EPSILON', 'PARAMETERS', 'layer_table']

EPSILON = 1e-5  # of every BatchNorm in arcface_torch: a state dict does not say it
# Our name of a layer's parameter -> PyTorch's
PARAMETERS = {'weight': 'weight', 'bias': 'bias', 'alpha': 'weight', 'gamma': 'weight', 'beta': 'bias',
              'running_mean': 'running_mean', 'running_var': 'running_var'}


def layer_table(net):
    """The layers of a net under the names that arcface_torch's backbones/iresnet.py and mobilefacenet.py give them.

    Parameters
    ----------
    net : IResNet or MobileFaceNet

    Returns
    -------
    dict of str to str
        Our structural name of a layer with parameters, such as 'features.0', to theirs.

    Raises
    ------
    ValueError
        arcface_torch has no such net.
    """
    if isinstance(net, IResNet):
        return dict(_iresnet(net.units))
    if isinstance(net, MobileFaceNet):
        if net.blocks[0] > 1:
            raise ValueError('arcface_torch: with more than one unit in the first stage its mobilefacenet has 128 '
                             'hidden channels there, MobileFaceNet has 64; got blocks {}.'.format(net.blocks))
        return dict(_mobile_facenet(net.blocks))
    raise ValueError('arcface_torch: nets that it has, too, are IResNet and MobileFaceNet, got {}.'.format(
        type(net).__name__))


def _iresnet(units):
    for i, name in enumerate(('conv1', 'bn1', 'prelu')):
        yield 'features.{}'.format(i), name
    position = 3
    for stage, count in enumerate(units, 1):
        for unit in range(count):
            ours, theirs = 'features.{}'.format(position), 'layer{}.{}'.format(stage, unit)
            for i, name in enumerate(('bn1', 'conv1', 'bn2', 'prelu', 'conv2', 'bn3')):
                yield '{}.body.{}'.format(ours, i), '{}.{}'.format(theirs, name)
            for i in range(0 if unit else 2):
                yield '{}.shortcut.{}'.format(ours, i), '{}.downsample.{}'.format(theirs, i)
            position += 1
    for i, name in ((0, 'bn2'), (3, 'fc'), (4, 'features')):  # between them dropout and the way to (B, C H W)
        yield 'features.{}'.format(position + i), name


def _mobile_facenet(blocks):
    yield from _conv('features.0', 'layers.0')
    yield from _conv('features.1', 'layers.1')
    position = 2
    for stage, count in enumerate(blocks[1:], 1):  # theirs keeps the residual units of a stage in a block of their own
        names = ['layers.{}'.format(2 * stage)] + ['layers.{}.layers.{}'.format(2 * stage + 1, i) for i in range(count)]
        for theirs in names:
            for i, length in enumerate((3, 3, 2)):
                yield from _conv('features.{}.out.{}'.format(position, i), '{}.layers.{}'.format(theirs, i), length)
            position += 1
    yield from _conv('features.{}'.format(position), 'conv_sep')
    yield from _conv('features.{}'.format(position + 1), 'features.layers.0', 2)
    yield 'features.{}'.format(position + 3), 'features.layers.2'
    yield 'features.{}'.format(position + 4), 'features.layers.3'


def _conv(ours, theirs, length=3):
    """Convolution, BatchNorm and perhaps PReLU."""
    return [('{}.{}'.format(ours, i), '{}.layers.{}'.format(theirs, i)) for i in range(length)]
