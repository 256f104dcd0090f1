"""Small helpers that every part of gluonfr shares."""
from .arguments import parse_arguments
from .lr_scheduler import IterLRScheduler
from .registry import Registry

__all__ = ['IterLRScheduler', 'Registry', 'parse_arguments']
