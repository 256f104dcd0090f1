"""Small helpers that every part of gluonfr shares; gluonfr/__init__.py adds the plots that 1.0 had here."""
from typing import TYPE_CHECKING

from .arguments import parse_arguments
from .first_use import on_first_use
from .registry import Registry

if TYPE_CHECKING:
    from .lr_scheduler import IterLRScheduler

__all__ = ['IterLRScheduler', 'Registry', 'parse_arguments', 'plot_accuracy', 'plot_roc']

__getattr__, __dir__ = on_first_use(__name__, lr_scheduler=['IterLRScheduler'])
