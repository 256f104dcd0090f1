"""The graph compiler behind the Embedder: `fuse` makes cheaper graphs, and `Runner` has a copy of one for each core."""
from .runner import Runner

__all__ = ['Runner']
