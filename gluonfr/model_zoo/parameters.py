"""Parameters from a file into a network."""
import gzip
import os
import re
import tempfile
import zlib
from contextlib import contextmanager
from typing import List, Union

import mxnet as mx
from mxnet import gluon

from ..utils.check import fits
from ..utils.messages import error_sentence, names
from ..utils.params_file import CLASS_LAYER, MOST_PACKED, load_arrays_file

__all__ = ['load_parameters']


def load_parameters(net: gluon.HybridBlock, path: str, ctx: Union[mx.Context, List[mx.Context]],
                    class_layer: bool = True) -> None:
    """Load a network's weights. A class layer in the file is left out where the network has none; no more may be over.

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
        There is no such file; it is no file of weights, or those of another network: the message says which names are
        missing or extra and which shapes differ.
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
            faults = _faults(loaded, load_arrays_file(plain))
            if not faults:
                loaded.load_parameters(plain, ctx=ctx, ignore_extra=True, cast_dtype=True)
    except (AssertionError, EOFError, ValueError, zlib.error, gzip.BadGzipFile, mx.MXNetError) as error:
        raise ValueError('{} does not hold the weights of {} with these arguments, or is damaged: {}'.format(
            path, type(net).__name__, error_sentence(error))) from error
    if faults:
        raise ValueError('{} does not hold the weights of {} with these arguments: {}. Name the network, and give the '
                         'arguments, that these weights were made with.'.format(
                             path, type(net).__name__, '; '.join(faults)))


def _faults(net, arrays):
    """What in arrays of a file does not fit a network."""
    if not isinstance(arrays, dict):
        return ['it holds arrays without names']
    saved = {re.sub('^(arg|aux):', '', name): array.shape for name, array in arrays.items()}
    params, layer = net._collect_params_with_prefix(), CLASS_LAYER
    if not any('.' in name for name in saved):  # of `collect_params().save`, by Gluon's own names
        params = {param.name[len(net.prefix):]: param for param in net.collect_params().values()}
        layer = layer.replace('.', '_')
    there = {id(param) for name, param in params.items() if name in saved}  # one that two blocks share stands once
    missing = [name for name, param in params.items() if id(param) not in there]
    extra = [name for name in saved if name not in params]
    if not any(name.startswith(layer) for name in params):
        extra = [name for name in extra if not name.startswith(layer)]
    shapes = ['{} must be {}, got {}'.format(name, param.shape, saved[name]) for name, param in params.items()
              if name in saved and not fits(param.shape, saved[name])]
    return [what + names(found, 4) for what, found in (('missing ', missing), ('extra ', extra), ('', shapes)) if found]


@contextmanager
def _unpacked(path):
    """The path of a file as MXNet can read it."""
    if not path.endswith('.gz'):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, 'net.params')
        with gzip.open(path) as packed, open(plain, 'wb') as file:
            for part in iter(lambda: packed.read(1 << 20), b''):
                file.write(part)
                if file.tell() > (1 << 20) + MOST_PACKED * os.path.getsize(path):
                    raise ValueError('it unpacks to more than {} times its size'.format(MOST_PACKED))
        yield plain
