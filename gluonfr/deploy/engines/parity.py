"""Whether a network that was taken over gives MXNet's embeddings."""
import logging

import numpy as np

from ...compat import mxnet_problem
from ...utils.vectors import unit_rows
from .mxnet import MXNetEngine
from .notes import note, noted
from .registry import ENGINES

__all__ = ['compare_once']

TOLERANCE = 1e-5  # of any value of embeddings of length 1
COUNT = 4
log = logging.getLogger('gluonfr')


def compare_once(name, engine, net, device):
    """Compare a network's embeddings by an engine, in float32, with MXNet's on images of noise, unless that was done.

    The result is kept for the network, engine and its version. Where MXNet is not installed nothing is compared, which
    is logged once for the network.

    Parameters
    ----------
    name : str
    engine : object
        One of `ENGINES` on the network.
    net : TrainedNet
    device : Device or None

    Raises
    ------
    ValueError
        They differ by more than 1e-5 in a value of embeddings of length 1.
    """
    if net.is_onnx or name == 'mxnet':
        return
    sha256 = net.model().sha256
    key = 'largest difference of {} {} on {}'.format(name, engine.version(), device or 'cpu')
    if noted(sha256, key) is not None:
        return
    if mxnet_problem():
        if not noted(sha256, 'unchecked'):
            log.warning('%s computes this network from its files, and nothing has compared it with MXNet, which is not '
                        'installed here. This is said once.', name)
            note(sha256, 'unchecked', True)
        return
    if engine.precision != 'float32':
        engine = ENGINES.get(name)(net, 'float32', device)
    x = np.random.RandomState(0).uniform(-1, 1, (COUNT,) + engine.spec.shape).astype('float32')
    x = x * 127.5 + np.float32(127.5)
    mean, std = (np.reshape(values, (-1, 1, 1)).astype('float32') for values in (engine.spec.mean, engine.spec.std))
    x = (x - mean) / std
    found, wanted = (one.submit(x)() for one in (engine, MXNetEngine(net)))
    difference = float(np.abs(unit_rows(found) - unit_rows(wanted)).max())
    if not difference <= TOLERANCE:
        raise ValueError("Embedder: engine {!r} must give MXNet's embeddings within {:g}, got a difference of {:.2g}: "
                         "use engine='mxnet'. A network that is not trained can amplify rounding so much.".format(
                             name, TOLERANCE, difference))
    log.debug('%s %s gives the embeddings of MXNet within %.1g', name, engine.version(), difference)
    note(sha256, key, difference)
