"""`load_parameters` where earlier versions had it."""
from ..model_zoo import load_parameters

__all__ = ['load_parameters']
