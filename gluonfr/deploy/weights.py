"""Weights from a file into a net of the zoo, by its card or by hand."""
import gzip
import inspect
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager

import mxnet as mx
from mxnet import gluon

from ..model_zoo import MODELS, get_model

__all__ = ['error_sentence', 'load_parameters', 'net_from_card']

# arguments that pretrained weights leave free: of the class layer, of training, of names
FREE = ('classes', 'need_cls_layer', 'weight_norm', 'feature_norm', 'dropout', 'prefix')


def net_from_card(card, params, spec, ctx=None, **arguments):
    """The net of the zoo that a card tells of, with its weights.

    Parameters
    ----------
    card, params, spec : dict, str, InputSpec
        What `read_card` gives.
    ctx : Context, list of Context or None
        Where to load to, None for the CPU.
    **arguments
        What `get_model` takes besides the card's own arguments. A class layer starts anew.

    Raises
    ------
    ValueError
        An argument contradicts the card, or the weights are not of its net.
    """
    defaults = inspect.signature(MODELS.get(card['model'])).parameters
    for name in set(arguments).intersection(defaults).difference(FREE):
        needed, given = (tuple(value) if isinstance(value, list) else value for value in (
            card['arguments'].get(name, defaults[name].default), arguments[name]))
        if given != needed:
            raise ValueError('{} must have the {} of its weights, {!r}, got {!r}: leave it out, or make a net without '
                             'pretrained weights.'.format(card['model'], name, needed, given))
    net = get_model(card['model'], **{**card['arguments'], **arguments})
    load_parameters(net, params, ctx or mx.cpu(), class_layer=False)
    net.input_spec = spec
    return net


def load_parameters(net, path, ctx, class_layer=True):
    """Load a net's weights; what else the file has, such as a class layer for training, is left out.

    Parameters
    ----------
    net : HybridBlock
    path : str
        Of `Block.save_parameters`, in any float type; .gz: compressed by gzip.
    ctx : Context or list of Context
    class_layer : bool
        False: the class layer of a `FrBase` that has one starts anew.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file; it is no file of weights, or lacks some of the net's or has them in another shape.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError('there are no weights {}.'.format(path))
    loaded = net
    if not class_layer and net.need_cls_layer:
        loaded = gluon.HybridBlock()
        loaded.features = net.features
        net.output.initialize(net.default_init, ctx)
    try:
        with _unpacked(path) as plain:
            loaded.load_parameters(plain, ctx=ctx, ignore_extra=True, cast_dtype=True)
    except (AssertionError, EOFError, ValueError, zlib.error, gzip.BadGzipFile, mx.MXNetError) as error:
        raise ValueError('{} does not hold the weights of {} with these arguments, or is damaged: {}'.format(
            path, type(net).__name__, error_sentence(error))) from error


@contextmanager
def _unpacked(path):
    """The path of a file as MXNet can read it."""
    if not path.endswith('.gz'):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, 'net.params')
        with gzip.open(path) as packed, open(plain, 'wb') as file:
            shutil.copyfileobj(packed, file)
        yield plain


def error_sentence(error):
    """What an error says, without MXNet's stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ['']
    if isinstance(error, mx.MXNetError):
        return lines[-1 if lines[0].startswith('Traceback') else 0]
    return '{}: {}'.format(type(error).__name__, lines[0])
