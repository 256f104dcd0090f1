"""The layers of our networks beside those of PyTorch's: of InsightFace's arcface_torch, and of the IR networks.

Names that lead from one to the other are the same for both ways, in and out.
"""
from collections import namedtuple

from ..model_zoo.iresnet import IResNet
from ..model_zoo.mobile_facenet import MobileFaceNet

__all__ = ['EPSILON', 'PARAMETERS', 'ir_table', 'layer_table']

EPSILON = 1e-5  # of every BatchNorm in arcface_torch: a state dict does not say it
# Our name of a layer's parameter -> PyTorch's
PARAMETERS = {'weight': 'weight', 'bias': 'bias', 'alpha': 'weight', 'gamma': 'weight', 'beta': 'bias',
              'running_mean': 'running_mean', 'running_var': 'running_var'}

# What an IResNet calls its layers. `unit` is the pattern of a residual unit, from its stage, its place in the stage and
# its number in the net; `body` and `shortcut` are what lies in it, by our names; `last` comes behind all units.
IResNetNames = namedtuple('IResNetNames', 'first unit body shortcut last')
ARCFACE_NAMES = IResNetNames(
    first=('conv1', 'bn1', 'prelu'), unit='layer{stage}.{unit}',
    body=dict(enumerate(('bn1', 'conv1', 'bn2', 'prelu', 'conv2', 'bn3'))), shortcut='downsample',
    last={0: 'bn2', 3: 'fc', 4: 'features'})  # between them dropout and the way to (B, C H W)


def layer_table(net):
    """The layers of a network under the names that arcface_torch's backbones/iresnet.py and mobilefacenet.py give them.

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
        arcface_torch has no such network.
    """
    if isinstance(net, IResNet):
        if net.subsample or net.use_se or not net.middle_norm:
            raise ValueError('arcface_torch: its IResNet has middle_norm=True, subsample=False and use_se=False, got '
                             '{}, {} and {}.'.format(net.middle_norm, net.subsample, net.use_se))
        return _iresnet(net.units, ARCFACE_NAMES)
    if isinstance(net, MobileFaceNet):
        if net.blocks[0] > 1 and net.first_hidden != 128:
            raise ValueError('arcface_torch: with more than one unit in the first stage its mobilefacenet has 128 '
                             'hidden channels there, got first_hidden {} with blocks {}.'.format(
                                 net.first_hidden, net.blocks))
        return dict(_mobile_facenet(net.blocks))
    raise ValueError('arcface_torch: networks that it has, too, are IResNet and MobileFaceNet, got {}.'.format(
        type(net).__name__))


def ir_table(net, se_block):
    """As `layer_table`, with the names of the IR and IR-SE networks of AdaFace, face.evoLVe and TreB1eN.

    Parameters
    ----------
    net : IResNet
    se_block : str
        What they call squeeze-and-excitation inside of res_layer.
    """
    count = 6 if net.middle_norm else 5
    body = {i: 'res_layer.{}'.format(i) for i in range(count)}
    body.update({'{}.fc.{}'.format(count, i): 'res_layer.{}.{}'.format(se_block, name)
                 for i, name in enumerate(('fc1', 'relu', 'fc2'))})
    return _iresnet(net.units, IResNetNames(
        first=['input_layer.{}'.format(i) for i in range(3)], unit='body.{number}', body=body,
        shortcut='shortcut_layer', last={i: 'output_layer.{}'.format(i) for i in range(5)}))


def _iresnet(units, names):
    table = {'features.{}'.format(i): name for i, name in enumerate(names.first)}
    numbered = [(stage, unit) for stage, count in enumerate(units, 1) for unit in range(count)]
    for number, (stage, unit) in enumerate(numbered):
        ours = 'features.{}.'.format(len(names.first) + number)
        theirs = names.unit.format(stage=stage, unit=unit, number=number) + '.'
        table.update({'{}body.{}'.format(ours, i): theirs + name for i, name in names.body.items()})
        if unit == 0:
            table.update({'{}shortcut.{}'.format(ours, i): '{}{}.{}'.format(theirs, names.shortcut, i)
                          for i in range(2)})
    behind = len(names.first) + len(numbered)
    table.update({'features.{}'.format(behind + i): name for i, name in names.last.items()})
    return table


def _mobile_facenet(blocks):
    yield from _conv('features.0', 'layers.0')
    position = 1
    if blocks[0] == 1:
        yield from _conv('features.1', 'layers.1')
        position = 2
    for stage, count in enumerate(blocks):  # theirs keeps the residual units of a stage in a block of their own
        names = ['layers.{}.layers.{}'.format(2 * stage + 1, i) for i in range(count)]
        for theirs in (['layers.{}'.format(2 * stage)] + names if stage else names if count > 1 else []):
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
