"""Datasets, samplers and loaders."""
from .loader import ArrayLoader
from .mnist import MNIST
from .sampler import PKSampler

__all__ = ['ArrayLoader', 'MNIST', 'PKSampler']
