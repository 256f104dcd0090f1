"""The names in a state dict: which networks they are known of, and what stands before them."""
import logging
import os
import re

from ...graph.convert_error import ConvertError
from ...utils.messages import names

__all__ = ['COUNTER', 'IR', 'IRESNET', 'MOBILEFACENET', 'take_network']

# a name that every state dict of a kind has: of arcface_torch's iresnet and mobilefacenet, and of the IR nets
ANCHORS = IRESNET, MOBILEFACENET, IR = 'layer1.0.conv1.weight', 'conv_sep.layers.0.weight', 'input_layer.0.weight'
COUNTER = 'num_batches_tracked'  # of training steps, in each BatchNorm: no output depends on it


def take_network(path, state):
    """The tensors of the one network that a state dict holds.

    Parameters
    ----------
    path : str
        For messages.
    state : dict of str to tensor
        With a prefix before all names of the network, perhaps, such as 'module.', 'net.', '_orig_mod.' or
        'features.module.', and beside it what else was trained, such as a class layer.

    Returns
    -------
    (dict of str to tensor, str)
        By the network's own names, without counters of training steps; and the prefix.

    Raises
    ------
    ConvertError
        It holds several networks.
    """
    prefix = _prefix(path, state)
    others = [name for name in state if not name.startswith(prefix)]
    if others:
        logging.getLogger('gluonfr').info('%s: left out what is no part of the network: %s', path, names(others))
    return {name[len(prefix):]: value for name, value in state.items()
            if name.startswith(prefix) and not name.endswith(COUNTER)}, prefix


def _prefix(path, state):
    """What stands before the names of the one network that a state dict holds."""
    found = sorted({name[:-len(anchor)] for name in state for anchor in ANCHORS
                    if name == anchor or name.endswith('.' + anchor)})
    if len(found) > 1:
        raise ConvertError('{} must hold one network, got several, with names that begin with {}: save that which is '
                           'meant alone.'.format(path, ', '.join(map(repr, found))))
    return found[0] if found else os.path.commonprefix(
        [re.match(r'((module|backbone)\.)*', name).group() for name in state])
