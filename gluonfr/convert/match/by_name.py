"""The arrays of a state dict, by a table of the names of layers."""
import numpy as np

from ...graph.convert_error import ConvertError
from ...utils.messages import names
from ..readers.state_names import COUNTER
from ..torch_names import PARAMETERS

__all__ = ['match']


def match(params, state, table, model):
    """Find each parameter of a network.

    Where the network has gamma of its last BatchNorm fixed at 1 and the state dict has another, it goes into the fully
    connected layer before.

    Parameters
    ----------
    params : dict of str to Parameter
        Of our network, by structural names.
    state : dict of str to array
    table : dict of str to str
        Our names of layers to theirs.
    model : str
        The network's name, for messages.

    Returns
    -------
    (dict of str to float32 array, list of str)
        By structural names, and what was not used: counters of training steps.

    Raises
    ------
    ConvertError
        Names are missing or unused, or shapes differ; all are listed.
    """
    theirs = {ours: _their_name(table, ours) for ours in params}
    _check({theirs[ours]: param.shape for ours, param in params.items()}, state, model)
    found = {ours: np.array(state[theirs[ours]], 'float32') for ours in params}
    _free_last_norm(params, found)
    return found, sorted(set(state) - set(theirs.values()))


def _their_name(table, ours):
    layer, _, key = ours.rpartition('.')
    return '{}.{}'.format(table[layer], PARAMETERS[key]) if layer in table else ours


def _check(wanted, state, model):
    """Raise a ConvertError unless a state dict has exactly these names, with these shapes."""
    missing = [name for name in wanted if name not in state]
    unused = [name for name in state if name not in wanted and not name.endswith(COUNTER)]
    shapes = ['{} must be {}, got {}'.format(name, shape, np.shape(state[name])) for name, shape in wanted.items()
              if name in state and np.shape(state[name]) != shape]
    faults = ['{}: {}'.format(what, names(found)) for what, found in (
        ('missing', missing), ('unused', unused), ('shapes', shapes)) if found]
    if faults:
        raise ConvertError('native_from_torch: the weights do not fit {}: {}.'.format(model, '; '.join(faults)))


def _free_last_norm(params, found):
    """Put gamma of the last BatchNorm, where the network has none of its own, into the layer before."""
    dense, norm = list(dict.fromkeys(name.rpartition('.')[0] for name in params))[-2:]
    gamma = found[norm + '.gamma']
    if params[norm + '.gamma'].grad_req != 'null' or (gamma == 1).all():
        return
    for name in (dense + '.weight', dense + '.bias', norm + '.running_mean'):
        if name in found:
            found[name] = found[name] * gamma.reshape((-1,) + (1,) * (found[name].ndim - 1))
    found[norm + '.gamma'] = np.ones_like(gamma)
