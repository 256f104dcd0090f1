"""gluonfr: a face-recognition training toolkit on MXNet Gluon.

`import gluonfr` prepares the import of MXNet; a part such as `gluonfr.loss` is imported when it is first named.
"""
import importlib

from . import compat  # first: it makes MXNet 1.9.1 import and run well
from .version import __version__

_PARTS = ('convert', 'data', 'deploy', 'loss', 'metrics', 'model_zoo', 'nn', 'train', 'utils', 'viz')
__all__ = ['__version__', 'compat', *_PARTS]


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module('.' + name, __name__)
    raise AttributeError('module {!r} has no attribute {!r}'.format(__name__, name))


def __dir__():
    return sorted({*globals(), *_PARTS})
