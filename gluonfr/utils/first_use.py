"""Names of a package whose modules are imported when they are first used, as they need MXNet.

Type checkers find them by imports under `if TYPE_CHECKING`.
"""
import importlib
import sys

__all__ = ['on_first_use']


def on_first_use(package, **modules):
    """The functions `__getattr__` and `__dir__` of a package, which find further names in its modules.

    Parameters
    ----------
    package : str
        ``__name__`` of it.
    **modules : sequence of str
        Module of the package -> the names that it has for the package.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def find(name):
        if name not in places:
            raise AttributeError('module {!r} has no attribute {!r}'.format(package, name))
        return getattr(importlib.import_module('{}.{}'.format(package, places[name])), name)

    return find, lambda: sorted({*vars(sys.modules[package]), *places})
