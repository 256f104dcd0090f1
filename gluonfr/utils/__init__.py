"""Small helpers that every part of gluonfr shares; gluonfr/__init__.py adds the plots that 1.0 had here."""
from .arguments import parse_arguments
from .registry import Registry

__all__ = ['IterLRScheduler', 'Registry', 'parse_arguments', 'plot_accuracy', 'plot_roc']


def __getattr__(name):
    if name == 'IterLRScheduler':  # needs MXNet, which takes seconds to import
        from .lr_scheduler import IterLRScheduler
        return IterLRScheduler
    raise AttributeError('module {!r} has no attribute {!r}'.format(__name__, name))
