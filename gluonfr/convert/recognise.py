"""Which net of ours a graph is, by its units, widths and head."""
import inspect
import math

from ..graph.layers import LINEAR, in_order
from ..model_zoo import MODELS

__all__ = ['Unknown', 'recognise']

MOBILE = ('mobilefacenet', 'mobilefacenet_shared', 'mobilefacenet_ring', 'mobilefacenet_y1', 'mobilefacenet_y2', 'mbf',
          'mbf_large')
IRESNET = ('iresnet50', 'iresnet18', 'iresnet34', 'iresnet100', 'iresnet200')  # of equal ones the first
STRUCTURE = ('blocks', 'scale', 'first_hidden', 'units')


class Unknown(Exception):
    """A graph that looks like no net of ours; the message says why."""


def recognise(output, size, std, model=None):
    """Find the net that a graph may be; `match` tells whether it is.

    Parameters
    ----------
    output : Layer
    size : (int, int) or None
        Height and width of its images, None where nothing says them but its head.
    std : float or None
        Of the pixels it takes, if all channels have one and the mean 127.5.
    model : str or None
        The net's name if it is known; what it can be told by arguments is still read from the graph.

    Returns
    -------
    (str, dict)
        Name and arguments for `get_model`.

    Raises
    ------
    Unknown
    """
    layers = in_order(output)
    convs = [layer for layer in layers if layer.kind == 'conv']
    head = _head(layers) if convs else None
    if head is None:
        raise Unknown('it has no convolutions')
    grouped, name = any(layer.settings['groups'] > 1 for layer in convs), model and MODELS.canonical(model)
    if name is not None and name not in MOBILE + IRESNET:
        family, wanted = (), {}
    elif name is not None and grouped != (name in MOBILE):
        raise Unknown('it has {}depthwise convolutions'.format('' if grouped else 'no '))
    elif grouped:
        family, wanted = MOBILE, _mobile(layers, convs, _stages(layers))
    else:
        family, wanted = IRESNET, _iresnet(layers, _stages(layers))
    wanted['embedding_size'] = len(head.values['weight'].array)
    if size is not None:
        wanted['input_size'] = tuple(size)
    if std is not None:
        wanted['std'] = std
    if name is not None:  # which says the units and widths
        family, wanted = (name,), {key: wanted[key] for key in wanted if key not in STRUCTURE}
    choices = [_differences(name, wanted) for name in family]
    return min(zip(family, choices), key=lambda choice: len(choice[1]))


def _stages(layers):
    """Sums in each part of the net, counted from one convolution that halves the image to the next."""
    counts = [0]
    for layer in layers:
        if layer.kind == 'conv' and layer.settings['stride'] == (2, 2) and layer.settings['kernel'] != (1, 1):
            counts.append(0)
        elif layer.kind == 'add':
            counts[-1] += 1
    if len(counts) != 5:
        raise Unknown('it halves the image {} times, not 4'.format(len(counts) - 1))
    return counts[1:]


def _mobile(layers, convs, stages):
    grid = [layer for layer in convs if layer.settings['groups'] > 1][-1]
    head, norms = _head(layers), [layer for layer in layers if layer.kind == 'norm']
    last = norms[-1] if norms and layers.index(norms[-1]) > layers.index(head) else None
    gamma = last is not None and not last.fixed and bool((last.array('gamma') != 1).any())
    beta = bool((last.array('beta') != 0).any()) if last is not None else 'bias' in head.values
    depthwise = [layer.settings['groups'] for layer in convs if layer.settings['groups'] > 1]
    slopes = [layer.values['slopes'].array.size for layer in layers if layer.kind == 'prelu']
    return {'blocks': (stages[0] or 1,) + tuple(stages[1:]), 'scale': len(convs[0].values['weight'].array) // 64,
            'first_hidden': depthwise[0] if stages[0] > 1 else 64,
            'shared_slopes': bool(slopes) and max(slopes) == 1, 'last_prelu': layers[-1].kind == 'prelu',
            'fc_bias': last is not None and 'bias' in head.values, 'last_bn': (gamma, beta),
            'epsilon': (_epsilon([norm for norm in norms if norm is not last]), _epsilon([last] if last else norms)),
            'use_se': any(layer.kind == 'mul' for layer in layers),
            'input_size': tuple(16 * side for side in grid.settings['kernel'])}


def _iresnet(layers, stages):
    positions = _head(layers).values['weight'].array.shape[1] / 512
    side = math.sqrt(positions)
    # a PReLU right behind a convolution without bias: no BatchNorm was there, folded or not
    middle = all(layer.inputs[0].kind != 'conv' or 'bias' in layer.inputs[0].values for layer in layers
                 if layer.kind == 'prelu')
    subsample = any(layer.kind == 'pool' and layer.settings.get('kernel') == (1, 1) for layer in layers)
    wanted = {'units': tuple(stages), 'middle_norm': middle, 'subsample': subsample,
              'use_se': any(layer.kind == 'mul' for layer in layers),
              'epsilon': _epsilon([layer for layer in layers if layer.kind == 'norm'])}
    return dict(wanted, input_size=(16 * int(side),) * 2) if side.is_integer() else wanted


def _head(layers):
    return [layer for layer in layers if layer.kind in LINEAR][-1]


def _epsilon(norms):
    """The smallest of their eps, so that no variance need be negative where another one is meant."""
    return min((norm.eps for norm in norms if norm.eps), default=1e-5)


def _differences(name, wanted):
    """The arguments that a net by this name must be given."""
    parameters = inspect.signature(MODELS.get(name)).parameters
    return {key: value for key, value in wanted.items()
            if key in parameters and not _holds(key, parameters[key].default, value)}


def _holds(key, default, value):
    """Whether a default is what is wanted, or can do it."""
    if key == 'last_bn':
        return all(can or not must for can, must in zip(default, value))
    if isinstance(value, tuple):
        default = tuple(default) if isinstance(default, (tuple, list)) else (default,) * len(value)
    return default == value
