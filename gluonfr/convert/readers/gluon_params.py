"""Parameters that Gluon saved."""
from ...graph.symbol_file import load_arrays
from ...utils.params_file import CLASS_LAYER
from .read import Read

__all__ = ['read_params']


def read_params(path, params=None, spec=None):
    """Read a '.params' of `Block.save_parameters`; a class layer is left out.

    Parameters
    ----------
    path : str
    params : None
    spec : InputSpec or None
        What the net takes, None for what its name says.

    Returns
    -------
    Read

    Raises
    ------
    ConvertError
        It is damaged.
    """
    arrays = load_arrays(path)
    unused = [name for name in arrays if name.startswith(CLASS_LAYER)]
    return Read(path, {name: arrays[name].asnumpy() for name in arrays if name not in unused}, spec, unused)
