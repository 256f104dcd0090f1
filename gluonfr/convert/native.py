"""A net of ours with the weights of a graph."""
import mxnet as mx
import numpy as np
from mxnet import nd

from ..graph.from_mxnet import layers_of
from ..graph.layers import LINEAR, in_order
from ..model_zoo import MODELS
from ..nn.trace import trace
from .match import Mismatch, match
from .recognise import Unknown, recognise

__all__ = ['Native', 'native_from_graph']


class Native:
    """A net made from a graph.

    Attributes
    ----------
    net : HybridBlock
        With the weights, and the `input_spec` that goes with them.
    model : str
    arguments : dict
        Its name and arguments for `get_model`.
    folded : list of Layer
        Its BatchNorms whose statistics the source does not hold: they were folded into the layers before.
    """

    def __init__(self, net, model, arguments, folded):
        self.net, self.model, self.arguments, self.folded = net, model, arguments, folded

    def estimate(self, images):
        """Give the folded BatchNorms the statistics of some images, and change nothing that they compute.

        So a batch like those images is normalised in training as it is in inference, and training goes on from what
        the weights can do.

        Parameters
        ----------
        images : float32 array, (N, C, H, W)
            Normalised.
        """
        symbol, values = trace(self.net)
        internals = symbol.get_internals()
        outputs = [internals[layer.inputs[0].name + '_output'] for layer in self.folded]
        group = mx.sym.Group([out for layer in outputs for out in (layer, mx.sym.square(layer))])
        sums = mx.sym.Group([mx.sym.mean(out, axis=1, exclude=True) for out in group])
        graph, names = nd.CachedOp(sums), sums.list_inputs()
        moments = [0.0] * (2 * len(self.folded))
        for image in images:
            found = graph(*[nd.array(image[None]) if name == 'data' else values[name] for name in names])
            moments = [total + part.asnumpy().astype('float64') / len(images) for total, part in zip(moments, found)]
        params = self.net.collect_params()
        for layer, mean, square in zip(self.folded, moments[0::2], moments[1::2]):
            var = np.maximum(square - mean ** 2, 0)
            gamma, beta = (layer.array(role) for role in ('gamma', 'beta'))
            new = {'mean': mean, 'beta': beta + gamma * mean}
            if not layer.fixed:
                new.update(var=var, gamma=gamma * np.sqrt(var + layer.eps))
            for role, value in new.items():
                params[layer.values[role].name].set_data(nd.array(value))


def native_from_graph(source, spec, model=None):
    """Make the net of ours that a graph is.

    Parameters
    ----------
    source : Source
    spec : InputSpec
        What the graph takes.
    model : str or None
        The net's name, if only that one will do.

    Returns
    -------
    Native

    Raises
    ------
    Unknown, Mismatch
        It is no net of ours, or not that one; the message says why.
    """
    spec = _composed(spec, source.scaling)
    std = spec.std[0] if set(spec.mean) == {127.5} and len(set(spec.std)) == 1 else None
    model, arguments = recognise(source.output, source.size, std, model)
    try:
        net = MODELS.create(model, need_cls_layer=False, **arguments)
    except (TypeError, ValueError) as error:
        raise Unknown(str(error)) from error
    net.initialize(mx.init.Zero())
    net(nd.zeros((1,) + net.input_spec.shape))  # shapes that are not known before
    symbol, values = trace(net)
    ours = layers_of(symbol, {name: value.asnumpy() for name, value in values.items()})
    try:
        found = match(ours, source.output)
    except Mismatch as error:
        raise Mismatch('{}, {}: {}'.format(model, arguments, error)) from error
    params = net.collect_params()
    for name, array in found.items():
        params[name].set_data(nd.array(array))
    net.input_spec = spec._replace(size=net.input_spec.size, embedding_size=net.input_spec.embedding_size)
    return Native(net, model, arguments, _folded(ours, found))


def _composed(spec, scaling):
    """The spec of a net without the scaling of its input that it had before."""
    if scaling.scale is None:
        return spec
    scale, shift = (np.broadcast_to(value, len(spec.mean)) for value in scaling[:2])
    if (scale <= 0).any():
        raise Unknown('it turns its input around, scaling it by {}'.format(scale))
    mean, std = np.float64(spec.mean), np.float64(spec.std)
    rounded = [['{:.6g}'.format(value) for value in values] for values in (mean - shift * std / scale, std / scale)]
    return spec._replace(mean=tuple(map(float, rounded[0])), std=tuple(map(float, rounded[1])))


def _folded(ours, found):
    """Our norms behind a convolution or dense layer that only add a bias now, with what they hold now."""
    folded = []
    for layer in in_order(ours):
        if layer.kind == 'norm' and layer.inputs[0].kind in LINEAR:
            layer.values = {role: value._replace(array=found[value.name]) for role, value in layer.values.items()}
            if not layer.array('mean').any() and (layer.values['var'].array == np.float32(1 - layer.eps)).all():
                folded.append(layer)
    return folded
