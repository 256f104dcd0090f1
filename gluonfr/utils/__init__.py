"""Small helpers that every part of gluonfr shares."""
from .arguments import parse_arguments
from .lr_scheduler import IterLRScheduler
from .registry import Registry
from ..viz.roc import plot_accuracy, plot_roc  # names of gluonfr 1.0

__all__ = ['IterLRScheduler', 'Registry', 'parse_arguments', 'plot_accuracy', 'plot_roc']
