"""BatchNorms that a source's exporter has folded into the layers before them."""
import mxnet as mx
import numpy as np
from mxnet import nd

from ..graph.layers import LINEAR, in_order
from ..nn.trace import trace

__all__ = ['estimate_statistics', 'folded_norms']


def folded_norms(ours, found):
    """The BatchNorms of a network behind a convolution or dense layer that only add a bias.

    Parameters
    ----------
    ours : Layer
        Output of the network.
    found : dict of str to array
        Its parameters.

    Returns
    -------
    list of Layer
    """
    norms = [layer for layer in in_order(ours) if layer.kind == 'norm' and layer.inputs[0].kind in LINEAR]
    return [norm for norm in norms if not found[norm.values['mean'].name].any()
            and (found[norm.values['var'].name] == np.float32(1 - norm.eps)).all()]


def estimate_statistics(net, folded, images):
    """Give folded BatchNorms the statistics of some images, and change nothing that they compute.

    So a batch like those images is normalised in training as it is in inference, and training goes on from what the
    weights can do.

    Parameters
    ----------
    net : HybridBlock
    folded : list of Layer
        From `folded_norms`.
    images : float32 array, (N, C, H, W)
        Normalised.
    """
    symbol, arrays = trace(net)
    internals = symbol.get_internals()
    outputs = [internals[layer.inputs[0].name + '_output'] for layer in folded]
    group = mx.sym.Group([out for layer in outputs for out in (layer, mx.sym.square(layer))])
    sums = mx.sym.Group([mx.sym.mean(out, axis=1, exclude=True) for out in group])
    graph, names = nd.CachedOp(sums), sums.list_inputs()
    moments = [0.0] * (2 * len(folded))
    for image in images:
        found = graph(*[nd.array(image[None]) if name == 'data' else arrays[name] for name in names])
        moments = [total + part.asnumpy().astype('float64') / len(images) for total, part in zip(moments, found)]
    params = net.collect_params()
    for layer, mean, square in zip(folded, moments[0::2], moments[1::2]):
        var = np.maximum(square - mean ** 2, 0)
        gamma, beta = (arrays[layer.values[role].name].asnumpy().astype('float64') for role in ('gamma', 'beta'))
        new = {'mean': mean, 'beta': beta + gamma * mean}
        if not layer.fixed:
            new.update(var=var, gamma=gamma * np.sqrt(var + layer.eps))
        for role, value in new.items():
            params[layer.values[role].name].set_data(nd.array(value))
