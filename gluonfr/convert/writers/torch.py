"""PyTorch state dicts of arcface_torch's networks."""
import numpy as np

from ...graph.layers import in_order
from ...utils.messages import names
from ...utils.params_file import CLASS_LAYER
from ..net_layers import layers_of_net
from ..readers.state_names import COUNTER
from ..torch_names import EPSILON, PARAMETERS, layer_table

__all__ = ['torch_from_native']


def torch_from_native(net):
    """The weights of a network as a state dict for arcface_torch's network of the same size.

    PyTorch's network has eps 1e-5 in each BatchNorm and no bias before the last one of mobilefacenet: what differs here
    goes into the running variance or mean, so that the outputs are equal. A class layer is left out, and so is the L2
    norm of a network with ``feature_norm``.

    Parameters
    ----------
    net : IResNet or MobileFaceNet
        Without squeeze-and-excitation or a PReLU at the end.

    Returns
    -------
    dict of str to numpy.ndarray
        In PyTorch's order and types; `load_state_dict` takes it with strict=True, as tensors.

    Raises
    ------
    ValueError
        arcface_torch has no such network.
    """
    table, layers = layer_table(net), {}
    params = {name: param for name, param in net._collect_params_with_prefix().items()
              if not name.startswith(CLASS_LAYER)}
    for name, param in params.items():
        layer, _, key = name.rpartition('.')
        layers.setdefault(layer, {})[key] = param
    homeless = [name for name in params if name.rpartition('.')[0] not in table]
    if homeless:
        raise ValueError('torch_from_native: arcface_torch has no place for {} of this {}.'.format(
            names(homeless), type(net).__name__))
    norms = {layer.values['mean'].name: layer for layer in in_order(layers_of_net(net)) if layer.kind == 'norm'}
    state, width = {}, None
    for ours, theirs in table.items():
        values = {key: param.data(param.list_ctx()[0]).asnumpy().astype('float32')
                  for key, param in layers[ours].items()}
        if 'gamma' in values:
            norm, width = norms[layers[ours]['running_mean'].name], len(values['gamma'])
            if norm.fixed:
                values['gamma'] = np.ones_like(values['gamma'])
            if norm.eps != EPSILON:
                values['running_var'] = (values['running_var'] + (norm.eps - EPSILON)).astype('float32')
        if 'alpha' in values:  # one slope for all channels becomes one for each; a BatchNorm stands before
            values['alpha'] = np.broadcast_to(values['alpha'], (width,)).copy()
        state.update({'{}.{}'.format(theirs, PARAMETERS[key]): values[key] for key in PARAMETERS if key in values})
        if 'gamma' in values:
            state['{}.{}'.format(theirs, COUNTER)] = np.array(0, 'int64')
    bias = state.pop('features.layers.2.bias', None)
    if bias is not None:
        state['features.layers.3.running_mean'] = state['features.layers.3.running_mean'] - bias
    return state
