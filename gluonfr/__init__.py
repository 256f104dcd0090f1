"""gluonfr: a face-recognition training toolkit on MXNet Gluon."""
from . import compat  # first: it makes MXNet 1.9.1 import and run well
from .version import __version__
from . import convert, data, deploy, loss, metrics, model_zoo, nn, train, utils, viz

__all__ = ['__version__', 'compat', 'convert', 'data', 'deploy', 'loss', 'metrics', 'model_zoo', 'nn', 'train',
           'utils', 'viz']
