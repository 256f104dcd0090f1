"""Where an engine computes."""
import re
from collections import namedtuple

__all__ = ['Device', 'parse_device']

Device = namedtuple('Device', 'kind number')
Device.__doc__ = """A processor or GPU.

kind : {'cpu', 'cuda'}
number : int
    Of the GPU, from 0; 0 for the CPU.
"""
Device.__str__ = lambda self: 'cpu' if self.kind == 'cpu' else 'cuda:{}'.format(self.number)


def parse_device(text):
    """'cpu', 'cuda' or 'cuda:1' as a `Device`; a ValueError for anything else."""
    match = re.fullmatch(r'(cpu)|cuda(?::(\d+))?', text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("Embedder: device must be 'cpu', 'cuda' or 'cuda:N', the number of an NVIDIA GPU, got {!r}."
                         .format(text))
    return Device('cpu', 0) if match.group(1) else Device('cuda', int(match.group(2) or 0))
