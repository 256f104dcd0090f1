"""Parameters that Gluon saved, those of gluonfr 1.0 among them, told by the order of layers.

gluonfr 1.0 nested its blocks in another way, called them otherwise, and had the last layer as a 1x1 convolution at one
time. The order of layers is the same: they are told by it, by the kinds of their parameters and by the shapes.
"""
import re

from ...graph.convert_error import ConvertError
from ...utils.messages import names
from .by_graph import fitted

__all__ = ['embedding_size', 'match']

# gluonfr 1.0's parts of a residual unit, of an attention module and of its mask, in the order of our names for them
UNIT = ('bn1', 'prelu1', 'conv1', 'bn2', 'prelu2', 'conv2', 'bn3', 'prelu3', 'conv3', 'se', 'downsample')
MODULE = ('post', 'pre', 'mask_branch', 'trunk_branch')
MASK = ('down_res_unit_1', 'down_res_unit_2', 'down_res_unit_3', 'up_res_unit_3', 'skip_connection_2', 'up_res_unit_2',
        'skip_connection_1', 'up_res_unit_1', 'output')
PLACES = {name: 'part{}'.format(place) for parts in (UNIT, MODULE, MASK) for place, name in enumerate(parts)}


def embedding_size(arrays):
    """D of the network that parameters are of.

    Parameters
    ----------
    arrays : dict of str to array
        By the names of `Block.save_parameters`, such as 'features.0.0.weight', without a class layer.

    Raises
    ------
    ConvertError
        The names are others.
    """
    weights = [layer['weight'][1] for layer in _layers(arrays) if 'weight' in layer]
    if not weights:
        raise ConvertError("names must be those of Gluon's save_parameters, such as features.0.0.weight, got {}."
                           .format(names(list(arrays), 4)))
    return len(weights[-1])


def match(params, arrays, model):
    """Find each parameter of a network.

    Parameters
    ----------
    params : dict of str to Parameter
        Of our network, by structural names.
    arrays : dict of str to array
        As for `embedding_size`.
    model : str
        The network's name, for messages.

    Returns
    -------
    dict of str to float32 array
        By structural names.

    Raises
    ------
    ConvertError
        They are not this network's; unused and missing names are listed.
    """
    ours, theirs, found = _layers(params), _layers(arrays), {}
    for number in range(max(len(ours), len(theirs))):
        layer, other = (dict(enumerate(layers)).get(number, {}) for layers in (ours, theirs))
        missing = [layer[kind][0] for kind in layer if kind not in other]
        extra = [other[kind][0] for kind in other if kind not in layer]
        if missing or extra:
            raise ConvertError('the weights are not those of {}: from layer {} on, missing {}; unused {}.'.format(
                model, number, names(missing), names(extra)))
        for kind, (name, param) in layer.items():
            array = other[kind][1]
            flat = array.reshape(array.shape[:2]) if array.shape[2:] == (1, 1) and len(param.shape) == 2 else array
            found[name] = fitted(flat, param.shape)
            if found[name] is None:
                raise ConvertError('the weights are not those of {}: {} must be {}, got {} of shape {}.'.format(
                    model, name, param.shape, other[kind][0], array.shape))
    return found


def _layers(named):
    """[{kind: (name, what has it)}] of the layers in their order; numbers in names count as numbers."""
    def key(name):
        name = '.'.join(PLACES.get(part, part) for part in name.split('.'))
        return [int(part) if part.isdigit() else part for part in re.split('([0-9]+)', name)]

    layers = {}
    for name in sorted(named, key=key):
        layer, _, kind = name.rpartition('.')
        layers.setdefault(layer, {})[kind] = name, named[name]
    return list(layers.values())
