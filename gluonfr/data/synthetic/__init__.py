"""Faces drawn by a program, so that pipelines, tests and benchmarks need no download."""
from .faces import SyntheticFaces

__all__ = ['SyntheticFaces']
