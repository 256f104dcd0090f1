"""Which network of ours a graph is, by its units, widths and head."""
import math

from ..graph.layers import LINEAR, in_order
from .recognise import IRESNETS, MOBILEFACENETS, Traits, Unknown

__all__ = ['graph_traits']


def graph_traits(output, size, std, model=None):
    """What a graph shows of its network.

    Parameters
    ----------
    output : Layer
    size : (int, int) or None
        Height and width of its images, None where nothing says them but its head.
    std : float or None
        Of the pixels it takes, if all channels have one and the mean 127.5.
    model : str or None
        The network's name if it is known.

    Returns
    -------
    Traits

    Raises
    ------
    Unknown
        It is no network of ours, or not that one.
    """
    layers = in_order(output)
    convs = [layer for layer in layers if layer.kind == 'conv']
    head = _head(layers) if convs else None
    if head is None:
        raise Unknown('it has no convolutions')
    grouped = any(layer.settings['groups'] > 1 for layer in convs)
    if model is not None and model not in MOBILEFACENETS + IRESNETS:
        traits = Traits((), {}, {})
    elif model is not None and grouped != (model in MOBILEFACENETS):
        raise Unknown('it has {}depthwise convolutions'.format('' if grouped else 'no '))
    elif grouped:
        traits = _mobilefacenet(layers, convs, _stages(layers))
    else:
        traits = _iresnet(layers, _stages(layers))
    traits.options['embedding_size'] = len(head.values['weight'].array)
    traits.options['channels'] = convs[0].values['weight'].array.shape[1]
    if size is not None:
        traits.options['input_size'] = tuple(size)
    if std is not None:
        traits.options['std'] = std
    return traits


def _stages(layers):
    """Sums in each part of the network, counted from one convolution that halves the image to the next."""
    counts = [0]
    for layer in layers:
        if layer.kind == 'conv' and layer.settings['stride'] == (2, 2) and layer.settings['kernel'] != (1, 1):
            counts.append(0)
        elif layer.kind == 'add':
            counts[-1] += 1
    if len(counts) != 5:
        raise Unknown('it halves the image {} times, not 4'.format(len(counts) - 1))
    return counts[1:]


def _mobilefacenet(layers, convs, stages):
    grid = [layer for layer in convs if layer.settings['groups'] > 1][-1]
    head, norms = _head(layers), [layer for layer in layers if layer.kind == 'norm']
    last = norms[-1] if norms and layers.index(norms[-1]) > layers.index(head) else None
    gamma = last is not None and not last.fixed and bool((last.array('gamma') != 1).any())
    beta = bool((last.array('beta') != 0).any()) if last is not None else 'bias' in head.values
    depthwise = [layer.settings['groups'] for layer in convs if layer.settings['groups'] > 1]
    slopes = [layer.values['slopes'].array.size for layer in layers if layer.kind == 'prelu']
    structure = {'blocks': (stages[0] or 1,) + tuple(stages[1:]), 'scale': len(convs[0].values['weight'].array) // 64,
                 'first_hidden': depthwise[0] if stages[0] > 1 else 64}
    return Traits(MOBILEFACENETS, structure, {
        'shared_slopes': bool(slopes) and max(slopes) == 1, 'last_prelu': layers[-1].kind == 'prelu',
        'fc_bias': last is not None and 'bias' in head.values, 'last_bn': (gamma, beta),
        'epsilon': (_epsilon([norm for norm in norms if norm is not last]), _epsilon([last] if last else norms)),
        'use_se': any(layer.kind == 'mul' for layer in layers),
        'input_size': tuple(16 * side for side in grid.settings['kernel'])})


def _iresnet(layers, stages):
    positions = _head(layers).values['weight'].array.shape[1] / 512
    side = math.sqrt(positions)
    # a PReLU right behind a convolution without bias: no BatchNorm was there, folded or not
    middle = all(layer.inputs[0].kind != 'conv' or 'bias' in layer.inputs[0].values for layer in layers
                 if layer.kind == 'prelu')
    subsample = any(layer.kind == 'pool' and layer.settings.get('kernel') == (1, 1) for layer in layers)
    options = {'middle_norm': middle, 'subsample': subsample, 'use_se': any(layer.kind == 'mul' for layer in layers),
               'epsilon': _epsilon([layer for layer in layers if layer.kind == 'norm'])}
    if side.is_integer():
        options['input_size'] = (16 * int(side),) * 2
    return Traits(IRESNETS, {'units': tuple(stages)}, options)


def _head(layers):
    return [layer for layer in layers if layer.kind in LINEAR][-1]


def _epsilon(norms):
    """The smallest of their eps, so that no variance need be negative where another one is meant."""
    return min((norm.eps for norm in norms if norm.eps), default=1e-5)
