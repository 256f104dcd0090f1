"""Which network of ours a PyTorch state dict is of, by its names and shapes.

The IR and IR-SE networks of AdaFace, face.evoLVe and TreB1eN's InsightFace_Pytorch have the unit of `IResNet`, with or
without its BatchNorm in the middle; the shortcut of their first stage takes every second pixel, and AdaFace's last
BatchNorm learns nothing.
"""
import re

import numpy as np

from ..graph.convert_error import ConvertError
from ..utils.messages import names
from .readers.state_names import IR, IRESNET, MOBILEFACENET
from .recognise import IRESNETS, Traits
from .torch_names import EPSILON

__all__ = ['completed', 'is_adaface', 'se_block', 'torch_traits']

WIDTHS = (64, 128, 256, 512)


def torch_traits(state, epsilon=EPSILON):
    """What a state dict shows of its network.

    Parameters
    ----------
    state : dict of str to array
        Of IResNet or mobilefacenet, with arcface_torch's names, or of an IR network with those of AdaFace, face.evoLVe
        and
        TreB1eN.
    epsilon : float
        Of the BatchNorms, of which a state dict says nothing.

    Returns
    -------
    Traits

    Raises
    ------
    ConvertError
        It is of another kind of network, or a name is missing that shows its size.
    """
    if IRESNET in state:
        return _iresnet(state, epsilon)
    if IR in state:
        return _ir(state, epsilon)
    if MOBILEFACENET in state:
        return _mobilefacenet(state, epsilon)
    raise ConvertError("native_from_torch: the names must be those of arcface_torch's IResNet "
                       '(layer1.0.conv1.weight, ...) or mobilefacenet (conv_sep.layers.0.weight, ...), or of the '
                       'IR networks of AdaFace, face.evoLVe and TreB1eN (input_layer.0.weight, ...), got {}.'.format(
                           names(list(state))))


def is_adaface(state):
    """Whether there is a BatchNorm in the middle of each unit of an IR network, which only AdaFace's networks have."""
    return 'body.0.res_layer.2.running_mean' in state


def se_block(state):
    """What squeeze-and-excitation is called inside of a res_layer of an IR network; empty if there is none."""
    found = next((name for name in state if name.startswith('body.0.') and name.endswith('.fc1.weight')), '')
    return found[len('body.0.res_layer.'):-len('.fc1.weight')]


def completed(state):
    """The state dict of an IR network with what only ours has: biases and slopes of 0, gammas of 1.
    """
    more = {}
    for name, array in state.items():
        if name.endswith(('.fc1.weight', '.fc2.weight')):
            more[name[:-len('weight')] + 'bias'] = np.zeros(len(array), 'float32')
        if name.endswith('.fc1.weight'):  # a ReLU follows
            more[name[:-len('fc1.weight')] + 'relu.weight'] = np.zeros(1, 'float32')
    width = len(state['output_layer.4.running_mean']) if 'output_layer.4.running_mean' in state else 0
    more.update({'output_layer.4.weight': np.ones(width, 'float32'), 'output_layer.4.bias': np.zeros(width, 'float32')})
    return {**more, **state}


def _iresnet(state, epsilon):
    embedding_size, inputs = _shape(state, 'fc.weight')
    units = tuple(_count(state, r'layer{}\.(\d+)\.'.format(stage)) for stage in (1, 2, 3, 4))
    return Traits(IRESNETS, {'units': units}, {'input_size': _side(inputs), 'embedding_size': embedding_size,
                                               'epsilon': epsilon, 'channels': _shape(state, 'conv1.weight')[1]})


def _ir(state, epsilon):
    places = map(re.compile(r'body\.(\d+)\.res_layer\.').match, state)
    units = sorted({int(place.group(1)) for place in places if place})
    first = [_shape(state, 'body.{}.res_layer.1.weight'.format(unit)) for unit in units]
    if any(one[2:] != (3, 3) for one in first) or {one[0] for one in first} != set(WIDTHS):
        raise ConvertError(
            'native_from_torch: IR networks must have units of two 3x3 convolutions with 64 to 512 channels, got first '
            "convolutions of {}, such as the bottlenecks of AdaFace's IR-152 and IR-200.".format(
                ' and '.join(sorted({'x'.join(map(str, one)) for one in first}))))
    embedding_size, inputs = _shape(state, 'output_layer.3.weight')
    return Traits(IRESNETS, {'units': tuple(sum(one[0] == width for one in first) for width in WIDTHS)}, {
        'epsilon': epsilon, 'input_size': _side(inputs), 'embedding_size': embedding_size,
        'channels': _shape(state, IR)[1],
        'middle_norm': is_adaface(state), 'subsample': 'body.0.shortcut_layer.0.weight' not in state,
        'use_se': bool(se_block(state))})


def _mobilefacenet(state, epsilon):
    height, width = _shape(state, 'features.layers.0.layers.0.weight')[2:]
    plain = 'layers.1.layers.0.weight' in state
    structure = {'blocks': (1 if plain else _count(state, r'layers\.1\.layers\.(\d+)\.'),) + tuple(
        _count(state, r'layers\.{}\.layers\.(\d+)\.'.format(stage)) for stage in (3, 5, 7))}
    first = _shape(state, 'layers.0.layers.0.weight')
    options = {'scale': first[0] // 64, 'channels': first[1],
               'input_size': 16 * height if height == width else (16 * height, 16 * width),
               'embedding_size': _shape(state, 'features.layers.2.weight')[0], 'epsilon': epsilon}
    if not plain:
        structure['first_hidden'] = _shape(state, 'layers.1.layers.0.layers.0.layers.0.weight')[0]
    return Traits(('mbf',) if plain else ('mbf_large',), structure, options)


def _shape(state, name):
    if name not in state:
        raise ConvertError('native_from_torch: {} is missing.'.format(name))
    return np.shape(state[name])


def _count(state, pattern):
    return len({match.group(1) for match in map(re.compile(pattern).match, state) if match})


def _side(inputs):
    """Side of the images of an IResNet, by how many values its fully connected layer takes."""
    return 16 * round((inputs / 512) ** 0.5)
