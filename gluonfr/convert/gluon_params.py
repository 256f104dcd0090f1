"""Parameters that Gluon saved, those of gluonfr 1.0 among them, as parameters of a net of ours."""
import re

import mxnet as mx
from mxnet import nd

from ..graph.convert_error import ConvertError
from ..model_zoo import MODELS
from ..nn.basic_blocks import CLASS_LAYER
from ..utils.messages import names
from .match import fitted

__all__ = ['net_from_params']


def net_from_params(arrays, model):
    """A net with parameters that another version of it may have called otherwise.

    gluonfr 1.0 nested its blocks in another way, and had the last layer as a 1x1 convolution at one time. The order of
    layers is the same: they are told by it, by the kinds of their parameters and by the shapes.

    Parameters
    ----------
    arrays : dict of str to NDArray
        By the names of `Block.save_parameters`, such as 'features.0.0.weight'; those of a class layer are left out.
    model : str
        Name for `get_model`.

    Returns
    -------
    (HybridBlock, dict, list of str)
        The net, its arguments, and the names that were left out.

    Raises
    ------
    ConvertError
        They are not this net's; unused and missing names are listed.
    """
    unused = [name for name in arrays if name.startswith(CLASS_LAYER)]
    theirs = _layers({name: arrays[name].asnumpy() for name in arrays if name not in unused})
    weights = [layer['weight'][1] for layer in theirs if 'weight' in layer]
    if not weights:
        raise ConvertError("names must be those of Gluon's save_parameters, such as features.0.0.weight, got {}."
                           .format(names(list(arrays), 4)))
    arguments = {'embedding_size': len(weights[-1])}
    net = MODELS.create(model, need_cls_layer=False, **arguments)
    net.initialize(mx.init.Zero())
    net(nd.zeros((1,) + net.input_spec.shape))
    ours = _layers(net._collect_params_with_prefix())
    for place in range(max(len(ours), len(theirs))):
        layer, other = (dict(enumerate(layers)).get(place, {}) for layers in (ours, theirs))
        missing = [layer[kind][0] for kind in layer if kind not in other]
        extra = [other[kind][0] for kind in other if kind not in layer]
        if missing or extra:
            raise ConvertError('the weights are not those of {}: from layer {} on, missing {}; unused {}.'.format(
                model, place, names(missing), names(extra)))
        for kind, (name, param) in layer.items():
            array = other[kind][1]
            flat = array.reshape(array.shape[:2]) if array.shape[2:] == (1, 1) and len(param.shape) == 2 else array
            value = fitted(flat, param.shape)
            if value is None:
                raise ConvertError('the weights are not those of {}: {} must be {}, got {} of shape {}.'.format(
                    model, name, param.shape, other[kind][0], array.shape))
            param.set_data(nd.array(value))
    return net, arguments, unused


def _layers(named):
    """[{kind: (name, value)}] of the layers in their order; numbers in names count as numbers."""
    def key(name):
        return [int(part) if part.isdigit() else part for part in re.split('([0-9]+)', name)]

    layers = {}
    for name in sorted(named, key=key):
        layer, _, kind = name.rpartition('.')
        layers.setdefault(layer, {})[kind] = name, named[name]
    return list(layers.values())
