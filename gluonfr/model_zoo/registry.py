"""The registry of nets."""
from ..utils.registry import Registry

__all__ = ['MODELS']

MODELS = Registry('model')
