"""Names that MXNet and GluonCV use and NumPy 1.24 removed."""
import warnings
from types import ModuleType

NUMPY_ALIASES = {'bool': bool, 'int': int, 'float': float, 'complex': complex, 'object': object, 'str': str,
                 'long': int, 'unicode': str}


def add_numpy_aliases(numpy: ModuleType) -> None:
    """Set the names that NumPy 1.24 removed; one that the module still has stays as it is."""
    aliases = dict(NUMPY_ALIASES)
    if hasattr(numpy, 'sctypeDict'):
        aliases['typeDict'] = numpy.sctypeDict
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # asking NumPy 1.20 or newer for such a name warns
        for name, value in aliases.items():
            if not hasattr(numpy, name):
                setattr(numpy, name, value)
