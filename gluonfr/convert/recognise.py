"""Which network of ours some weights are of, by what `graph_traits` or `torch_traits` sees in them."""
import inspect
from collections import namedtuple

from ..model_zoo import MODELS

__all__ = ['IRESNETS', 'MOBILEFACENETS', 'Traits', 'Unknown', 'recognise']

MOBILEFACENETS = ('mobilefacenet', 'mobilefacenet_shared', 'mobilefacenet_ring', 'mobilefacenet_y1',
                  'mobilefacenet_y2', 'mbf', 'mbf_large')
IRESNETS = ('iresnet50', 'iresnet18', 'iresnet34', 'iresnet100', 'iresnet200', 'iresnet2060')


class Unknown(Exception):
    """Weights that look like those of no network of ours; the message says why."""


class Traits(namedtuple('Traits', 'family structure options')):
    """What weights show of their network.

    Attributes
    ----------
    family : sequence of str
        Names that it can have; of equally good ones the first.
    structure : dict
        Its units and widths as arguments for `MODELS.create`; a name that is given says them itself.
    options : dict
        Other arguments, which a network by any name can be given.
    """
    __slots__ = ()


def recognise(traits, model=None):
    """Name the network that weights are of; whether they are is told where they are matched with it.

    Parameters
    ----------
    traits : Traits
    model : str or None
        The network's name if it is known.

    Returns
    -------
    (str, dict)
        Name and arguments for `MODELS.create`, those that are not the name's defaults.
    """
    family, wanted = traits.family, {**traits.structure, **traits.options}
    if model is not None:
        family, wanted = (model,), traits.options
    choices = [(name, _differences(name, wanted)) for name in family]
    return min(choices, key=lambda choice: len(choice[1]))


def _differences(name, wanted):
    """The arguments that a network by this name must be given."""
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
