"""gluonfr: a face-recognition toolkit. Training is on MXNet Gluon; what uses a network runs without MXNet, too.

A part such as `gluonfr.loss` is imported when it is first named, and MXNet with the first part that needs it. This file
alone knows all parts: it ties those that must not know each other.
"""
import importlib
import sys

from . import compat, utils, viz
from .utils.converter import set_converter
from .version import __version__

_PARTS = ('align', 'convert', 'data', 'deploy', 'distributed', 'evaluation', 'finetune', 'loss', 'metrics', 'model_zoo',
          'nn', 'photos', 'scale', 'train', 'utils', 'viz')
__all__ = ['__version__', 'compat', *_PARTS]


compat.prepare_on_import()


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module('.' + name, __name__)
    raise AttributeError('module {!r} has no attribute {!r}'.format(__name__, name))


def __dir__():
    return sorted({*globals(), *_PARTS})


def _convert(source, out, **options):
    """`gluonfr.convert.convert`, imported when published weights are first converted."""
    from .convert import convert
    return convert(source, out, **options)


def _to_onnx(source, spec=None):
    """The ONNX model of a network, bytes: imported when an engine first takes one."""
    from .deploy.net_files import NetFiles
    if isinstance(source, NetFiles):
        from .convert.from_files import onnx_of_files
        return onnx_of_files(source, spec)
    from .convert.exporter import onnx_of_net
    return onnx_of_net(source, spec)


set_converter(_convert, _to_onnx)
# where gluonfr 1.0 had the plots
sys.modules[__name__ + '.utils.viz'] = utils.viz = viz
utils.plot_accuracy, utils.plot_roc = viz.plot_accuracy, viz.plot_roc
