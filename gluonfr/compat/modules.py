"""Modules that are found, prepared for, or hidden when they are imported."""
import sys
from contextlib import contextmanager
from typing import Iterator


class BeforeImport:
    """Stands before Python's finders of modules, and calls a function when a module is first looked for."""

    def __init__(self, module, call):
        self.module, self.call = module, call

    def find_spec(self, name, path=None, target=None):
        """None, as the other finders know where it is; raises what the function does."""
        if name == self.module:
            self.call()
            sys.meta_path.remove(self)


class NotDuring:
    """Stands before Python's finders, and hides a module while a module that can do without it is imported."""

    def __init__(self, module, importer):
        self.module, self.importer = module, importer

    def find_spec(self, name, path=None, target=None):
        """None, unless it is to be hidden: then a ModuleNotFoundError."""
        if name == self.module:
            spec = getattr(sys.modules.get(self.importer), '__spec__', None)
            if getattr(spec, '_initializing', False):
                raise ModuleNotFoundError('{} does without {}.'.format(self.importer, name), name=name)


def is_found(module: str) -> bool:
    """Whether a module could be imported, by all that finds modules but those above."""
    if module in sys.modules:
        return sys.modules[module] is not None
    return any(finder.find_spec(module, None) is not None for finder in sys.meta_path
               if not isinstance(finder, (BeforeImport, NotDuring)) and hasattr(finder, 'find_spec'))


@contextmanager
def without_module(name: str) -> Iterator[None]:
    """Let nothing import a module meanwhile, as if it were not installed.

    GluonCV raises an error where it finds a PyTorch of another version than its own, though it can do without.
    """
    before = sys.modules.get(name)
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
