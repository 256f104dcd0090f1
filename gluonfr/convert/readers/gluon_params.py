"""Parameters that Gluon saved."""
from ...graph.symbol_file import load_weights
from ...utils.params_file import CLASS_LAYER
from .read import Read

__all__ = ['read_params']


def read_params(path, params=None, given=None):
    """Read a '.params' of `Block.save_parameters` without its class layer."""
    arrays = load_weights(path)
    unused = [name for name in arrays if name.startswith(CLASS_LAYER)]
    return Read(path, {name: arrays[name] for name in arrays if name not in unused}, None, unused)
